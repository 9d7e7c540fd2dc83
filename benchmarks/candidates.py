"""The 40 candidates against Albumentations 0.5.2: distances over 300 seeds, and the time of an image.

Mean absolute difference, PSNR and SSIM to the clean `china.jpg` (centre square, INTER_AREA to 224), against the published
release's figures in tests/data. A mean agrees when it lies within 4 standard errors, or within 3 %, of theirs.
"""

from __future__ import annotations

import math
import time
from pathlib import Path

import cv2
import pandas as pd
import torch
from sklearn.datasets import load_sample_image
from torch import Tensor

from robustcore import corruptions
from robustcore.metrics.distance import mean_absolute_difference, psnr, ssim

FIGURES = Path(__file__).resolve().parent.parent / "tests" / "data" / "candidates_0_5_2.csv"
SEEDS = 300
BATCH = 50


def china() -> Tensor:
    """uint8 (3, 224, 224)."""
    photograph = load_sample_image("china.jpg")
    height, width = photograph.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = cv2.resize(photograph[top : top + side, left : left + side], (224, 224), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(square).permute(2, 0, 1).contiguous()


def measure(name: str, image: Tensor, seeds: int) -> dict[str, float]:
    """Means and deviations of the three distances over image ids 0 .. seeds - 1, and milliseconds an image."""
    corruption, parts, seconds = corruptions.get(name), [], 0.0
    corruption(image[None], ids=torch.tensor([0]))  # what is imported or made once is no image's time
    for start in range(0, seeds, BATCH):
        ids = torch.arange(start, min(seeds, start + BATCH))
        clean = image.expand(len(ids), -1, -1, -1).contiguous()
        began = time.perf_counter()
        result = corruption(clean, ids=ids)
        seconds += time.perf_counter() - began
        parts.append(torch.stack([f(clean, result) for f in (mean_absolute_difference, psnr, ssim)]))
    values = torch.cat(parts, dim=1)
    row = {"n": float(seeds), "ms": 1000 * seconds / seeds}
    for key, distances in zip(("mean_abs_diff", "psnr", "ssim"), values, strict=True):
        finite = distances[torch.isfinite(distances)]  # an unchanged image has no PSNR
        row |= {f"{key}_mean": float(finite.mean()), f"{key}_sd": float(finite.std())}
    return row


def gaps(ours: dict[str, float], theirs: pd.Series, key: str) -> tuple[float, float]:
    """The difference of the means: in standard errors (of both samples together), and relative to theirs.

    A deterministic candidate has no standard error: there the first is 0 or infinite, and the second decides.
    """
    long = key == "mean_abs_diff"  # 300 seeds of theirs, where the others have 32
    mean, sd = (theirs[f"{key}_{m}" + ("_300" if long else "")] for m in ("mean", "sd"))
    error = math.hypot(ours[f"{key}_sd"] / ours["n"] ** 0.5, sd / (300 if long else theirs["n_seeds"]) ** 0.5)
    difference = ours[f"{key}_mean"] - mean
    if error < 1e-9:
        return (0.0 if abs(difference) < 1e-3 else math.inf), difference / abs(mean)
    return difference / error, difference / abs(mean)


def main() -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    image, figures = china(), pd.read_csv(FIGURES).set_index("candidate")
    names = {corruptions.get(n).plain_name.replace("_", ""): n for n in corruptions.names("candidates-40")}
    misses = 0
    print(f"{'candidate':22} {'ms':>6}   {'ours':>22}   {'0.5.2':>22}   standard errors")
    for candidate, theirs in figures.iterrows():
        ours = measure(names[str(candidate).lower()], image, SEEDS)
        keys = ("mean_abs_diff", "psnr", "ssim")
        differences = [gaps(ours, theirs, key) for key in keys]
        missed = any(abs(errors) > 4 and abs(share) > 0.03 for errors, share in differences)
        misses += missed
        mean_300 = theirs["mean_abs_diff_mean_300"]
        print(
            f"{candidate:22} {ours['ms']:6.2f}   "
            + " ".join(f"{ours[k + '_mean']:7.3f}" for k in keys)
            + f"   {mean_300:7.3f} {theirs['psnr_mean']:7.3f} {theirs['ssim_mean']:7.3f}   "
            + " ".join(f"{errors:6.2f}" for errors, _ in differences)
            + ("   MISSED" if missed else "")
        )
    print(f"{len(figures) - misses} of {len(figures)} within 4 standard errors or 3 %.")


if __name__ == "__main__":
    main()
