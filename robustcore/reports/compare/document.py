"""A document of a comparison: everything that one file needs that is read far from here, without a server or a network."""

from __future__ import annotations

import dataclasses
import math
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from robustcore import corruptions, metrics
from robustcore.datasets import Dataset, load_dataset
from robustcore.display import display_name
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Store
from robustcore.notes import Note, note
from robustcore.reports import compare
from robustcore.reports.compare import answers, measures, published_models, references
from robustcore.reports.compare.answers import Answers
from robustcore.reports.compare.comparison import Comparison, left_out
from robustcore.reports.compare.measures import Bars
from robustcore.reports.overview import overview
from robustcore.reports.provenance import Footer
from robustcore.training import families

_RADIUS = re.compile(r"\beps: ([0-9.e-]+)")


@note
def no_model_is_complete(conditions: int, reason: str) -> str:
    return f"No model has results under all of the {conditions} conditions: {reason}."


@note
def one_model(model: str, mean: float, low: float, high: float, clean: float, over: str) -> str:
    """`mean` is its mean accuracy over the conditions, `low` and `high` its interval, NaN where there is none."""
    return f"{model} is right on {_percent(clean)} of the clean images, and {over} on {_value(mean, low, high)}."


@note
def best_model(model: str, mean: float, low: float, high: float, clean: float, over: str) -> str:
    return f"{model} keeps most: {_value(mean, low, high)} right {over}, {_percent(clean)} on clean images."


@note
def second_model(model: str, mean: float, low: float, high: float, within: bool) -> str:
    """`within` is whether its mean is in the interval of the best."""
    chance = ": inside the interval of the first, so that chance may have ordered the two." if within else "."
    return f"Then comes {model} with {_value(mean, low, high)}{chance}"


@note
def last_model(model: str, mean: float, low: float, high: float) -> str:
    return f"{model} keeps least, {_value(mean, low, high)}."


@note
def hardest_and_easiest(hardest: str, easiest: str) -> str:
    return f"Overall, {hardest.replace('_', ' ')} costs most and {easiest.replace('_', ' ')} least."


@note
def lowest_error(model: str, mean: float, reference: str, models: int) -> str:
    """The lowest mean corruption error of some models."""
    return (
        f"Errors against those of {references.title(reference)} (mCE, 100 is as many, less is better): "
        f"{'lowest for ' if models > 1 else ''}{model}, {metrics.get('ce').text(mean)}."
    )


@note
def no_mce_without_severities() -> str:
    return "There is no mCE here: it sums over the severities of corruptions, and none of these conditions has any."


@note
def no_mce_without_reference() -> str:
    return (
        "There is no mCE here: it divides a model's errors by those of a reference, and there is no other model in this report. "
        "AlexNet's published errors fit the 1,000 classes of ImageNet at 224 pixels alone."
    )


@note
def breaks_first(model: str, condition: str, severity: int, accuracy: float) -> str:
    """The condition that leaves less than half of the clean accuracy at the lowest severity."""
    return f"{condition.replace('_', ' ')} at severity {severity} ({_percent(accuracy)} left)"


@note
def nothing_breaks(model: str) -> str:
    return "nothing halves its clean accuracy"


@note
def no_severities(model: str) -> str:
    return "not evaluated at severities"


@dataclasses.dataclass(frozen=True)
class Document:
    """What the file says.

    Attributes:
        title: heading.
        learned: what one learns, the most important first.
        accuracy: accuracies with their intervals; its table and means are what is drawn.
        errors: corruption errors against the reference, None where there is no reference.
        words: what the mCE is over, against and on; or why there is none.
        broken: model -> what breaks it first.
        curve: `measures.mean_curve`: accuracy against severity; empty where there are no two severities.
        curve_footer: of its figure.
        notes: what has to be said with the figures.
        evidence: fingerprints and runs, a line each.
        command: what makes this file again, "" where no command does.
    """

    title: str
    learned: tuple[Note, ...]
    accuracy: Bars
    errors: Bars | None
    words: Note
    broken: dict[str, Note]
    curve: pd.DataFrame
    curve_footer: Footer
    notes: tuple[Note, ...]
    evidence: tuple[str, ...]
    command: str


def gather(
    models: Sequence[str],
    dataset: str = "scenes",
    suite_names: Sequence[str] = ("imagenet-c",),
    *,
    split: str = "test",
    images: Dataset | None = None,
    severities: Sequence[int] = corruptions.SEVERITIES,
    storage: str = "memory",
    seed: int = 0,
    limit: int | None = None,
    reference: str = "",
    title: str = "",
    store: Store | Path | str | None = None,
) -> Document:
    """A document of what is stored of some models; computes no prediction.

    Args:
        models: names; published ones ("published/imagenet/AlexNet") with others where the two agree, or alone, when
            dataset and suites are theirs.
        dataset, split: a name or a folder.
        images: the same where it is loaded already, or what results know of it; its split counts.
        suite_names, severities, storage, seed, limit, store: as in `compare.gather`.
        reference: of the corruption error: a model, or `references.ALEXNET`; default AlexNet where its published errors
            can be used, else, of several models, the first that was trained without an intervention, or the first.
        title: heading; default one that names the models.

    Raises:
        InvalidArgumentError: nothing is stored of the models, or a reference that cannot be used, with the reason.
    """
    if models and not reference and all(published_models.is_published(m) for m in models):
        # AlexNet of the same table, on the same images, rather than the one that the paper prints.
        same = f"{'/'.join(models[0].split('/')[:2])}/AlexNet"
        reference = same if same in published_models.names() else ""
    names = list(dict.fromkeys([*models, *([reference] if reference and reference != references.ALEXNET else [])]))
    printed = [m for m in names if published_models.is_published(m)]
    own = [m for m in names if m not in printed]
    if not names:
        raise InvalidArgumentError("There is no model to report on; name one or more.")
    read, notes = None, list[Note]()
    if own:
        images = load_dataset(dataset, split=split) if images is None else images
        split = "test" if images.split == "all" else images.split
        results = store if isinstance(store, Store) else Store(store)
        comparison = compare.gather(
            compare.subjects(own, images, store=results),
            images,
            suite_names,
            severities=severities,
            storage=storage,
            seed=seed,
            limit=limit,
            store=results,
        )
        if comparison.only([m for m in own if m in models] or own).empty:
            flags = " ".join(f"--model {shlex.quote(m)}" for m in own)
            raise InvalidArgumentError(
                f"Nothing is stored of {' and '.join(own[:3])} under {' and '.join(suite_names)} on {dataset}; compute it with "
                f"'robustcore evaluate {flags} --dataset {shlex.quote(dataset)} --suite {' '.join(map(shlex.quote, suite_names))}'."
            )
        read = answers.read(comparison, images, store=results)
        if printed:
            comparison, notes = published_models.joined(comparison, printed)
    else:
        comparison = published_models.gather(printed, printed[0].split("/")[1], severities=severities)
    again = [f"--model {shlex.quote(m)}" for m in models] + ([f"--dataset {shlex.quote(dataset)}"] if own else [])
    again += [f"--suite {' '.join(map(shlex.quote, suite_names))}"] if own else []
    for flag, value, usual in (
        ("split", split, "test"),
        ("storage", storage, "memory"),
        ("seed", seed, 0),
        ("limit", limit, None),
        ("reference", reference, ""),
    ):
        again += [f"--{flag} {shlex.quote(str(value))}"] if value != usual else []
    again += [f"--severity {' '.join(map(str, severities))}"] if tuple(severities) != corruptions.SEVERITIES else []
    document = make(
        comparison,
        reference=reference,
        models=[m for m in models if m in comparison.models],
        read=read,
        title=title,
        store=store,
        command=f"robustcore report {' '.join(again)}",
    )
    return dataclasses.replace(document, notes=(*notes, *document.notes))


def make(
    comparison: Comparison,
    *,
    reference: str = "",
    models: Sequence[str] = (),
    read: Answers | None = None,
    title: str = "",
    store: Store | Path | str | None = None,
    command: str = "",
) -> Document:
    """A document of a comparison.

    Args:
        comparison: as gathered, the reference's rows in it.
        reference, title: as for `gather`.
        models: those that it is about; default all.
        read: the answers behind it, for intervals.
        store: whose runs are the evidence.
        command: what makes this file again.
    """
    chosen = list(models) or comparison.models
    comparison, without = _labelled(comparison)
    if reference and (why := references.refused(comparison, reference)):
        raise InvalidArgumentError(why)
    against = reference or _usual_reference(comparison, chosen)
    accuracy = measures.bars(comparison, "accuracy", models=chosen, answers=read)
    graded = _graded(comparison)
    errors = None
    if graded.empty:
        words = no_mce_without_severities()
    elif not against:
        words = no_mce_without_reference()
    else:
        errors = measures.bars(graded, "ce", reference=against, models=chosen, answers=read)
        words = references.mean_note(graded, metrics.get("ce"), against)
    own = comparison.only(chosen)
    levels = own.corrupted["severity"].dropna().nunique()
    curve = measures.mean_curve(own) if levels > 1 else measures.mean_curve(own).head(0)
    evidence = own.provenance.evidence(store) if own.subjects else []
    return Document(
        title=title or _title(chosen, comparison),
        learned=tuple(_learned(accuracy, errors, comparison)),
        accuracy=accuracy,
        errors=errors,
        words=words,
        broken=_broken(own, chosen),
        curve=curve,
        curve_footer=own.provenance.footer(
            formula="Accuracy = correct / images, the mean over the corruptions at each severity; severity 0: the clean images",
            interval=measures.INTERVAL,
        ),
        notes=tuple(dict.fromkeys([*without, *accuracy.notes, *(errors.notes if errors else ())])),
        evidence=tuple(evidence),
        command=command,
    )


def _labelled(comparison: Comparison) -> tuple[Comparison, list[Note]]:
    """Without the conditions that no model has an accuracy under, such as shapes that are of no class, and why; radii as fractions."""
    rows = comparison.corrupted[comparison.corrupted["n"] > 0]
    without = rows.groupby("label", sort=False)["accuracy"].count()
    names = list(without.index[without == 0])
    reasons = rows.drop_duplicates("label").set_index("label")["reason"]
    notes = [left_out(display_name(name, inside=True), reasons[name]) for name in names]
    kept = comparison.rows[~comparison.rows["label"].isin(names)]
    alone = (kept["kind"] == "attack") & (kept["label"] == kept["name"]) & (kept["params"] != "")
    whole = kept["label"].where(
        ~alone, kept["label"] + " (" + kept["params"].str.replace(r'[{}"]', "", regex=True) + ")"
    )
    readable = whole.str.replace(_RADIUS, lambda m: f"eps {255 * float(m[1]):g}/255", regex=True)
    return dataclasses.replace(comparison, rows=kept.assign(label=readable)), notes


def _graded(comparison: Comparison) -> Comparison:
    """The conditions with severities alone, and the clean images beside them."""
    rows = comparison.rows
    keep = rows["severity"].notna() | (
        (rows["kind"] == "clean") & rows["shared"].isin(rows.loc[rows["severity"].notna(), "shared"])
    )
    n = rows.loc[keep & (rows["n"] > 0), "n"]
    images = (int(n.min()), int(n.max())) if len(n) else (0, 0)
    return dataclasses.replace(
        comparison, rows=rows[keep], provenance=dataclasses.replace(comparison.provenance, images=images)
    )


def _what(comparison: Comparison, count: int) -> str:
    """What the models are tried on, in words: "15 corruptions"."""
    word = {"corruption": "corruption", "attack": "attack", "shift": "natural shift"}
    kinds = set(comparison.corrupted["kind"])
    return f"{count} {word[kinds.pop()] if len(kinds) == 1 else 'condition'}{'' if count == 1 else 's'}"


def _usual_reference(comparison: Comparison, models: Sequence[str]) -> str:
    """AlexNet of the same table, AlexNet as printed where it may be used, else, of several models, the first that was trained
    without an intervention, or the first."""
    same = next((m for m in comparison.models if m.endswith("/AlexNet")), "")
    if same or not references.refused(comparison, references.ALEXNET):
        return same or references.ALEXNET
    if len(models) < 2:
        return ""
    return next((model for model in models if families.without_intervention(model)), models[0])


def _title(models: Sequence[str], comparison: Comparison) -> str:
    who = (
        models[0]
        if len(models) == 1
        else f"{models[0]} and {models[1]}"
        if len(models) == 2
        else f"{len(models)} models"
    )
    return (
        f"{who} under {_what(comparison, comparison.corrupted['label'].nunique())} of {comparison.provenance.dataset}"
    )


def _learned(accuracy: Bars, errors: Bars | None, comparison: Comparison) -> list[Note]:
    means = accuracy.means.sort_values("value", ascending=False, na_position="last", kind="stable")
    ranked: list[Any] = means[means["value"].notna()].to_dict("records")
    count = int(means["conditions"].max())
    over = f"on the mean over {_what(comparison, count)}"
    notes = []
    if not ranked:
        notes.append(no_model_is_complete(count, means["reason"].iloc[0]))
    elif len(ranked) == 1:
        notes.append(one_model(**_mean(ranked[0]), clean=ranked[0]["clean"], over=over))
    else:
        best, second, last = ranked[0], ranked[1], ranked[-1]
        notes.append(best_model(**_mean(best), clean=best["clean"], over=over))
        within = pd.notna(best["low"]) and second["value"] >= best["low"]
        notes.append(second_model(**_mean(second), within=bool(within)))
        if len(ranked) > 2:
            notes.append(last_model(**_mean(last)))
    ends = measures.extremes(accuracy)
    if ends is not None:
        notes.append(hardest_and_easiest(*ends))
    others = pd.DataFrame() if errors is None else errors.means[errors.means["model"] != errors.reference]
    if errors is not None and others["value"].notna().any():
        first = others.sort_values("value", na_position="last", kind="stable").iloc[0]
        notes.append(lowest_error(first["model"], float(first["value"]), errors.reference, len(others)))
    return notes


def _mean(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"model": row["model"], "mean": row["value"], "low": row["low"], "high": row["high"]}


def _value(mean: float, low: float, high: float) -> str:
    interval = "" if math.isnan(low) else f" (95 % interval {100 * low:.1f} to {100 * high:.1f})"
    return f"{_percent(mean)}{interval}"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _broken(own: Comparison, models: Sequence[str]) -> dict[str, Note]:
    """What breaks each model first."""
    rows = own.corrupted[own.corrupted["accuracy"].notna()]
    clean = own.rows.loc[own.rows["kind"] == "clean", ["model", "shared", "accuracy"]].drop_duplicates(
        ["model", "shared"]
    )
    rows = rows.merge(clean.rename(columns={"accuracy": "clean"}), on=["model", "shared"], how="left")
    broken = overview.broken_by(rows.assign(kept=rows["accuracy"] / rows["clean"]))
    notes = {}
    for model in models:
        if model in broken.index:
            row: Any = broken.loc[model]
            notes[model] = breaks_first(model, row["label"], int(row["severity"]), float(row["accuracy"]))
        elif rows.loc[rows["model"] == model, "severity"].notna().any():
            notes[model] = nothing_breaks(model)
        else:
            notes[model] = no_severities(model)
    return notes
