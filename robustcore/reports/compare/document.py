"""A document of a comparison: everything that one file needs that is read far from here, without a server or a network."""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from robustcore import corruptions
from robustcore.datasets import load_dataset
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Store
from robustcore.reports import compare
from robustcore.reports.compare import answers, measures, published_models, references
from robustcore.reports.compare.answers import Answers
from robustcore.reports.compare.comparison import Comparison
from robustcore.reports.compare.measures import MEASURES, Bars
from robustcore.reports.overview import overview

_RADIUS = re.compile(r"\beps: ([0-9.e-]+)")


@dataclasses.dataclass(frozen=True)
class Document:
    """What the file says.

    Attributes:
        title: heading.
        learned: what one learns, a sentence each, the most important first.
        accuracy: accuracies with their intervals; its table and means are what is drawn.
        errors: corruption errors against the reference, None where there is no reference.
        words: what the mCE is over, against and on; or why there is none.
        broken: model -> what breaks it first, in words.
        curve: `measures.mean_curve`: accuracy against severity; empty where there are no two severities.
        curve_footer: of its figure.
        notes: sentences that belong beside the figures.
        evidence: fingerprints and runs, a line each.
        command: what makes this file again, "" where no command does.
    """

    title: str
    learned: tuple[str, ...]
    accuracy: Bars
    errors: Bars | None
    words: str
    broken: dict[str, str]
    curve: pd.DataFrame
    curve_footer: str
    notes: tuple[str, ...]
    evidence: tuple[str, ...]
    command: str


def gather(
    models: Sequence[str],
    dataset: str = "scenes",
    suite_names: Sequence[str] = ("imagenet-c",),
    *,
    split: str = "test",
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
        models: names; published ones ("published/imagenet/AlexNet") beside others where the two agree, or alone, when
            dataset and suites are theirs.
        dataset, split: a name or a folder.
        suite_names, severities, storage, seed, limit, store: as in `compare.gather`.
        reference: of the corruption error: a model, or `references.ALEXNET`; default AlexNet where its published errors
            can be used, else the first model where there are several.
        title: heading; default one that names the models.

    Raises:
        InvalidArgumentError: nothing is stored of the models, or a reference that cannot be used, with the reason.
    """
    if models and not reference and all(published_models.is_published(m) for m in models):
        # AlexNet of the same table, on the same images, rather than the one that the paper prints.
        same = f"{'/'.join(models[0].split('/')[:2])}/AlexNet"
        reference = same if same in published_models.names() else ""
    asked = list(dict.fromkeys([*models, *([reference] if reference and reference != references.ALEXNET else [])]))
    printed = [m for m in asked if published_models.is_published(m)]
    own = [m for m in asked if m not in printed]
    if not asked:
        raise InvalidArgumentError("There is no model to report on; name one or more.")
    read, notes = None, list[str]()
    if own:
        images = load_dataset(dataset, split=split)
        results = store if isinstance(store, Store) else Store(store)
        found = compare.gather(
            compare.known(own, images, store=results),
            images,
            suite_names,
            severities=severities,
            storage=storage,
            seed=seed,
            limit=limit,
            store=results,
        )
        if found.only([m for m in own if m in models] or own).empty:
            flags = " ".join(f"--model {shlex.quote(m)}" for m in own)
            raise InvalidArgumentError(
                f"Nothing is stored of {' and '.join(own[:3])} under {' and '.join(suite_names)} on {dataset}; compute it with "
                f"'robustcore evaluate {flags} --dataset {shlex.quote(dataset)} --suite {' '.join(map(shlex.quote, suite_names))}'."
            )
        read = answers.read(found, images, store=results)
        if printed:
            found, notes = published_models.beside(found, printed)
    else:
        found = published_models.gather(printed, printed[0].split("/")[1], severities=severities)
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
    made = make(
        found,
        reference=reference,
        models=[m for m in models if m in found.models],
        read=read,
        title=title,
        store=store,
        command=f"robustcore report {' '.join(again)}",
    )
    return dataclasses.replace(made, notes=(*notes, *made.notes))


def make(
    found: Comparison,
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
        found: as gathered, the reference's rows in it.
        reference, title: as for `gather`.
        models: those that it is about; default all.
        read: the answers behind it, for intervals.
        store: whose runs are the evidence.
        command: what makes this file again.
    """
    chosen = list(models) or found.models
    found, left_out = _labelled(found)
    if reference and (why := references.refused(found, reference)):
        raise InvalidArgumentError(why)
    against = reference or _usual_reference(found, chosen)
    accuracy = measures.bars(found, "accuracy", models=chosen, answers=read)
    graded = _graded(found)
    errors = None
    if graded.empty:
        words = (
            "There is no mCE here: it sums over the severities of corruptions, and none of these conditions has any."
        )
    elif not against:
        words = (
            "There is no mCE here: it divides a model's errors by those of a reference, and there is no other model beside this "
            "one. AlexNet's published errors fit the 1,000 classes of ImageNet at 224 pixels alone."
        )
    else:
        errors = measures.bars(graded, "ce", reference=against, models=chosen, answers=read)
        words = references.mean_in_words(graded, False, against)
    own = found.only(chosen)
    levels = own.corrupted["severity"].dropna().nunique()
    curve = measures.mean_curve(own) if levels > 1 else measures.mean_curve(own).head(0)
    evidence = own.provenance.evidence(store) if own.subjects else []
    return Document(
        title=title or _title(chosen, found),
        learned=tuple(_learned(accuracy, errors, found)),
        accuracy=accuracy,
        errors=errors,
        words=words,
        broken=_broken(own, chosen),
        curve=curve,
        curve_footer=own.provenance.sentence(
            formula="Accuracy = correct / images, the mean over the corruptions at each severity; severity 0: the clean images",
            interval=measures.INTERVAL,
        ),
        notes=tuple(dict.fromkeys([*left_out, *accuracy.notes, *(errors.notes if errors else ())])),
        evidence=tuple(evidence),
        command=command,
    )


def _labelled(found: Comparison) -> tuple[Comparison, list[str]]:
    """Without the conditions that no model has an accuracy under, such as shapes that are of no class, and why; radii as fractions."""
    rows = found.corrupted[found.corrupted["n"] > 0]
    without = rows.groupby("label", sort=False)["accuracy"].count()
    names = list(without.index[without == 0])
    reasons = rows.drop_duplicates("label").set_index("label")["reason"]
    said = [f"{name.replace('_', ' ')} is left out: {reasons[name]}." for name in names]
    kept = found.rows[~found.rows["label"].isin(names)]
    alone = (kept["kind"] == "attack") & (kept["label"] == kept["name"]) & (kept["params"] != "")
    whole = kept["label"].where(
        ~alone, kept["label"] + " (" + kept["params"].str.replace(r'[{}"]', "", regex=True) + ")"
    )
    readable = whole.str.replace(_RADIUS, lambda m: f"eps {255 * float(m[1]):g}/255", regex=True)
    return dataclasses.replace(found, rows=kept.assign(label=readable)), said


def _graded(found: Comparison) -> Comparison:
    """The conditions with severities alone, and the clean images beside them."""
    rows = found.rows
    keep = rows["severity"].notna() | (
        (rows["kind"] == "clean") & rows["shared"].isin(rows.loc[rows["severity"].notna(), "shared"])
    )
    n = rows.loc[keep & (rows["n"] > 0), "n"]
    images = (int(n.min()), int(n.max())) if len(n) else (0, 0)
    return dataclasses.replace(found, rows=rows[keep], provenance=dataclasses.replace(found.provenance, images=images))


def _what(found: Comparison, count: int) -> str:
    """What the models are tried on, in words: "15 corruptions"."""
    word = {"corruption": "corruption", "attack": "attack", "shift": "natural shift"}
    kinds = set(found.corrupted["kind"])
    return f"{count} {word[kinds.pop()] if len(kinds) == 1 else 'condition'}{'' if count == 1 else 's'}"


def _usual_reference(found: Comparison, models: Sequence[str]) -> str:
    """AlexNet of the same table, AlexNet as printed where it may be used, else the first of several models."""
    same = next((m for m in found.models if m.endswith("/AlexNet")), "")
    if same or not references.refused(found, references.ALEXNET):
        return same or references.ALEXNET
    return models[0] if len(models) > 1 else ""


def _title(models: Sequence[str], found: Comparison) -> str:
    who = (
        models[0]
        if len(models) == 1
        else f"{models[0]} and {models[1]}"
        if len(models) == 2
        else f"{len(models)} models"
    )
    return f"{who} under {_what(found, found.corrupted['label'].nunique())} of {found.provenance.dataset}"


def _learned(accuracy: Bars, errors: Bars | None, found: Comparison) -> list[str]:
    means = accuracy.means.sort_values("value", ascending=False, na_position="last", kind="stable")
    known = means[means["value"].notna()]
    count = int(means["conditions"].max())
    over = f"on the mean over {_what(found, count)}"
    said = []
    if len(known) == 0:
        said.append(f"No model has results under all of the {count} conditions: {means['reason'].iloc[0]}.")
    elif len(known) == 1:
        row = known.iloc[0]
        said.append(
            f"{row['model']} is right on {_percent(row['clean'])} of the clean images, and {over} on {_value(row)}."
        )
    else:
        best, second, last = known.iloc[0], known.iloc[1], known.iloc[-1]
        said.append(
            f"{best['model']} keeps most: {_value(best)} right {over}, {_percent(best['clean'])} on clean images."
        )
        level = pd.notna(best["low"]) and second["value"] >= best["low"]
        said.append(
            f"Then comes {second['model']} with {_value(second)}"
            + (": inside the interval of the first, so that chance may have ordered the two." if level else ".")
        )
        if len(known) > 2:
            said.append(f"Least keeps {last['model']} with {_value(last)}.")
    ends = measures.extremes(accuracy)
    if ends is not None:
        hardest, easiest = (name.replace("_", " ") for name in ends)
        said.append(f"On the whole {hardest} costs most and {easiest} least.")
    others = pd.DataFrame() if errors is None else errors.means[errors.means["model"] != errors.reference]
    if errors is not None and others["value"].notna().any():
        first = others.sort_values("value", na_position="last", kind="stable").iloc[0]
        said.append(
            f"Errors against those of {references.title(errors.reference)} (mCE, 100 is as many, less is better): "
            f"{'lowest for ' if len(others) > 1 else ''}{first['model']}, {MEASURES['ce'].text(first['value'])}."
        )
    return said


def _value(row: Any) -> str:
    interval = f" (95 % interval {100 * row['low']:.1f} to {100 * row['high']:.1f})" if pd.notna(row["low"]) else ""
    return f"{_percent(row['value'])}{interval}"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _broken(own: Comparison, models: Sequence[str]) -> dict[str, str]:
    """What breaks each model first, in words."""
    rows = own.corrupted[own.corrupted["accuracy"].notna()]
    clean = own.rows.loc[own.rows["kind"] == "clean", ["model", "shared", "accuracy"]].drop_duplicates(
        ["model", "shared"]
    )
    rows = rows.merge(clean.rename(columns={"accuracy": "clean"}), on=["model", "shared"], how="left")
    broken = overview.broken_by(rows.assign(kept=rows["accuracy"] / rows["clean"]))
    said = {}
    for model in models:
        if model in broken.index:
            row: Any = broken.loc[model]
            said[model] = (
                f"{row['label'].replace('_', ' ')} at severity {row['severity']} ({_percent(row['accuracy'])} left)"
            )
        elif rows.loc[rows["model"] == model, "severity"].notna().any():
            said[model] = "nothing halves its clean accuracy"
        else:
            said[model] = "not evaluated at severities"
    return said
