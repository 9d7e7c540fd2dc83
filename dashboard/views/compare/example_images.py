"""The images behind a bar: some that the model lost under the condition, some that it kept."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Sequence
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from dashboard import cache, data_urls
from dashboard.cache import compare
from dashboard.session import roots, selection
from dashboard.views.compare.controls import KEY, PINNED, Choice
from dashboard.widgets import addresses, links, markup, states, thumbnails
from dashboard.widgets.markup import Markup
from robustcore.display import display_name
from robustcore.evaluation.condition import RELEASED, SET, Condition
from robustcore.reports.compare import example_images, published_models
from robustcore.reports.compare.comparison import CLEAN, Comparison
from robustcore.reports.compare.example_images import Outcome, Seen

Classes = tuple[str, ...]
SHOWN = 8  # images of each kind
SCENES = (("scenes", ""), ("scenes", "test"))  # whose images the page Attack offers: data set and split
PLACE = f"{KEY}_behind"
MODEL, LABEL, CLICKED = f"{PLACE}_model", f"{PLACE}_label", f"_{PLACE}_clicked"
SEVERITY = f"{PLACE}_severity"


@dataclasses.dataclass(frozen=True)
class Mark:
    """What was clicked.

    Attributes:
        model: whose mark it is.
        label: a condition's label, the family of several, or what is neither for a mark that is of all conditions.
        severity: 1..5, or 0 where the mark is of none of them.
    """

    model: str
    label: str
    severity: int = 0


def chosen(event: Any) -> Mark | None:
    """The mark that was clicked; None where none is."""
    points = event["selection"]["points"] if event else []
    data_of = [p.get("customdata") for p in points if p.get("customdata")]
    if not data_of:
        return None
    model, label, *severity = data_of[0]
    return Mark(str(model), str(label), int(severity[0]) if severity else 0)


def panel(comparison: Comparison, choice: Choice, clicked: Mark | None) -> None:
    """Next to the figure: what a click on a mark leads to; it stays in the address."""
    adopt(comparison, clicked)
    with st.container(border=True, key=PLACE):
        bar = _choose(comparison, choice)
        lead_here(*(bar or ()))
        if bar is None:
            return
        with st.container(key=f"{PLACE}_open"):  # by which the style sheet knows that there is something to see
            _show(comparison, choice, *bar)


def lead_here(*chosen: str | None) -> None:
    """On narrow screens, where the images are below the figure, scroll to them as soon as something else is chosen."""
    markup.show(
        Markup("<span></span>"), key=f"{PLACE}_arrival", leads_to=PLACE, arrives=" ".join(str(each) for each in chosen)
    )


def _show(comparison: Comparison, choice: Choice, model: str, label: str) -> None:
    """Some of the images that a model lost under a condition, and some that it kept; or why there are none."""
    rows = comparison.rows[
        (comparison.rows["model"] == model) & (comparison.rows["label"] == label) & (comparison.rows["n"] > 0)
    ]
    st.subheader(f"{states.plain(display_name(label))}: what {states.plain(model)} lost and kept", anchor=False)
    onward(model, choice)
    answers = compare.answers(comparison, choice.data)
    if rows.empty or answers is None:
        states.notice("The answers to single images are not known here: published figures are counts.")
        return
    condition = pick_severity(rows)
    classes = next((s.classes for s in comparison.subjects if s.name == model), ())
    lost_and_kept(choice, model, classes, condition, example_images.outcome(answers, model, condition))


def lost_and_kept(choice: Choice, model: str, classes: Classes, condition: str, outcome: Outcome | None) -> None:
    """Both kinds of images of a model under a condition; those of an attack clean, each a link to the page that attacks it.

    Args:
        choice: what is chosen on the page.
        model, classes: the model, and the names of its classes.
        condition: in its canonical form.
        outcome: what became of the images; None where only counts are stored.
    """
    if outcome is None:
        states.notice("Only counts are stored of this result, not the answers to single images.")
        return
    if why := why_without_images(choice, condition):
        states.notice(f"{why} The images themselves are left out.")
        st.caption(_counts(outcome))
        return
    rows = Rows(choice, condition, model, labels=classes, answers=classes)
    if not example_images.can_be_shown(condition):
        further = " Click one to see it attacked, step by step." if rows.lead_on else ""
        st.caption(f"Images are clean here, with the answers under attack: the change itself is hard to see.{further}")
    before = "right when clean, " if outcome.paired else ""
    rows.show("Lost", f"{before}wrong here", outcome.lost, right=False, paired=outcome.paired)
    rows.show("Kept", f"{before}right here", outcome.kept, right=True, paired=outcome.paired)
    both, gained = outcome.counts[False, False], outcome.counts[False, True]
    if outcome.paired:
        st.caption(f"Wrong even when clean: {both + gained:,} images, of which {gained:,} are right here.")


def pick_severity(rows: pd.DataFrame) -> str:
    """The canonical form of a condition at a severity, which is chosen where there are several; of its rows, one for each severity."""
    conditions: dict[int, str] = dict(zip(rows["severity"].fillna(0).astype(int), rows["condition"], strict=True))
    level = max(conditions)
    if len(conditions) > 1:
        level = selection.segmented(
            "Severity",
            sorted(conditions),
            key=SEVERITY,
            kind="severity",
            default=sorted(conditions)[len(conditions) // 2],
        )
    return conditions.get(level, next(iter(conditions.values())))


def why_without_images(choice: Choice, condition: str) -> str:
    """Why images under a condition cannot be made here, a sentence; "" where they can."""
    return cache.datasets.why_without_images(choice.data) or _released_elsewhere(condition)


def _released_elsewhere(canonical: str) -> str:
    """Why the files of a released corruption cannot be shown, a sentence; "" where they can, and for all that is made."""
    condition = Condition.from_dict(json.loads(canonical))
    if condition.storage != RELEASED:
        return ""
    folder = str(condition.parameters.get(SET, ""))
    if folder and os.path.isdir(folder) and roots.allows(folder):
        return ""
    return "The released files are not on this machine, or not in a folder that this server may read."


def _counts(outcome: Outcome) -> str:
    """How many images there are of each kind, where none can be shown."""
    return f"Lost: {len(outcome.lost):,} images. Kept: {len(outcome.kept):,} images."


def adopt(comparison: Comparison, clicked: Mark | None) -> None:
    """Take over a new click; one on a mean leads to the condition that costs that model most, of those that it is over."""
    if clicked is None or st.session_state.get(CLICKED) == clicked:
        return
    st.session_state[CLICKED] = clicked
    rows = comparison.corrupted[(comparison.corrupted["model"] == clicked.model) & (comparison.corrupted["n"] > 0)]
    if rows.empty:
        return
    label = clicked.label
    if label not in set(rows["label"]):
        own = rows[rows["family"] == label] if label in set(rows["family"]) else rows
        label = str(own.groupby("label")["accuracy"].mean().idxmin())
    st.session_state.update({MODEL: clicked.model, LABEL: label})
    if clicked.severity in set(rows.loc[rows["label"] == label, "severity"].dropna()):
        if SEVERITY not in st.session_state:  # its control is not drawn yet, and would leave the address without it
            st.query_params[SEVERITY] = str(clicked.severity)
        st.session_state[SEVERITY] = clicked.severity


def onward(model: str, choice: Choice) -> None:
    """Follow the model through all figures, or look at all that is known of it."""
    is_pinned = model in choice.pinned
    pins = [m for m in choice.pinned if m != model] if is_pinned else [*choice.pinned, model]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Unpin" if is_pinned else "Pin",
            icon=":material/keep_off:" if is_pinned else ":material/keep:",
            key=f"{PLACE}_pin",
            on_click=lambda: st.session_state.update({PINNED: pins}),
            help="A pinned model is on top and highlighted in every figure.",
        )
        if not published_models.is_published(model):
            links.to("model", "About this model", {"name": model})


def _choose(comparison: Comparison, choice: Choice) -> tuple[str, str] | None:
    """What is looked at, by hand too: a bar is thin on a telephone, and a keyboard reaches none."""
    st.caption(
        ":material/touch_app: Click a mark in the figure to see images that the model lost there, and images that it kept; or choose:"
    )
    with st.container(horizontal=True):
        model = selection.optional(
            "Model", [m for m in choice.models if m in comparison.models], key=MODEL, kind="model", width=320
        )
        label = selection.optional(
            "Condition",
            [str(label) for label in dict.fromkeys(comparison.corrupted["label"])],
            key=LABEL,
            kind="condition",
            text=display_name,
            width=240,
        )
    return (model, label) if model and label else None


@dataclasses.dataclass(frozen=True)
class Rows:
    """Rows of images under one condition.

    Attributes:
        choice: what is chosen on the page.
        condition: in its canonical form.
        model: whose answers are shown.
        labels, answers: names of the classes that labels, and answers, are of: two models may have theirs in different orders.
    """

    choice: Choice
    condition: str
    model: str
    labels: Classes
    answers: Classes

    def show(self, title: str, says: str, seen: list[Seen], *, right: bool, paired: bool) -> None:
        """Some images of one kind, each above its clean form, with another handful behind a button; their answers are all `right`
        or all wrong."""
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{title}**: {len(seen):,} images, {says}")
            page = 0
            if len(seen) > SHOWN:
                key = f"{PLACE}_{title}_page"
                pages = -(-len(seen) // SHOWN)
                page = st.session_state.get(key, 0) % pages
                st.button(
                    "Others",
                    icon=":material/refresh:",
                    key=f"{key}_next",
                    type="tertiary",
                    on_click=lambda: st.session_state.update({key: (page + 1) % pages}),
                )
        some = seen[page * SHOWN : (page + 1) * SHOWN]
        if not some:
            st.caption("None.")
            return
        made = example_images.can_be_shown(self.condition)
        grid = self._row(some, self.condition if made else CLEAN, [self._lines(s, right, paired) for s in some])
        if paired and made:
            clean = [((_name(self.labels, s.label), thumbnails.UNKNOWN),) for s in some]
            grid += Markup("<small>the same images, clean:</small>{}").format(self._row(some, CLEAN, clean))
        framed = Markup('<div style="overflow-x:auto;padding:.6rem .6rem 0 0">{}</div>').format(grid)
        links.show_linked(framed, key=f"{PLACE}_{title}")

    def _row(self, some: list[Seen], condition: str, lines: Sequence[thumbnails.Lines]) -> Markup:
        images = compare.corrupted_images(self.choice.data, tuple(s.place for s in some), condition, self.choice.seed)
        crisp = max(images.shape[-2:]) <= data_urls.EXACT_SIDE
        what = " clean" if condition == CLEAN else ""
        return thumbnails.row(
            [
                thumbnails.Thumb(
                    self._leads_to(s),
                    source,
                    f"Image {s.place}{what}: {', '.join(text for text, _ in own)}",
                    own,
                    crisp,
                )
                for s, source, own in zip(some, data_urls.thumbnails(images), lines, strict=True)
            ]
        )

    def _lines(self, seen: Seen, right: bool, paired: bool) -> thumbnails.Lines:
        """The answer, and what is right where no clean image next to it says so."""
        answer = (_name(self.answers, seen.answer), thumbnails.RIGHT if right else thumbnails.WRONG)
        alone = not paired or not example_images.can_be_shown(self.condition)
        told = alone and not right
        return (answer, (f"is {_name(self.labels, seen.label)}", thumbnails.UNKNOWN)) if told else (answer,)

    def _leads_to(self, seen: Seen) -> str:
        """For an attack on a test image of scenes the page that makes it again, step by step; "" for all others."""
        if self._attack is None:
            return ""
        number = cache.images.indices_of_class(seen.label).index(seen.place) + 1
        place = {"attack_class": display_name(self.labels[seen.label]), "attack_number": str(number)}
        return f"attack?{urlencode({**self._attack, **place})}"

    @property
    def lead_on(self) -> bool:
        """Whether images are links to a page that makes them."""
        return self._attack is not None

    @cached_property
    def _attack(self) -> links.Address | None:
        """The page Attack with this attack; None for all other conditions, and for images or settings that it does not offer."""
        condition = Condition.from_dict(json.loads(self.condition))
        if condition.kind != "attack" or (self.choice.dataset, self.choice.data.split) not in SCENES:
            return None
        here = set(cache.models.model_names())
        if self.model not in here:
            return None
        crafted = condition.parameters.get("surrogate")
        if crafted is None:
            return addresses.attack(self.model, condition)
        known = (m for m in self.choice.models if m in here and cache.models.fingerprint(m) == crafted)
        surrogate = next(known, None)
        return None if surrogate is None else addresses.attack(self.model, condition, surrogate)


def _name(classes: Classes, label: int) -> str:
    return classes[label] if 0 <= label < len(classes) else str(label)
