"""Reading the reference outputs of the published generators, and the statistics that they store."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from skimage.metrics import structural_similarity

FloatArray = npt.NDArray[np.float64]
UInt8Array = npt.NDArray[np.uint8]

FIELDS = (
    *(f"mean_{c}" for c in "RGB"), *(f"resid_std_{c}" for c in "RGB"), "mean_abs_diff", "psnr_db", "ssim",
    *(f"psd{i:02d}" for i in range(16)), *(f"log10_psd{i:02d}" for i in range(16)),
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Case:
    """One corruption of one image in a file of reference outputs.

    Attributes:
        prefix: "" for 224 pixels, "64/" or "32/".
        image: the image's name.
        name: the corruption.
    """

    file: Path
    prefix: str
    image: str
    name: str

    def __str__(self) -> str:
        return f"{self.prefix or '224/'}{self.image}/{self.name}"

    def _read(self, key: str) -> npt.NDArray[np.generic]:
        with np.load(self.file) as data:
            array: npt.NDArray[np.generic] = data[self.prefix + key]
        return array

    @property
    def clean(self) -> UInt8Array:
        """(H, W, 3)."""
        return self._read(f"clean/{self.image}").astype(np.uint8)

    def output(self, severity: int) -> UInt8Array:
        """(H, W, 3): what the reference makes of it; deterministic corruptions only. JPEG by libjpeg-turbo."""
        name = "jpeg_compression_turbo" if self.name == "jpeg_compression" else self.name
        return self._read(f"det/{self.image}/{name}/{severity}").astype(np.uint8)

    def averages(self) -> tuple[FloatArray, FloatArray, int]:
        """(5, 41) means and standard deviations over the reference's seeds in the order of FIELDS, and their number."""
        parts = [
            [self._read(f"{kind}_{part}/{self.image}/{self.name}") for kind in ("stat", "stat_psdlog")]
            for part in ("mean", "std")
        ]
        with np.load(self.file) as data:
            seeds = int(data[f"n_seeds/{self.name}"])
        mean, std = (np.concatenate(pair, axis=1).astype(np.float64) for pair in parts)
        return mean, std, seeds


def cases(file: Path, kind: str) -> Iterator[Case]:
    """All cases of a file whose outputs are of a kind: "det" or "sto"."""
    with np.load(file) as data:
        found = {
            tuple(key.split(f"{kind}/", 1)[:1]) + tuple(key.split("/")[-3:-1])
            for key in data.files
            if f"{kind}/" in key
        }
    for prefix, image, name in sorted(found):
        if name != "jpeg_compression_turbo":
            yield Case(file, prefix, image, name)


def statistics(clean: UInt8Array, corrupted: UInt8Array) -> FloatArray:
    """(41,) in the order of FIELDS, of (N, N, 3) images: the definitions of the reference file's README entry."""
    side = clean.shape[0]
    residual = corrupted.astype(np.float64) - clean
    square = float((residual**2).mean())
    psnr = 10 * np.log10(255**2 / square) if square else np.inf
    ssim = structural_similarity(clean, corrupted, channel_axis=-1, data_range=255)
    centred = residual - residual.mean(axis=(0, 1))
    power = np.fft.fftshift(np.abs(np.fft.fft2(centred, axes=(0, 1))) ** 2 / side**2, axes=(0, 1))
    k = np.arange(side) - side // 2
    ring = np.floor(16 * np.hypot(k[:, None], k[None]) / (side / 2)).astype(int)
    inside = ring < 16
    count = np.bincount(ring[inside], minlength=16)
    psd = np.mean([np.bincount(ring[inside], power[..., c][inside], minlength=16) / count for c in range(3)], axis=0)
    return np.concatenate(
        [
            corrupted.mean(axis=(0, 1)), residual.std(axis=(0, 1)),
            [np.abs(residual).mean(), psnr, ssim], psd, np.log10(psd + 1e-12),
        ]
    )  # fmt: skip
