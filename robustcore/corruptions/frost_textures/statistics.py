"""Statistics of ImageNet-C's original frost textures (sizes, colours, spectra), and how to measure them.

The grey picture is the mean of R, G and B; crop statistics are averages over random 224-pixel crops of it. frost3 equals
frost2, and frost6 is never drawn.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

CROP = 224
LAGS = (1, 2, 4, 8, 16, 32, 64)
PERCENTS = (1, 5, 25, 50, 75, 95, 99)
BINS = 16  # radial, from 0 to Nyquist
_K = np.arange(CROP) - CROP // 2
_RING = np.floor(BINS * np.hypot(_K[:, None], _K[None]) / (CROP / 2)).astype(int)
_INSIDE = _RING < BINS
_COUNT = np.bincount(_RING[_INSIDE], minlength=BINS)
_WINDOW = np.hanning(CROP)[:, None] * np.hanning(CROP)[None]


@dataclasses.dataclass(frozen=True)
class Texture:
    """The statistics of one texture, in grey levels.

    Attributes:
        size: height and width in pixels.
        mean, std: of R, G and B.
        correlation: of R with G, R with B, and G with B.
        percentiles: of the grey picture, at PERCENTS.
        crop_mean, crop_std: mean of the crops' means, and their standard deviation between crops.
        inside_std: mean of the standard deviations within a crop.
        autocorrelation: within a crop, its mean removed, at LAGS; the mean of both directions.
        log_psd: log10 of the power spectral density (Hann window, mean removed), averaged in BINS radial bins.
    """

    size: tuple[int, int]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    correlation: tuple[float, float, float]
    percentiles: tuple[float, ...]
    crop_mean: float
    crop_std: float
    inside_std: float
    autocorrelation: tuple[float, ...]
    log_psd: tuple[float, ...]


TEXTURES = {
    "frost1": Texture(
        (600, 900),
        (78, 149, 166),
        (27, 17, 15),
        (0.82, 0.57, 0.93),
        (97, 104, 118, 129, 142, 163, 177),
        128.9,
        9.2,
        15.2,
        (0.77, 0.59, 0.57, 0.53, 0.46, 0.35, 0.17),
        (4.54, 3.01, 2.62, 2.49, 2.41, 2.34, 2.31, 2.25, 2.19, 2.10, 2.00, 1.88, 1.77, 1.63, 1.49, 1.36),
    ),
    "frost2": Texture(
        (315, 560),
        (201, 205, 215),
        (21, 22, 23),
        (1.0, 0.99, 1.0),
        (141, 166, 195, 210, 222, 236, 245),
        204.4,
        6.2,
        19.7,
        (0.82, 0.62, 0.50, 0.38, 0.33, 0.26, 0.18),
        (4.50, 3.75, 3.40, 3.04, 2.82, 2.75, 2.58, 2.48, 2.38, 2.26, 2.15, 2.04, 1.86, 1.72, 1.53, 1.36),
    ),
    "frost4": Texture(
        (350, 527),
        (138, 153, 165),
        (28, 28, 30),
        (1.0, 0.99, 0.99),
        (82, 104, 134, 152, 169, 199, 234),
        159.9,
        6.0,
        26.6,
        (0.69, 0.41, 0.31, 0.25, 0.21, 0.18, 0.13),
        (4.52, 3.91, 3.57, 3.45, 3.32, 3.19, 3.10, 2.98, 2.88, 2.81, 2.70, 2.58, 2.44, 2.31, 2.16, 2.01),
    ),
    "frost5": Texture(
        (495, 660),
        (112, 123, 135),
        (44, 43, 42),
        (1.0, 1.0, 1.0),
        (45, 60, 92, 119, 151, 203, 238),
        111.7,
        9.6,
        35.3,
        (0.73, 0.56, 0.42, 0.29, 0.17, 0.11, 0.07),
        (5.05, 4.28, 3.86, 3.57, 3.37, 3.20, 3.05, 2.95, 2.83, 2.75, 2.67, 2.60, 2.53, 2.47, 2.43, 2.40),
    ),
}


@dataclasses.dataclass(frozen=True)
class Crops:
    """The statistics of a grey picture's crops, named as in `Texture`."""

    crop_mean: float
    crop_std: float
    inside_std: float
    autocorrelation: FloatArray
    log_psd: FloatArray


def measure(grey: FloatArray, crops: int = 90, seed: int = 0) -> Crops:
    """(H, W) grey levels -> statistics over some random crops."""
    rng = np.random.default_rng(seed)
    means, stds, correlations, spectra = [], [], [], []
    for _ in range(crops):
        row, column = rng.integers(0, grey.shape[0] - CROP), rng.integers(0, grey.shape[1] - CROP)
        crop = grey[row : row + CROP, column : column + CROP]
        centred = crop - crop.mean()
        variance = (centred**2).mean()
        means.append(crop.mean())
        stds.append(np.sqrt(variance))
        correlations.append(
            [((centred[:, d:] * centred[:, :-d]).mean() + (centred[d:] * centred[:-d]).mean()) / 2 for d in LAGS]
            / variance
        )
        power = np.abs(np.fft.fftshift(np.fft.fft2(centred * _WINDOW))) ** 2 / (_WINDOW**2).sum()
        spectra.append(np.bincount(_RING[_INSIDE], power[_INSIDE], minlength=BINS) / _COUNT)
    return Crops(
        float(np.mean(means)),
        float(np.std(means)),
        float(np.mean(stds)),
        np.mean(correlations, axis=0),
        np.log10(np.mean(spectra, axis=0)),
    )
