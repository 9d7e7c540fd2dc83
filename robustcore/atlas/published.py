"""A published atlas: ResNet-50 trained on one corruption each, on ImageNet, from the ImageNet Testbed (Taori et al. 2020).

The testbed has twelve such models beside their baseline. The one trained on defocus blur has a clean accuracy of 31.9 %, where
the others have 61 to 75 %: its training failed, and it is left out. So is the one of four corruptions at once, and that of
greyscale, which is no corruption of ImageNet-C. Nobody chose the others for equal clean accuracy, so that APP flatters some.
"""

from __future__ import annotations

import pandas as pd

from robustcore import published
from robustcore.overlap.accuracies import CLEAN, STANDARD
from robustcore.published.testbed_results import NATURAL

NAME = "imagenet-published"  # of the table, in the place of a suite
ARCHITECTURE = "ResNet-50"
FILE = f"{NAME}-{ARCHITECTURE}.csv"
TITLE = "ImageNet (published)"
BASELINE, TRAINED = "resnet50_aws_baseline", "resnet50_with_{}_aws"
LEFT_OUT = ("defocus_blur",)
STORAGE = "memory"  # training and testing corrupted images on the fly
SHIFTS = {name: NATURAL[name] for name in ("imagenet-v2", "imagenet-sketch")}  # of 1,000 classes like the clean images
SEVERITIES = "1 2 3 4 5"


def trained_on() -> dict[str, str]:
    """What each model was trained on, the standard one first -> its name in the testbed."""
    published_names = set(published.imagenet_testbed()["model"])
    measured = sorted(set(published.accuracies("testbed")["name"]) - {CLEAN, *LEFT_OUT})
    models = {name: TRAINED.format(name) for name in measured}
    return {STANDARD: BASELINE} | {name: model for name, model in models.items() if model in published_names}


def table() -> pd.DataFrame:
    """The accuracies, in the form of `atlas.plan`: trained_on, tested_on, seed, accuracy (the mean over the severities), n,
    reason, kind, severities, strength, architecture, dataset, split, epochs, further, precision; what is not stated is empty."""
    rows, models = published.imagenet_testbed(), trained_on()
    rows = rows[rows["model"].isin(models.values())]
    corrupted = rows[(rows["kind"] == "corruption") & (rows["storage"] == STORAGE)]
    means = corrupted.groupby(["model", "condition"])["accuracy"].mean()
    single = rows[rows["kind"].isin(["clean", "shift"])].set_index(["model", "condition"])["accuracy"]
    corruptions = sorted(set(corrupted["condition"]))
    tested = [(CLEAN, "clean"), *((name, "corruption") for name in corruptions), *((name, "shift") for name in SHIFTS)]
    records = [
        {
            "trained_on": name,
            "tested_on": condition,
            "seed": 0,
            "accuracy": round(float((means if kind == "corruption" else single)[model, condition]), 6),
            "n": SHIFTS.get(condition, published.TESTBED_IMAGES),
            "reason": "",
            "kind": kind,
            "severities": SEVERITIES if kind == "corruption" else "",
            "strength": "",
            "architecture": ARCHITECTURE,
            "dataset": "imagenet",
            "split": "val",
            "epochs": "",
            "further": "",
            "precision": "",
        }
        for name, model in models.items()
        for condition, kind in tested
    ]
    return pd.DataFrame(records)
