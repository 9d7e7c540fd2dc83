"""The shortlist as a gallery: a click rejects an image, another takes it back; what was rejected is kept."""

from __future__ import annotations

import functools

import streamlit as st

from dashboard import data_urls
from dashboard.session import actions, permissions, selection
from dashboard.views.filtration.controls import KEY, Choice
from dashboard.widgets import markup, states, thumbnails
from robustcore.display import display_name
from robustcore.errors import RobustcoreError
from robustcore.evaluation.filtration import Selection, reviews
from robustcore.reports.filtration import gallery as reports

PER_PAGE = 48


def gallery(choice: Choice, key: str, chosen: Selection) -> None:
    """Draw the images of the shortlist, a page of them at a time."""
    rows = chosen.shortlist
    with st.container(border=True, key=f"card-{KEY}-review"):
        st.subheader("Review", anchor=False)
        rejected = int(rows["rejected"].sum())
        st.caption(
            "Least confidence in the right class first. Click an image that does not show its class clearly, or shows several, "
            f"to reject it; click again to take it back. {rejected:,} of {len(rows):,} rejected."
        )
        pages = -(-len(rows) // PER_PAGE)
        page = 1
        if pages > 1:
            page = selection.number(
                f"Page (of {pages})", 1, pages, key=f"{KEY}_page", default=1, kind="page of the gallery", width=160
            )
        on_this_page = rows.iloc[(page - 1) * PER_PAGE : page * PER_PAGE]
        sources = _thumbnails(choice, on_this_page["place"].tolist())
        thumbs = []
        for row, source in zip(on_this_page.to_dict("records"), sources, strict=True):
            label, answer = display_name(reports.class_name(str(row["label"]))), display_name(str(row["answer"]))
            lines = tuple((text, thumbnails.RIGHT) for text in (label, f"→ {answer}", f"{row['confidence']:.1%}"))
            alt = f"{label}, taken for {answer}, {row['confidence']:.1%} on {label}{', rejected' if row['rejected'] else ''}"
            key_ = "" if permissions.read_only() else str(row["id"])
            thumbs.append(thumbnails.Thumb(key_, source, alt, lines, choice.dataset.side <= 96, bool(row["rejected"])))
        markup.show(thumbnails.large(thumbs), key=f"{KEY}_gallery", on_pick=functools.partial(_toggle, key))


def _thumbnails(choice: Choice, places: list[int]) -> list[str]:
    """Data addresses of some images, kept for the session as long as the same are shown."""
    wanted = (choice.dataset.fingerprint, tuple(places))
    known: tuple[tuple[str, tuple[int, ...]], list[str]] | None = st.session_state.get(f"{KEY}_thumbnails")
    if known is not None and known[0] == wanted:
        return known[1]
    sources = [data_urls.thumbnails(choice.dataset[place][0][None])[0] for place in places]
    st.session_state[f"{KEY}_thumbnails"] = (wanted, sources)
    return sources


def _toggle(key: str, picked: str) -> None:
    if not picked.isdecimal():
        return
    try:
        actions.reject_images(key, reviews.rejected(key) ^ {int(picked)})
    except RobustcoreError as error:
        st.session_state[f"{KEY}_problem"] = str(error)


def problem() -> None:
    """Say why a click could not be kept."""
    if text := st.session_state.pop(f"{KEY}_problem", ""):
        states.error(str(text), title="The review was not kept")
