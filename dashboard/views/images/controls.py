"""Which model, which images, under what."""

from __future__ import annotations

import dataclasses

import streamlit as st

import robustcore.corruptions as corruptions
from dashboard import cache
from dashboard.cache import compare
from dashboard.cache.datasets import Data
from dashboard.session import selection
from dashboard.widgets import data_picker, labels
from robustcore.display import display_name
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation.condition import Condition
from robustcore.evaluation.plan import Subject
from robustcore.reports.images import Answered
from robustcore.reports.provenance import Footer, package_version

KEY = "images"
NONE = "no model"
CLEAN = "clean"
ALL, ALL_TITLE = "", "All corruptions"
_ANY = 0  # every severity


@dataclasses.dataclass(frozen=True)
class Choice:
    """What a visitor has chosen.

    Attributes:
        subject: the model, as results know it; second: another one, or None.
        data: as the page names it.
        suite, storage, seed: of the evaluation.
        answered: the model's answers.
        name: of a corruption, "clean", or "" for all corruptions.
        severity: one, or None for all.
    """

    subject: Subject
    second: Subject | None
    data: Data
    suite: str
    storage: str
    seed: int
    answered: Answered
    name: str = ALL
    severity: int | None = None

    @property
    def rows(self) -> list[int]:
        """The chosen conditions' places among the answers."""
        return self.answered.rows(self.name, self.severity)

    @property
    def words(self) -> str:
        """The chosen conditions inside a sentence: "under fog at severity 3"."""
        if self.name == CLEAN:
            return "on clean images"
        name = "all corruptions" if self.name == ALL else display_name(self.name, "corruption", inside=True)
        return f"under {name}" + ("" if self.severity is None else f" at severity {self.severity}")

    def footer(self, words: str, images: int | None = None) -> Footer:
        """Below figures of some conditions, and of the first images or of all that were evaluated."""
        from robustcore.reports.images.notes import images_shown

        names = tuple(each.name for each in (self.subject, self.second) if each is not None)
        where = data_picker.words(self.data)
        said = images_shown(names, where, images or self.answered.images, labels.suite(self.suite), words, self.seed)
        return Footer(before=(said,), further=(package_version(),))

    def class_name(self, number: int) -> str:
        """A class of the model, for people."""
        return display_name(self.subject.classes[number])


def pick() -> Choice | None:
    """Draw the controls; None where the model's answers are not stored (the reason is on the page).

    Raises:
        InvalidArgumentError: nothing is evaluated on the chosen images.
    """
    with st.container(border=True, key=f"{KEY}_controls", gap="small"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            data = data_picker.data(
                "Images of", [entry.name for entry in cache.datasets.entries() if entry.stored], key=KEY
            )
            evaluated = cache.results.evaluated(data)
            if not evaluated:
                raise InvalidArgumentError(
                    f"Nothing is evaluated on {data_picker.words(data)}: run an evaluation first."
                )
            model = selection.selectbox("Model", evaluated, key=f"{KEY}_model", kind="model", width=250)
            second = selection.selectbox(
                "Second model",
                [NONE, *(name for name in evaluated if name != model)],
                key=f"{KEY}_beside",
                kind="model",
                width=250,
                help="For images on which two models disagree.",
            )
            suite = selection.selectbox(
                "Suite", _suites(), key=f"{KEY}_suite", kind="suite", default="imagenet-c", text=labels.suite, width=200
            )
            storages = [s for s in compare.storages() if s in corruptions.STORAGES]
            storage = selection.selectbox(
                "Storage", storages, key=f"{KEY}_storage", kind="storage", text=labels.storage, width=160
            )
            seed = selection.number(
                "Seed", 0, 2**31 - 1, key=f"{KEY}_seed", default=0, kind="seed", help="Of the evaluation.", width=120
            )
        subject = cache.results.subject(model, data)
        answered = cache.inside.answers.answered(subject, data, suite, storage, seed)
        if answered is None:
            return None
        other = None if second == NONE else cache.results.subject(second, data)
        name, severity = _pick_condition(answered)
    return Choice(subject, other, data, suite, storage, seed, answered, name, severity)


def _pick_condition(answered: Answered) -> tuple[str, int | None]:
    """A condition that is stored, or all of them."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        corrupted = [name for name in answered.names if name != CLEAN]
        names = [*([ALL] if len(corrupted) > 1 else []), *corrupted, CLEAN]
        titles = {ALL: ALL_TITLE, CLEAN: "Clean images"}
        name = selection.selectbox(
            "Under",
            names,
            key=f"{KEY}_under",
            kind="condition",
            text=lambda n: titles.get(n) or display_name(n, "corruption", suite=True),
            width=300,
        )
        levels = answered.severities(name)
        if name == CLEAN or len(levels) < 2:
            return name, None
        level = selection.segmented(
            "Severity",
            [_ANY, *levels],
            key=f"{KEY}_severity",
            kind="severity",
            text=lambda s: "All" if s == _ANY else str(s),
        )
    return name, None if level == _ANY else level


def canonical(choice: Choice, row: int) -> str:
    """A condition of the answers as pictures are asked for."""
    condition: Condition = choice.answered.conditions[row]
    return condition.canonical()


def _suites() -> list[str]:
    return [name for name in corruptions.suites.names("corruption") if corruptions.names(name)]
