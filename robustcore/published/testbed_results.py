"""The ImageNet Testbed: 338 ImageNet models in 213 settings (Taori et al. 2020, "Measuring Robustness to Natural Distribution
Shifts in Image Classification"; the project's published results, MIT).

Corruptions were measured twice, on images made on the fly (`storage` "memory") and on the released ImageNet-C, whose images
went through a second JPEG ("jpeg85"). All figures are top-1 accuracies on whole validation sets, here rounded to a thousandth of a
percent, which is less than one image.
"""

from __future__ import annotations

import functools
import re

import pandas as pd

from robustcore.published._files import read

STORAGES = {"in-memory": "memory", "on-disk": "jpeg85"}
TESTBED_IMAGES = 50_000  # of the validation set, clean and under every corruption
MODEL_COLUMNS = ["model", "title", "group", "architecture", "resize", "crop", "paper"]
NATURAL = {
    "imagenet-a": 7_500,
    "imagenet-r": 30_000,
    "imagenet-sketch": 50_889,
    "imagenet-v2": 10_000,
    "objectnet": 18_514,
}
_CORRUPTION = re.compile(r"imagenet-c\.(\w+)\.([1-5])_(in-memory|on-disk)")
_PGD = re.compile(r"pgd\.(linf|l2)\.eps([\d.]+)")
OTHER_CLASSIFIERS = [
    "linear classifier on pixels",
    "nearest neighbours",
    "random features",
    "random forest",
]  # one each
STANDARD = "standard training"  # the group that the project fits its lines over
# Setting -> the name of the same images here, and the setting of the clean accuracy on the same classes.
SHIFTS = {
    "imagenet-a": ("imagenet-a", "val-on-imagenet-a-classes"),
    "imagenet-r": ("imagenet-r", "val-on-imagenet-r-classes"),
    "imagenet-sketch": ("imagenet-sketch", "val"),
    "imagenetv2-matched-frequency": ("imagenet-v2", "val"),
    "objectnet-1.0-beta": ("objectnet", "val-on-objectnet-classes"),
    "stylized_imagenet": ("stylized-imagenet", "val"),
}


def imagenet_testbed_models(*, snapshots: bool = False) -> pd.DataFrame:
    """The models of the ImageNet Testbed.

    Args:
        snapshots: with the 110 without a group, which are snapshots of trainings.

    Returns:
        model (its name there), title (for people), group (the project's own: "standard training", "other robustness
        intervention" ...), architecture, resize and crop in pixels (NA where not stated), paper ("" for most).
    """
    rows = _models()
    return rows[(rows["group"] != "") | snapshots].reset_index(drop=True).copy()


def imagenet_testbed() -> pd.DataFrame:
    """Every figure of the ImageNet Testbed, one row each.

    Returns:
        model, setting (its name there), kind (clean, corruption, shift, attack, other), condition (robustcore's name where it
        has one, else the setting), severity (of corruptions), storage, eps (of PGD: /255 for L-inf, pixels for L2), clean_setting
        (of shifts: where the clean accuracy on the same classes is), accuracy in 0 .. 1. What was not measured has no row.
    """
    return _long().copy()


def of_corruptions(storage: str) -> pd.DataFrame:
    """The models with figures for all of ImageNet-C and its extras, in the form of `robustcore.evaluate`.

    Args:
        storage: "memory" (made on the fly, without glass blur, which was measured on the released files alone) or "jpeg85".
    """
    rows = _long()
    rows = rows[rows["kind"].isin(["clean", "corruption"]) & rows["storage"].isin(["", storage])]
    counts = rows[rows["kind"] == "corruption"].groupby("model").size()
    whole = counts[counts == counts.max()].index
    kept = imagenet_testbed_models()["model"]
    rows = rows[rows["model"].isin(whole) & rows["model"].isin(kept)].reset_index(drop=True)
    clean = rows["kind"] == "clean"
    return pd.DataFrame(
        {
            "model": rows["model"],
            "dataset": "testbed" if storage == "memory" else "testbed-released",
            "split": "val",
            "kind": rows["kind"],
            "name": rows["condition"],
            "severity": rows["severity"],
            "n": TESTBED_IMAGES,
            "accuracy": rows["accuracy"],
            "storage": pd.Series("memory", rows.index).where(clean, storage),
        }
    )


@functools.cache
def _models() -> pd.DataFrame:
    rows = read("testbed_models.csv")
    for column in ("resize", "crop"):
        rows[column] = pd.to_numeric(rows[column]).astype("Int64")
    # Models that no document names keep the name of the project, with spaces for underscores.
    rows["group"] = rows["group"].replace(OTHER_CLASSIFIERS, "other classifiers")
    rows["title"] = rows["title"].where(rows["title"] != "", rows["model"].str.replace("_", " "))
    return rows[MODEL_COLUMNS]


@functools.cache
def _long() -> pd.DataFrame:
    wide = read("testbed_top1.csv")
    long = wide.melt("model", var_name="setting", value_name="accuracy")
    long = long[long["accuracy"] != ""].reset_index(drop=True)
    long["accuracy"] = pd.to_numeric(long["accuracy"]) / 100
    facts = pd.DataFrame([_facts(setting) for setting in wide.columns[1:]]).set_index("setting")
    facts["severity"] = facts["severity"].astype("Int64")
    rows = long.merge(facts, left_on="setting", right_index=True)
    order = ["model", "setting", "kind", "condition", "severity", "storage", "eps", "clean_setting", "accuracy"]
    return rows[order].reset_index(drop=True)


def _facts(setting: str) -> dict[str, object]:
    """What a setting of the project is here."""
    facts: dict[str, object] = {"setting": setting, "kind": "other", "condition": setting, "storage": ""}
    facts |= {"severity": None, "eps": float("nan"), "clean_setting": ""}
    if (corruption := _CORRUPTION.fullmatch(setting)) is not None:
        name, severity, storage = corruption.groups()
        return facts | {
            "kind": "corruption",
            "condition": name,
            "severity": int(severity),
            "storage": STORAGES[storage],
        }
    if (pgd := _PGD.fullmatch(setting)) is not None:
        return facts | {"kind": "attack", "condition": f"pgd {pgd.group(1)}", "eps": float(pgd.group(2))}
    if setting in SHIFTS:
        condition, clean = SHIFTS[setting]
        return facts | {"kind": "shift", "condition": condition, "clean_setting": clean}
    if setting == "val":
        return facts | {"kind": "clean", "condition": "clean"}
    return facts
