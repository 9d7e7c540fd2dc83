"""Published models in a comparison: alone, or with one's own where both were measured in the same way.

The figures are those of `published.accuracies` at every severity: of RobustBench ImageNet-C on a part of 5,000 images, CIFAR-10-C
and CIFAR-100-C; of the ImageNet Testbed ImageNet-C as released and made on the fly, on all 50,000. They are accuracies without answers to single images, so that only plain accuracies have an interval.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pandas as pd

from robustcore import corruptions, published
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Condition
from robustcore.evaluation.condition import RELEASED
from robustcore.notes import Note, note
from robustcore.reports import compare
from robustcore.reports.compare.comparison import Comparison
from robustcore.reports.provenance import Provenance

PREFIX = "published/"
TESTBED = ("testbed", "testbed-released")


@dataclasses.dataclass(frozen=True)
class Setup:
    """What published models were measured on.

    Attributes:
        title: for people.
        classes, side, images, storage: of the data.
        first: the models that are compared at first; () for all.
        released: whether the images are the released files, and not made on the fly.
    """

    title: str
    classes: int
    side: int
    images: int
    storage: str
    first: tuple[str, ...] = ()
    released: bool = True


# ResNet-50s of standard training and of what fixes it: the comparison that most people look for first.
MENDED = (
    "ResNet-50",
    "ResNet-50 AugMix",
    "ResNet-50 DeepAugment",
    "ResNet-50 DeepAugment + AugMix",
    "ResNet-50 Stylized ImageNet and ImageNet",
    "ResNet-50 adversarial, L-inf 4/255",
)

SETUPS = {
    "imagenet": Setup("ImageNet-C as released, published (RobustBench)", 1000, 224, 5000, "jpeg85"),
    "testbed": Setup("ImageNet-C made on the fly, published", 1000, 224, 50000, "memory", MENDED, released=False),
    "testbed-released": Setup("ImageNet-C as released, published (testbed)", 1000, 224, 50000, "jpeg85", MENDED),
    "cifar10": Setup("CIFAR-10-C, published", 10, 32, 10000, "memory"),
    "cifar100": Setup("CIFAR-100-C, published", 100, 32, 10000, "memory"),
}


@note
def other_dataset(
    model: str, dataset: str, classes: int, side: int, here: str, classes_here: int, side_here: int
) -> str:
    return (
        f"{model} is not drawn: it was measured on {dataset} ({classes:,} classes, {side} pixels), and the models here on {here} "
        f"({classes_here:,} classes, {side_here} pixels)."
    )


@note
def other_storage(model: str, storage: str) -> str:
    """`storage` is that of the published model's images."""
    jpeg = storage == "jpeg85"
    return (
        f"{model} is not drawn: its images {'went' if jpeg else 'did not go'} through a second JPEG, those here "
        f"{'did not' if jpeg else 'did'}."
    )


@note
def no_figures_for(model: str, condition: str) -> str:
    return f"{model} is not drawn: it has no figures for {condition}; choose the suite imagenet-c alone."


@note
def not_measured_on(model: str, setup: str) -> str:
    return f"{model} is not drawn: it was not measured on {setup}."


@note
def nothing_to_compare_with(model: str) -> str:
    return f"{model} is not drawn: nothing was evaluated here that it could be compared with."


@note
def published_on_other_images(dataset: str, images: int) -> str:
    return (
        f"The published models were scored on {images:,} images of {dataset}, which are not those of the models here: differences "
        "between the two are no paired ones."
    )


def names(dataset: str = "") -> list[str]:
    """The published models, of one data set or of all: "published/imagenet/AlexNet"."""
    return [
        f"{PREFIX}{key}/{model}"
        for key in ([dataset] if dataset else SETUPS)
        for model in dict.fromkeys(_accuracies(key)["model"])
    ]


def first(dataset: str) -> list[str]:
    """Those of `names(dataset)` that are compared at first."""
    return [f"{PREFIX}{dataset}/{model}" for model in SETUPS[dataset].first] or names(dataset)


def _accuracies(dataset: str) -> pd.DataFrame:
    """`published.accuracies` with models' names for people, each of one model."""
    table = published.accuracies(dataset)
    if dataset in TESTBED:
        models = published.imagenet_testbed_models()
        table["model"] = table["model"].map(dict(zip(models["model"], models["title"], strict=True)))
    return table


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
    offered = names(dataset)
    strangers = [m for m in models if m not in offered]
    if not models or strangers:
        what = (
            f"{strangers[0]!r} is none of the published models on {dataset}"
            if strangers
            else "There is no model to compare"
        )
        raise InvalidArgumentError(f"{what}; name one or more of {', '.join(offered[:3])} and so on.")
    rows = _rows(models, dataset, severities)
    rows = rows[rows["name"].isin(["clean", *corruptions.names("imagenet-c")])].reset_index(drop=True)
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


def disagreement(own: Comparison, model: str) -> Note | None:
    """Why a published model cannot be drawn with what was evaluated here; None where it can."""
    key = model.removeprefix(PREFIX).partition("/")[0]
    setup = SETUPS[key]
    here = own.provenance
    if (own.classes, own.side) != (setup.classes, setup.side):
        return other_dataset(model, key, setup.classes, setup.side, here.dataset, own.classes, own.side)
    if here.storage != setup.storage and not (here.storage == RELEASED and setup.released):
        return other_storage(model, setup.storage)
    further = sorted(set(own.corrupted["name"]) - set(published.accuracies(key)["name"]))
    return no_figures_for(model, further[0]) if further else None


def joined(own: Comparison, models: Sequence[str]) -> tuple[Comparison, list[Note]]:
    """A comparison with published models added, as far as the two agree, and why the others are left out."""
    reasons = {model: disagreement(own, model) for model in models}
    refused = [why for why in reasons.values() if why is not None]
    agree = [model for model, why in reasons.items() if why is None]
    if not agree:
        return own, refused
    key = agree[0].removeprefix(PREFIX).partition("/")[0]
    levels = sorted({int(s) for s in own.corrupted["severity"].dropna()})
    rows = _rows(agree, key, levels)
    # Under each own condition's number of shared images, so that a model and its reference are in one group.
    shared = own.corrupted.drop_duplicates(["name", "severity"])[["name", "severity", "shared"]]
    corrupted = rows[rows["kind"] != "clean"].drop(columns="shared").merge(shared, on=["name", "severity"])
    clean = (
        rows[rows["kind"] == "clean"].drop(columns="shared").merge(shared[["shared"]].drop_duplicates(), how="cross")
    )
    rows = pd.concat([clean, corrupted], ignore_index=True)
    rows = rows.assign(dataset=own.provenance.dataset, split=own.provenance.split)
    both = dataclasses.replace(
        own,
        rows=pd.concat([own.rows, rows], ignore_index=True),
        notes=(*own.notes, published_on_other_images(key, SETUPS[key].images)),
        provenance=dataclasses.replace(own.provenance, models=(*own.provenance.models, *agree)),
    )
    return both, refused


def _rows(models: Sequence[str], dataset: str, severities: Sequence[int]) -> pd.DataFrame:
    """The tidy rows of published models with the columns of a comparison."""
    table = _accuracies(dataset)
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
