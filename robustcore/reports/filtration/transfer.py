"""Whether images that some networks got wrong fool others too: accuracy on them, next to as many images of each class at random."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore import arguments
from robustcore.datasets import Dataset
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation.filtration import Selection
from robustcore.metrics import accuracies, severities
from robustcore.notes import Note, note

COLUMNS = [
    "model",
    "chose",
    "images",
    "accuracy",
    "low",
    "high",
    "n",
    "difference",
    "difference_low",
    "difference_high",
]
SETS = ("kept", "random")
FEW = 30  # images; intervals over fewer are wide


@note
def fools(model: str, kept: float, at_random: float, low: float, high: float) -> str:
    return (
        f"{model}, which did not choose, is fooled too: {kept:.1%} on the kept images, {at_random:.1%} on random ones of the same "
        f"classes ({100 * low:.0f} to {100 * high:.0f} points less)."
    )


@note
def does_not_fool(model: str, kept: float, at_random: float) -> str:
    return f"{model} is not measurably worse on the kept images ({kept:.1%}) than on random ones of the same classes ({at_random:.1%})."


@note
def few_images(images: int) -> str:
    return f"Only {images} image{'s are' if images != 1 else ' is'} kept, so the intervals are wide."


@note
def nobody_else() -> str:
    return "All of these models chose the images, so their accuracy there says nothing of other models."


@dataclasses.dataclass(frozen=True)
class Transfer:
    """Accuracies on the kept images and on random ones.

    Attributes:
        table: two rows a model, images "kept" and "random": model, chose (whether it was among the networks that chose),
            images, accuracy, low and high (95 %, Wilson), n; and in the row "kept" how much lower the accuracy is there:
            difference, difference_low, difference_high (95 %, Newcombe), NaN in the other.
        notes: who is fooled, and what to keep in mind.
    """

    table: pd.DataFrame
    notes: tuple[Note, ...]


def random_places(dataset: Dataset, selection: Selection, *, images: int, seed: int = 0) -> npt.NDArray[np.int64]:
    """As many images of each class as are kept of it, at random among those that were scored; kept ones may be among them.

    Args:
        dataset: that was chosen from.
        selection: what was kept.
        images: that were scored, the first of the dataset.
        seed: of the draw.
    """
    seed = arguments.seed(seed)
    labels = np.asarray(dataset.labels)[:images]
    generator = np.random.default_rng(seed)
    label = {name: number for number, name in enumerate(dataset.classes)}
    counts = selection.kept["label"].map(label).value_counts().sort_index()
    drawn = [
        generator.choice(np.flatnonzero(labels == number), count, replace=False) for number, count in counts.items()
    ]
    return np.sort(np.concatenate(drawn)) if drawn else np.zeros(0, np.int64)


def transfer(answers: Sequence[tuple[str, bool, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]]) -> Transfer:
    """The table and what it says.

    Args:
        answers: for each model its name, whether it chose, and (images,) bool of right answers on the kept and on the random
            images.

    Raises:
        InvalidArgumentError: no images.
    """
    rows = []
    for model, chose, kept, at_random in answers:
        if not len(kept) or not len(at_random):
            raise InvalidArgumentError("No image is kept, so there is nothing to compare.")
        for images, right in zip(SETS, (kept, at_random), strict=True):
            rows.append(
                {"model": model, "chose": chose, "images": images, "accuracy": float(right.mean()), "n": len(right)}
            )
    table = pd.DataFrame(rows, columns=["model", "chose", "images", "accuracy", "n"])
    checked = table.assign(dataset="", kind="", name=table["images"])
    table = table.assign(**accuracies.accuracy(checked)[["low", "high"]])
    for column in COLUMNS[-3:]:
        table[column] = math.nan
    notes: list[Note] = []
    for name, pair in table.groupby("model", sort=False):
        model = str(name)
        kept_row, random_row = pair.iloc[0], pair.iloc[1]
        drop = severities.unpaired_drop(*(tuple(row[["accuracy", "low", "high"]]) for row in (random_row, kept_row)))
        table.loc[pair.index[0], COLUMNS[-3:]] = [drop.value, drop.low, drop.high]
        if kept_row["chose"]:
            continue
        shares = float(kept_row["accuracy"]), float(random_row["accuracy"])
        notes.append(fools(model, *shares, drop.low, drop.high) if drop.low > 0 else does_not_fool(model, *shares))
    if len(table) and table["chose"].all():
        notes.append(nobody_else())
    if len(table) and table["n"].iloc[0] < FEW:
        notes.append(few_images(int(table["n"].iloc[0])))
    return Transfer(table[COLUMNS], tuple(notes))
