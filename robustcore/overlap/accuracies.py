"""The accuracies that overlaps are computed from: models trained on one corruption and tested on others, checked once."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore import arguments
from robustcore.errors import InvalidArgumentError

STANDARD, CLEAN = "standard", "clean"
TIDY = ("trained_on", "tested_on", "accuracy")

Array = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True, eq=False)
class Accuracies:
    """Accuracies by seed, model and test condition.

    Attributes:
        trained: (T,) what the models were trained on, "standard" first.
        tested: (C,) what they were tested on, "clean" first.
        seeds: (S,) of the trainings, as text; ("",) for a table without seeds.
        values: (S, T, C) accuracies 0 .. 1, NaN where unknown.
        images: (T, C) images behind an accuracy (the fewest over its seeds), NaN where unknown.
    """

    trained: tuple[str, ...]
    tested: tuple[str, ...]
    seeds: tuple[str, ...]
    values: Array
    images: Array

    @property
    def mean(self) -> Array:
        """(T, C) the mean over the available seeds."""
        return _mean(self.values)

    @property
    def names(self) -> tuple[str, ...]:
        """The corruptions that were both trained on and tested on, in the order of the rows."""
        return tuple(name for name in self.trained[1:] if name in self.tested)

    def variance(self) -> tuple[Array, Array]:
        """The variance of each accuracy, over images and over seeds.

        Returns:
            (T, C) p (1 - p) / images, the binomial variance, and (T, C) the variance of the mean over its seeds. Two seeds
            alone say little, so the variance between seeds is pooled over all models tested on the same condition. NaN
            where the number of images is unknown, or without a second seed.
        """
        p = self.mean
        over_images = p * (1 - p) / self.images
        counts = np.isfinite(self.values).sum(axis=0)
        squares = np.nansum((self.values - p) ** 2, axis=(0, 1))
        free = np.maximum(counts - 1, 0).sum(axis=0)
        pooled = np.divide(squares, free, out=np.full(len(free), np.nan), where=free > 0)
        over_seeds = np.divide(pooled, counts, out=np.full(p.shape, np.nan), where=counts > 0)
        return over_images, over_seeds


def read(table: pd.DataFrame, images: int | None = None) -> Accuracies:
    """Read and check a wide or tidy table of accuracies.

    Args:
        table: wide, with a row for each thing trained on ("standard" among them) and a column for each thing tested on
            ("clean" among them), values 0 .. 1, NaN where unknown; or tidy, with columns trained_on, tested_on, accuracy and,
            if there are several, seed; the optional n is the number of images behind each accuracy.
        images: n for tables without that column.

    Raises:
        InvalidArgumentError: no "standard", no "clean", no other name that is both trained and tested on, a duplicate
            name or cell, or an accuracy that is not a number from 0 to 1.
    """
    table = arguments.table(table, "table of accuracies")
    if images is not None:
        images = arguments.whole(images, "An accuracy needs 1 image or more", low=1)
    if all(name in table.columns for name in TIDY) and STANDARD not in table.index:
        return _of_tidy(table, images)
    return _of_wide(table, images)


def _of_wide(table: pd.DataFrame, images: int | None) -> Accuracies:
    for axis, names in (("rows", table.index), ("columns", table.columns)):
        twice = names[names.duplicated()]
        if len(twice):
            raise InvalidArgumentError(
                f"The {axis} of the table of accuracies name {twice[0]!r} twice; once is allowed."
            )
    trained = _ordered([str(name) for name in table.index], STANDARD, "row", "trained without corruptions")
    tested = _ordered([str(name) for name in table.columns], CLEAN, "column", "accuracy on clean images")
    named = table.set_axis([str(name) for name in table.index]).set_axis([str(name) for name in table.columns], axis=1)
    values = _numbers(named.loc[list(trained), list(tested)])
    n = np.full(values.shape, np.nan if images is None else float(images))
    return _checked(Accuracies(trained, tested, ("",), values[None], n))


def _of_tidy(table: pd.DataFrame, images: int | None) -> Accuracies:
    rows = pd.DataFrame({name: table[name] for name in TIDY})
    rows["seed"] = table["seed"].map(str) if "seed" in table else ""
    rows["n"] = _numbers(table[["n"]])[:, 0] if "n" in table else np.nan if images is None else float(images)
    rows[["trained_on", "tested_on"]] = rows[["trained_on", "tested_on"]].map(str)
    rows["accuracy"] = _numbers(rows[["accuracy"]])[:, 0]
    keys = ["seed", "trained_on", "tested_on"]
    twice = rows[rows.duplicated(keys)]
    if len(twice):
        row = twice.iloc[0]
        raise InvalidArgumentError(
            f"The table has two accuracies of the model trained on {row['trained_on']!r} tested on {row['tested_on']!r} with "
            "the same seed; keep one, or give different seeds."
        )
    trained = _ordered(list(rows["trained_on"].unique()), STANDARD, "row", "trained without corruptions")
    tested = _ordered(list(rows["tested_on"].unique()), CLEAN, "column", "accuracy on clean images")
    seeds = tuple(rows["seed"].unique())
    shape = (len(seeds), len(trained), len(tested))
    places = tuple(
        np.array([{name: i for i, name in enumerate(axis)}[name] for name in rows[key]], dtype=int)
        for key, axis in zip(keys, (seeds, trained, tested), strict=True)
    )
    values, n = np.full(shape, np.nan), np.full(shape, np.inf)
    values[places] = rows["accuracy"]
    n[places] = rows["n"].fillna(np.nan)
    fewest = n.min(axis=0)
    return _checked(Accuracies(trained, tested, seeds, values, np.where(np.isfinite(fewest), fewest, np.nan)))


def _ordered(names: list[str], required: str, axis: str, meaning: str) -> tuple[str, ...]:
    if required not in names:
        raise InvalidArgumentError(
            f"The table of accuracies has no {axis} {required!r} ({meaning}), which every overlap is measured against; it has "
            f"{', '.join(map(repr, names[:6])) or 'none'}."
        )
    return (required, *(name for name in names if name != required))


def _numbers(table: pd.DataFrame) -> Array:
    try:
        return table.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(
            f"The table of accuracies contains something that is not a number: {error}."
        ) from error


def _checked(table: Accuracies) -> Accuracies:
    outside = (table.values < 0) | (table.values > 1)
    if outside.any():
        seed, i, j = np.argwhere(outside)[0]
        raise InvalidArgumentError(
            f"The accuracy of the model trained on {table.trained[i]!r} tested on {table.tested[j]!r} is "
            f"{table.values[seed, i, j]:g}; accuracies are in 0 .. 1, so divide percentages by 100."
        )
    if (table.images < 1).any():
        raise InvalidArgumentError("An accuracy needs 1 image or more; the table's column n has a smaller number.")
    if not table.names:
        raise InvalidArgumentError(
            "The table of accuracies has no corruption that a model was trained on and tested on; it needs one at least "
            f"besides {STANDARD!r} and {CLEAN!r}."
        )
    return table


def _mean(values: Array) -> Array:
    """nanmean over the first axis, without its warning where all values are NaN."""
    finite = np.isfinite(values)
    counts = finite.sum(axis=0)
    sums = np.where(finite, values, 0.0).sum(axis=0)
    means: Array = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    return means
