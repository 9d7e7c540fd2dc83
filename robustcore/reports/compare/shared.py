"""What the models of a comparison share: conditions, severities and images; and what is left out because they do not."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pandas as pd

from robustcore.evaluation.suites import title
from robustcore.notes import Note, note


@dataclasses.dataclass(frozen=True)
class Common:
    """What the models that are compared under a condition have in common of it.

    `fewer` are the models that are not compared there: model -> the severities that it has of it.
    """

    severities: frozenset[int]  # 0 for a condition without
    images: int
    fewer: dict[str, tuple[int, ...]]


def in_common(scored: pd.DataFrame) -> tuple[dict[str, Common], list[Note]]:
    """What the models share of each condition's key, and notes on what was left out.

    Where a model has all severities that any has, those with fewer are not compared; where none has, all are compared at
    the severities that they share.
    """
    common: dict[str, Common] = {}
    notes = []
    for key, rows in scored.assign(level=scored["severity"].fillna(0).astype(int)).groupby("key", sort=False):
        levels = {str(model): frozenset(own["level"]) for model, own in rows.groupby("model", sort=False)}
        shared = frozenset[int]().union(*levels.values())
        label = str(rows["label"].iloc[0])
        if shared not in levels.values():
            asked, shared = shared, shared.intersection(*levels.values())
            if not shared:
                notes.append(no_shared_severity(label))
                continue
            if shared != asked:
                notes.append(compared_at_severities(label, tuple(sorted(shared))))
        fewer = {model: tuple(sorted(own)) for model, own in levels.items() if not own >= shared}
        compared = rows[rows["level"].isin(shared) & ~rows["model"].isin(fewer)]
        common[str(key)] = Common(shared, int(compared["n"].min()), fewer)
    return common, notes


def without_fewer(rows: pd.DataFrame, common: dict[str, Common]) -> pd.DataFrame:
    """The rows, without the values of models under conditions that they have fewer severities of."""
    fewer = [
        common[key].fewer.get(model, ()) if key in common else ()
        for key, model in zip(rows["key"], rows["model"], strict=True)
    ]
    lacking = pd.Series([bool(levels) for levels in fewer], index=rows.index)
    if not lacking.any():
        return rows
    reasons = pd.Series([f"only severity {', '.join(map(str, own))} was evaluated" for own in fewer], index=rows.index)
    blank = rows.copy()
    blank.loc[lacking, "n"] = 0
    blank.loc[lacking, "correct"] = 0
    blank.loc[lacking, "accuracy"] = float("nan")
    blank.loc[lacking, "reason"] = reasons[lacking]
    return blank


def of_models(
    rows: pd.DataFrame, common: dict[str, Common], suites: tuple[str, ...]
) -> tuple[tuple[str, ...], list[Note]]:
    """The models that lack something that others have, and notes on them."""
    labels = {key: str(label) for key, label in zip(rows["key"], rows["label"], strict=True) if key in common}
    fewer: dict[tuple[tuple[str, ...], tuple[int, ...]], list[str]] = {}
    counts: dict[int, list[str]] = {}
    for model, own in rows.groupby("model", sort=False):
        name = str(model)
        has = len(set(own.loc[own["n"] > 0, "key"]) & set(common))
        if has < len(common):
            counts.setdefault(has, []).append(name)
        levels = {labels[key]: c.fewer[name] for key, c in common.items() if name in c.fewer}
        if levels:
            fewer.setdefault((tuple(levels), next(iter(levels.values()))), []).append(name)
    at_fewer = {name for names in fewer.values() for name in names}
    notes = [models_at_fewer_severities(tuple(names), *what) for what, names in fewer.items()]
    for has, names in counts.items():
        if has:
            notes.append(models_under_fewer_conditions(tuple(names), has, len(common)))
        elif absent := tuple(name for name in names if name not in at_fewer):
            notes.append(models_without_results(absent, suites))
    return tuple(name for names in counts.values() for name in names), notes


def on_shared_images(
    stored: Callable[[int | None], pd.DataFrame], kept: pd.DataFrame, common: dict[str, Common], n: int
) -> pd.DataFrame:
    """The rows of the conditions that are shared on n images, with the clean rows, on those n images."""
    keys = {key: c.severities for key, c in common.items() if c.images == n}

    def chosen(rows: pd.DataFrame) -> pd.DataFrame:
        levels = rows["severity"].fillna(0).astype(int)
        both = zip(rows["kind"], rows["key"], levels, strict=True)
        return rows[[kind == "clean" or level in keys.get(key, ()) for kind, key, level in both]]

    rows = chosen(kept)
    if not rows.loc[rows["n"] > 0, "n"].eq(n).all():
        labels = kept[["key", "label", "family"]].drop_duplicates()
        rows = chosen(without_fewer(stored(n), common)).merge(labels, on="key", how="left")
    # A model that has none of these conditions has no part in their images either.
    taking_part = set(rows.loc[(rows["kind"] != "clean") & (rows["n"] > 0), "model"])
    return rows[(rows["kind"] != "clean") | rows["model"].isin(taking_part)].assign(shared=n)


def of_images(rows: pd.DataFrame) -> list[Note]:
    """Notes on the numbers of images."""
    notes = []
    shared = sorted({int(n) for n in rows["shared"].dropna()})
    if len(shared) > 1:
        few = rows[(rows["shared"] == shared[0]) & (rows["kind"] != "clean")]["label"].unique()
        notes.append(different_numbers_of_images(tuple(map(str, few)), shared[0], shared[-1]))
    partial = rows[(rows["n"] > 0) & (rows["n"] < rows["shared"])]
    if len(partial):
        row = partial.iloc[0]
        notes.append(incomplete_results(row["model"], row["label"], row["reason"], len(partial)))
    return notes


@note
def no_shared_severity(condition: str) -> str:
    return f"{condition} is left out: no severity of it was evaluated for all of the models that have it."


@note
def compared_at_severities(condition: str, severities: tuple[int, ...]) -> str:
    return f"{condition}: compared at severity {', '.join(map(str, severities))}, which all of the models have."


@note
def models_at_fewer_severities(
    models: tuple[str, ...], conditions: tuple[str, ...], severities: tuple[int, ...]
) -> str:
    """`conditions` are those that others have at more severities; `severities` are those of the models there."""
    return (
        f"{first_of(models)}: evaluated under {first_of(conditions)} at severity {', '.join(map(str, severities))} only, others at "
        "more, and left out there. Choose those severities to compare all, or evaluate the rest."
    )


@note
def models_under_fewer_conditions(models: tuple[str, ...], conditions: int, of: int) -> str:
    return f"{first_of(models)}: {conditions} of the {of} conditions, so without a mean, and not ranked."


@note
def models_without_results(models: tuple[str, ...], suites: tuple[str, ...]) -> str:
    return f"{first_of(models)}: no results under {', '.join(map(title, suites))} here, and not drawn."


def first_of(names: tuple[str, ...]) -> str:
    """The first three names, and how many more there are."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


@note
def different_numbers_of_images(conditions: tuple[str, ...], fewest: int, most: int) -> str:
    """`conditions` are those with the fewest images."""
    return (
        f"The conditions have {fewest:,} to {most:,} images, those that the models share under each; the fewest for "
        f"{', '.join(conditions[:3])}."
    )


@note
def incomplete_results(model: str, condition: str, reason: str, results: int) -> str:
    """The first of `results` rows that have fewer images than the others."""
    count = "A result is" if results == 1 else f"{results} results are"
    return f"{count} incomplete: {condition} of {model}, {reason}."
