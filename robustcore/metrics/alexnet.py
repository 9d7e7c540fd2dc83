"""AlexNet's errors on ImageNet-C, the usual reference of the corruption error.

Per severity for the 15 corruptions of the benchmark: a table found in a public repository, whose means are the 15 values
that Hendrycks & Dietterich 2019 print in appendix D. For the 4 validation corruptions only the printed means are known.
They are errors on the released images, which went through a second JPEG (storage "jpeg85").
"""

from __future__ import annotations

import pandas as pd

CLEAN_ERROR = 0.435  # Hendrycks & Dietterich 2019, table 1

ERRORS = {
    "gaussian_noise": (0.69528, 0.82542, 0.93554, 0.98138, 0.99452),
    "shot_noise": (0.71224, 0.85108, 0.93574, 0.98182, 0.99146),
    "impulse_noise": (0.78374, 0.89808, 0.94870, 0.98720, 0.99548),
    "defocus_blur": (0.65624, 0.73202, 0.85036, 0.91364, 0.94714),
    "glass_blur": (0.64308, 0.75054, 0.88806, 0.91622, 0.93344),
    "motion_blur": (0.58430, 0.70048, 0.82108, 0.89750, 0.92638),
    "zoom_blur": (0.70008, 0.76992, 0.80784, 0.84198, 0.87198),
    "snow": (0.71726, 0.88392, 0.86468, 0.91870, 0.94952),
    "frost": (0.61390, 0.79734, 0.88790, 0.89942, 0.93430),
    "fog": (0.67474, 0.76050, 0.84378, 0.87260, 0.94500),
    "brightness": (0.45140, 0.48502, 0.54048, 0.62166, 0.72440),
    "contrast": (0.64548, 0.76150, 0.88874, 0.97760, 0.99270),
    "elastic_transform": (0.52596, 0.70116, 0.55686, 0.64076, 0.80554),
    "pixelate": (0.52218, 0.54620, 0.73728, 0.87092, 0.91262),
    "jpeg_compression": (0.51002, 0.54718, 0.57294, 0.65458, 0.74778),
}

MEAN_ERRORS = {"speckle_noise": 0.845, "gaussian_blur": 0.787, "spatter": 0.718, "saturate": 0.658}


def table() -> pd.DataFrame:
    """The published errors as a tidy table of accuracies; a row without severity is the mean over the five."""
    fixed = {"model": "alexnet", "dataset": "imagenet", "split": "val", "storage": "jpeg85"}
    rows = [{**fixed, "kind": "clean", "name": "clean", "severity": None, "accuracy": 1 - CLEAN_ERROR}]
    for name, errors in ERRORS.items():
        rows += [
            {**fixed, "kind": "corruption", "name": name, "severity": severity, "accuracy": 1 - error}
            for severity, error in enumerate(errors, start=1)
        ]
    for name, error in MEAN_ERRORS.items():
        rows.append({**fixed, "kind": "corruption", "name": name, "severity": None, "accuracy": 1 - error})
    return pd.DataFrame(rows).astype({"severity": "Int64"})
