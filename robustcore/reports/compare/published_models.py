"""Published models in a comparison: alone, or beside one's own where the two were measured in the same way.

The figures are RobustBench's tables at every severity (`published.accuracies`): ImageNet-C on a part of 5,000 images, CIFAR-10-C
and CIFAR-100-C. They are accuracies without answers to single images, so that only plain accuracies have an interval.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pandas as pd

from robustcore import corruptions, published
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Condition
from robustcore.reports import compare
from robustcore.reports.compare.comparison import Comparison
from robustcore.reports.provenance import Provenance

PREFIX = "published/"
SOURCE = "RobustBench"


@dataclasses.dataclass(frozen=True)
class Setup:
    """What published models were measured on."""

    title: str
    classes: int
    side: int
    images: int
    storage: str


SETUPS = {
    "imagenet": Setup("ImageNet-C, published", 1000, 224, 5000, "jpeg85"),
    "cifar10": Setup("CIFAR-10-C, published", 10, 32, 10000, "memory"),
    "cifar100": Setup("CIFAR-100-C, published", 100, 32, 10000, "memory"),
}


def names(dataset: str = "") -> list[str]:
    """The published models, of one data set or of all: "published/imagenet/AlexNet"."""
    return [
        f"{PREFIX}{key}/{model}"
        for key in ([dataset] if dataset else SETUPS)
        for model in dict.fromkeys(published.accuracies(key)["model"])
    ]


def is_published(model: str) -> bool:
    """Whether a name is that of published figures."""
    return model.startswith(PREFIX)


def gather(models: Sequence[str], dataset: str, *, severities: Sequence[int] = corruptions.SEVERITIES) -> Comparison:
    """Published models alone.

    Args:
        models: some of `names(dataset)`.
        dataset: a key of `SETUPS`.
        severities: those that are looked at.

    Raises:
        InvalidArgumentError: no model, or one that is not among the published ones of that data set.
    """
    known = names(dataset)
    strangers = [m for m in models if m not in known]
    if not models or strangers:
        what = (
            f"{strangers[0]!r} is none of the published models on {dataset}"
            if strangers
            else "There is no model to compare"
        )
        raise InvalidArgumentError(f"{what}; name one or more of {', '.join(known[:3])} and so on.")
    rows = _rows(models, dataset, severities)
    setup = SETUPS[dataset]
    provenance = Provenance(
        models=tuple(models),
        dataset=dataset,
        split=str(rows["split"].iloc[0]),
        images=(setup.images, setup.images),
        seed=0,
        suites=("imagenet-c",),
        storage=setup.storage,
        shipped="published",
        updated="",
    )
    return Comparison(rows, (), (), provenance, (), setup.classes, setup.side)


def disagreement(own: Comparison, model: str) -> str:
    """Why a published model cannot stand beside what was evaluated here, or ""."""
    key = model.removeprefix(PREFIX).partition("/")[0]
    setup = SETUPS[key]
    here = own.provenance
    if (own.classes, own.side) != (setup.classes, setup.side):
        return (
            f"{model} is not drawn: it was measured on {key} ({setup.classes:,} classes, {setup.side} pixels), and the models "
            f"here on {here.dataset} ({own.classes:,} classes, {own.side} pixels)."
        )
    if here.storage != setup.storage:
        stored = {"jpeg85": "went through a second JPEG", "memory": "did not go through a second JPEG"}
        return f"{model} is not drawn: its images {stored[setup.storage]}, those here {'did not' if setup.storage == 'jpeg85' else 'did'}."
    further = sorted(set(own.corrupted["name"]) - set(corruptions.names("imagenet-c")))
    if further:
        return f"{model} is not drawn: it has no figures for {further[0]}; choose the suite imagenet-c alone."
    return ""


def beside(own: Comparison, models: Sequence[str]) -> tuple[Comparison, list[str]]:
    """A comparison with published models beside its own, as far as the two agree, and why the others are left out."""
    refused = [why for why in (disagreement(own, model) for model in models) if why]
    agree = [model for model in models if not disagreement(own, model)]
    if not agree:
        return own, refused
    key = agree[0].removeprefix(PREFIX).partition("/")[0]
    levels = sorted({int(s) for s in own.corrupted["severity"].dropna()})
    rows = _rows(agree, key, levels)
    # Beside each own condition, under its number of shared images, so that what belongs together is divided.
    shared = own.corrupted.drop_duplicates(["name", "severity"])[["name", "severity", "shared"]]
    corrupted = rows[rows["kind"] != "clean"].drop(columns="shared").merge(shared, on=["name", "severity"])
    clean = (
        rows[rows["kind"] == "clean"].drop(columns="shared").merge(shared[["shared"]].drop_duplicates(), how="cross")
    )
    rows = pd.concat([clean, corrupted], ignore_index=True)
    note = (
        f"The published models were scored on {SETUPS[key].images:,} images of {key}, which are not those of the models here: "
        "differences between the two are no paired ones."
    )
    rows = rows.assign(dataset=own.provenance.dataset, split=own.provenance.split)
    joined = dataclasses.replace(
        own,
        rows=pd.concat([own.rows, rows], ignore_index=True),
        notes=(*own.notes, note),
        provenance=dataclasses.replace(own.provenance, models=(*own.provenance.models, *agree)),
    )
    return joined, refused


def _rows(models: Sequence[str], dataset: str, severities: Sequence[int]) -> pd.DataFrame:
    """The tidy rows of published models with the columns of a comparison."""
    table = published.accuracies(dataset)
    table["model"] = PREFIX + dataset + "/" + table["model"]
    table = table[table["model"].isin(models)]
    table = table[(table["kind"] == "clean") | table["severity"].isin(list(severities))]
    order = {model: i for i, model in enumerate(models)}
    table = table.sort_values("model", key=lambda m: m.map(order), kind="stable").reset_index(drop=True)
    corrupted = table["kind"] == "corruption"
    storage = SETUPS[dataset].storage
    forms = [
        Condition.corruption(name, int(level), storage=storage).canonical() if kind == "corruption" else compare.CLEAN
        for kind, name, level in zip(table["kind"], table["name"], table["severity"], strict=True)
    ]
    family = [corruptions.get(n).family if k else "clean" for n, k in zip(table["name"], corrupted, strict=True)]
    return table.assign(
        strength=pd.array([None] * len(table), dtype="string"),
        variant=pd.array([None] * len(table), dtype="string"),
        params="",
        seed=0,
        precision="",
        correct=0,
        top5=float("nan"),
        confidence=float("nan"),
        shipped=False,
        updated="",
        reason="",
        label=table["name"],
        family=family,
        condition=forms,
        shared=SETUPS[dataset].images,
        storage=["memory" if f == compare.CLEAN else storage for f in forms],
    )
