"""The stored outputs of the published ImageNet-C generators, and the statistics that are kept of the random ones.

A file of reference outputs is an .npz with, for each corruption of each image, either its five outputs (`det/...`) or means
and standard deviations over seeds (`stat_...`), as its README entry says. Its keys begin with "64/" or "32/" for the
smaller variants.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from skimage.metrics import structural_similarity

import robustcore as rc

FloatArray = npt.NDArray[np.float64]
UInt8Array = npt.NDArray[np.uint8]

FIELDS = (
    *(f"mean_{c}" for c in "RGB"),
    *(f"resid_std_{c}" for c in "RGB"),
    "mean_abs_diff",
    "psnr_db",
    "ssim",
    *(f"psd{i:02d}" for i in range(16)),
    *(f"log10_psd{i:02d}" for i in range(16)),
)
DETERMINISTIC = (
    "brightness",
    "contrast",
    "defocus_blur",
    "gaussian_blur",
    "jpeg_compression",
    "pixelate",
    "saturate",
    "zoom_blur",
)
# Frost is held against its textures' table: the reference's outputs are made with other pictures.
RANDOM = (
    "elastic_transform",
    "fog",
    "gaussian_noise",
    "glass_blur",
    "impulse_noise",
    "motion_blur",
    "shot_noise",
    "snow",
    "spatter",
    "speckle_noise",
)


@dataclasses.dataclass(frozen=True)
class Case:
    """One corruption of one image, in one size variant: prefix "", "64/" or "32/"."""

    file: Path
    prefix: str
    image: str
    name: str

    def __str__(self) -> str:
        return f"{self.prefix or '224/'}{self.image}/{self.name}"

    def clean(self) -> UInt8Array:
        """(N, N, 3)."""
        return self._read(f"clean/{self.image}").astype(np.uint8)

    def output(self, severity: int) -> UInt8Array:
        """(N, N, 3), of a deterministic corruption; JPEG by libjpeg-turbo."""
        name = "jpeg_compression_turbo" if self.name == "jpeg_compression" else self.name
        return self._read(f"det/{self.image}/{name}/{severity}").astype(np.uint8)

    def statistics(self) -> tuple[FloatArray, FloatArray, int]:
        """(5, 41) means and standard deviations over the reference's seeds, in the order of FIELDS, and their number."""
        mean, std = (
            np.concatenate(
                [self._read(f"{k}_{part}/{self.image}/{self.name}") for k in ("stat", "stat_psdlog")], axis=1
            )
            for part in ("mean", "std")
        )
        return mean.astype(np.float64), std.astype(np.float64), int(_read(self.file, f"n_seeds/{self.name}"))

    def _read(self, key: str) -> npt.NDArray[np.generic]:
        return _read(self.file, self.prefix + key)


def _read(file: Path, key: str) -> npt.NDArray[np.generic]:
    with np.load(file) as data:
        array: npt.NDArray[np.generic] = data[key]
    return array


def cases(file: Path, names: tuple[str, ...]) -> Iterator[Case]:
    """The cases of some corruptions in a file."""
    with np.load(file) as data:
        cleans = [key for key in data.files if "clean/" in key]
    for key in cleans:
        prefix, image = key.split("clean/")
        yield from (Case(file, prefix, image, name) for name in names)


def difference(case: Case, severity: int) -> npt.NDArray[np.int64]:
    """(N, N, 3): ours minus the reference's, of a deterministic corruption."""
    ours: UInt8Array = rc.corrupt(case.clean(), case.name, severity)
    return ours.astype(np.int64) - case.output(severity)


def deviations(case: Case, severity: int, seeds: int) -> tuple[FloatArray, FloatArray]:
    """(41,), (41,): how far our averages over some seeds lie from the reference's, in standard errors and relatively.

    The standard error is that of the difference of the two averages; the larger of the two standard deviations stands
    for both, because one of few seeds is uncertain itself.
    """
    mean, std, reference_seeds = (part[severity - 1] if i < 2 else part for i, part in enumerate(case.statistics()))
    clean = case.clean()
    outputs = (rc.corrupt(clean, case.name, severity, seed=seed) for seed in range(seeds))
    ours = np.stack([statistics(clean, output) for output in outputs])
    gap = np.abs(ours.mean(axis=0) - mean)
    error = np.maximum(std, ours.std(axis=0)) * np.sqrt(1 / seeds + 1 / reference_seeds)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(gap > 0, gap / error, 0), np.where(gap > 0, gap / np.abs(mean), 0)


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
            corrupted.mean(axis=(0, 1)),
            residual.std(axis=(0, 1)),
            [np.abs(residual).mean(), psnr, ssim],
            psd,
            np.log10(psd + 1e-12),
        ]
    )
