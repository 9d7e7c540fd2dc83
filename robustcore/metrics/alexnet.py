"""AlexNet's published figures on ImageNet-C and ImageNet-P: the usual reference model.

Errors per severity of the 15 corruptions of the benchmark: a table found in a public repository, whose means are the 15 values
that Hendrycks & Dietterich 2019 print in appendix D. Of the 4 validation corruptions only the printed means are known. They are
errors on the released images, which went through a second JPEG (storage "jpeg85").
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

NAME = "alexnet"  # how commands, specifications and functions call it
TITLE = "AlexNet (published by Hendrycks & Dietterich 2019, 50,000 images)"
CLASSES, SIDE = 1000, 224  # of the dataset that the figures hold for
CLEAN_ERROR = 0.435  # Hendrycks & Dietterich 2019, table 1
CLEAN = 1 - CLEAN_ERROR

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


DIFFICULTY = 1  # of the sequences that the following figures hold for

# Flip probabilities of AlexNet at 224 px: Hendrycks & Dietterich 2019, appendix E.
FLIP_PROBABILITY = {
    "gaussian_noise": 0.2365,
    "shot_noise": 0.3006,
    "motion_blur": 0.0930,
    "zoom_blur": 0.0594,
    "snow": 0.1193,
    "brightness": 0.0489,
    "translate": 0.1101,
    "rotate": 0.1310,
    "tilt": 0.0705,
    "scale": 0.2353,
    "speckle_noise": 0.1865,
    "gaussian_blur": 0.0278,
    "spatter": 0.0505,
    "shear": 0.1066,
}

# Unnormalised top-5 distances of AlexNet, the same place.
TOP5_DISTANCE = {
    "gaussian_noise": 4.77,
    "shot_noise": 5.76,
    "motion_blur": 1.93,
    "zoom_blur": 1.34,
    "snow": 2.42,
    "brightness": 1.19,
    "translate": 2.63,
    "rotate": 2.95,
    "tilt": 1.75,
    "scale": 4.48,
    "speckle_noise": 3.89,
    "gaussian_blur": 0.70,
    "spatter": 1.26,
    "shear": 2.48,
}


def accuracy(corruption: str, severities: Sequence[int] = ()) -> float:
    """AlexNet's accuracy, 0 .. 1, the mean over some severities; NaN where it is not published.

    Args:
        corruption: of ImageNet-C, or "clean".
        severities: of a corruption, one or more.
    """
    if corruption == "clean":
        return CLEAN
    if corruption in ERRORS and severities:
        return 1 - math.fsum(ERRORS[corruption][severity - 1] for severity in severities) / len(severities)
    if corruption in MEAN_ERRORS and sorted(severities) == [1, 2, 3, 4, 5]:
        return 1 - MEAN_ERRORS[corruption]
    return math.nan


def flip_probability(sequence: str, difficulty: int = 1) -> float:
    """AlexNet's flip probability, 0 .. 1; NaN where it is not published, as for all difficulties but 1."""
    return FLIP_PROBABILITY.get(sequence, math.nan) if difficulty == DIFFICULTY else math.nan


def top5_distance(sequence: str, difficulty: int = 1) -> float:
    """AlexNet's top-5 distance, 0 .. 18; NaN where it is not published, as for all difficulties but 1."""
    return TOP5_DISTANCE.get(sequence, math.nan) if difficulty == DIFFICULTY else math.nan


def unpublished(sequence: str, difficulty: int = 1) -> str:
    """Why AlexNet has no figures for a sequence, without a full stop, or ""."""
    if difficulty != DIFFICULTY:
        return f"AlexNet's figures are published for difficulty {DIFFICULTY}, not for {difficulty}"
    return "" if sequence in FLIP_PROBABILITY else f"AlexNet's figures for {sequence} are not published"


def refused(dataset: str, classes: int, side: int, corruptions: Sequence[str] = ()) -> str:
    """Why AlexNet's figures cannot be the reference there, or ""; `corruptions` are the names of those in question."""
    if (classes, side) != (CLASSES, SIDE):
        return (
            f"AlexNet's published errors are those of the {CLASSES:,} classes of ImageNet at {SIDE} pixels; {dataset} has "
            f"{classes:,} classes at {side} pixels, so that a quotient of the two says nothing."
        )
    unknown = sorted(set(corruptions) - {*ERRORS, *MEAN_ERRORS})
    return f"AlexNet's published errors are those of ImageNet-C, which has no {unknown[0]}." if unknown else ""


def table() -> pd.DataFrame:
    """The published errors as a tidy table of accuracies; a row without severity is the mean over the five."""
    fixed = {"model": "alexnet", "dataset": "imagenet", "split": "val", "storage": "jpeg85"}
    rows = [{**fixed, "kind": "clean", "name": "clean", "severity": None, "accuracy": CLEAN}]
    for name, errors in ERRORS.items():
        rows += [
            {**fixed, "kind": "corruption", "name": name, "severity": severity, "accuracy": 1 - error}
            for severity, error in enumerate(errors, start=1)
        ]
    for name, error in MEAN_ERRORS.items():
        rows.append({**fixed, "kind": "corruption", "name": name, "severity": None, "accuracy": 1 - error})
    return pd.DataFrame(rows).astype({"severity": "Int64"})
