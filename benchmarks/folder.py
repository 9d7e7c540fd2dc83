"""Folder: decoding, corrupting and scoring photographs, against a plain torchvision DataLoader loop with the same model.

    python -m benchmarks folder [--images 64] [--rounds 3] [--model torchvision/mobilenet_v3_small?weights=none]

Both evaluate ImageNet-C's 15 corruptions at 5 severities and the clean images of one folder of JPEG files, on the CPU, with the
same corruption functions. The plain loop is one DataLoader over all conditions, with a worker for each core, that opens,
resizes, crops and corrupts every image under every condition, and a forward pass in batches. Ours is `rc.evaluate` from a folder that it
has never seen to a results file: fingerprints of folder and model, answers and confidences are part of its time. Each runs in a process of
its own; they take turns. Ratios are medians over the rounds of ours by plain, of the same round: of time on the wall, and of
processor time of all threads and workers, which other people's work disturbs less. Wanted: at most 1.15.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

import robustcore as rc

WANTED = 1.15
CLASSES = 4
BATCH = 32
SEVERITIES = (1, 2, 3, 4, 5)
MODEL = f"torchvision/mobilenet_v3_small?weights=none&classes={CLASSES}"


def write_folder(root: Path, images: int) -> None:
    """Photographs of scikit-image and scikit-learn, cut and mirrored, as JPEG files of 500 x 375 pixels."""
    photographs = rc.load_dataset("photographs")
    rng = np.random.default_rng(0)
    for place in range(images):
        picture = Image.fromarray(photographs.source(place % len(photographs)))
        width, height = picture.size
        share = rng.uniform(0.6, 1.0)
        cut = (int(width * share), int(height * share))
        left, top = (int(rng.integers(0, whole - part + 1)) for whole, part in zip(picture.size, cut, strict=True))
        folder = root / f"class{place % CLASSES}"
        folder.mkdir(parents=True, exist_ok=True)
        picture = picture.crop((left, top, left + cut[0], top + cut[1])).resize((500, 375))
        picture.save(folder / f"{place:05}.jpg", quality=90)


def plain(folder: str, name: str) -> int:
    """The loop that people write; returns how many images it scored."""
    from torch.utils.data import ConcatDataset, DataLoader
    from torchvision import transforms
    from torchvision.datasets import ImageFolder

    model = rc.load_model(name)
    prepared = [transforms.Resize(224), transforms.CenterCrop(224), np.array]

    def under(corruption: str, severity: int) -> ImageFolder:
        corrupted = transforms.Lambda(lambda image: rc.corrupt(image, corruption, severity))
        return ImageFolder(folder, transforms.Compose([*prepared, corrupted, transforms.ToTensor()]))

    conditions = itertools.product(rc.corruptions.names("imagenet-c"), SEVERITIES)
    clean = ImageFolder(folder, transforms.Compose([*prepared, transforms.ToTensor()]))
    images = ConcatDataset([clean, *(under(corruption, severity) for corruption, severity in conditions)])
    right, count = 0, 0
    with torch.inference_mode():
        for pixels, labels in DataLoader(images, batch_size=BATCH, num_workers=os.cpu_count() or 1):
            right += int((model(pixels).argmax(1) == labels).sum())
            count += len(labels)
    return count


def ours(folder: str, name: str) -> int:
    """The same with `rc.evaluate`."""
    model = rc.load_model(name)
    model.card = type(model.card)(name, tuple(f"class{place}" for place in range(CLASSES)), model.card.side, "none")
    table = rc.evaluate(model, folder, "imagenet-c", severities=SEVERITIES, device="cpu")
    assert not table["accuracy"].isna().any(), table["note"].tolist()
    return int(table["n"].sum())


def measure(side: str, folder: str, model: str) -> None:
    """Run one side in this process, and print its figures as JSON."""
    rc.corrupt(np.zeros((224, 224, 3), np.uint8), "fog", 1)  # imports are nobody's time
    began, before = time.perf_counter(), _processor()
    count = {"plain": plain, "ours": ours}[side](folder, model)
    seconds, processor = time.perf_counter() - began, _processor() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(json.dumps({"seconds": seconds, "processor": processor, "mib": peak / 1024, "images": count}))


def _processor() -> float:
    """Seconds of processor time of this process and of its workers that have ended."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in usage)


def main(options: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks folder")
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", default=MODEL)
    args = parser.parse_args(options)
    ratios: dict[str, list[float]] = {"seconds": [], "processor": [], "mib": []}
    print(f"{'':8}{'images/s':>10}{'seconds':>10}{'processor':>11}{'MiB':>7}")
    with tempfile.TemporaryDirectory() as root:
        write_folder(Path(root) / "photographs", args.images)
        for turn in range(args.rounds):
            figures: dict[str, dict[str, Any]] = {}
            for side in ("plain", "ours")[:: 1 if turn % 2 else -1]:
                cache = Path(root) / f"cache{turn}"
                code = f"from benchmarks.folder import measure; measure({side!r}, {root + '/photographs'!r}, {args.model!r})"
                environment = {**os.environ, "ROBUSTCORE_CACHE": str(cache)}
                done = subprocess.run(
                    [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, env=environment
                )
                if done.returncode:
                    print(done.stderr, file=sys.stderr)
                    return 1
                figure = figures[side] = json.loads(done.stdout.splitlines()[-1])
                rate = figure["images"] / figure["seconds"]
                print(
                    f"{side:8}{rate:10.1f}{figure['seconds']:10.1f}{figure['processor']:11.1f}{figure['mib']:7.0f}",
                    flush=True,
                )
            if figures["plain"]["images"] != figures["ours"]["images"]:
                print(f"Not the same images: {figures}", file=sys.stderr)
                return 1
            for field, values in ratios.items():
                values.append(figures["ours"][field] / figures["plain"][field])
    medians = {field: statistics.median(values) for field, values in ratios.items()}
    print(
        f"ours by plain: {medians['seconds']:.2f} on the wall, {medians['processor']:.2f} of processor time (wanted: at most {WANTED}), "
        f"{medians['mib']:.2f} of memory"
    )
    return int(medians["processor"] > WANTED)
