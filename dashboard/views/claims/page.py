"""Claims: what the documents say about robustness, and whether the stored results show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from dashboard import cache
from dashboard.pages import Page
from dashboard.session import selection
from dashboard.views.claims import claim_list
from dashboard.widgets import figure, markup, states
from robustcore.errors import RobustcoreError
from robustcore.reports.claims import TOPICS, VERDICTS, Claim, counted

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

PAGE = Page(
    title="Claims",
    icon=":material/balance:",
    order=38,
    group="Understand",
    question="What the literature says, and what is seen here",
    purpose="Claims of the documents behind robustcore, each held against the stored results by a rule that was fixed before.",
    help="A claim is seen, not seen, or cannot be said because results are missing or too uncertain. What is not seen is "
    "stated as such. Open a row for its rule, its source and the numbers.",
)
KEY = "claims"


def render() -> None:
    """The page below its heading."""
    with st.container(border=True, key=f"{KEY}_controls"):
        left, right = st.columns(2, gap="medium")
        topics = _topics(left) if len(TOPICS) > 1 else []
        with right if len(TOPICS) > 1 else left:
            verdicts = selection.pills(
                "Verdict",
                list(VERDICTS),
                key=f"{KEY}_verdict",
                kind="verdict",
                text=str.capitalize,
                help="None chosen: all of them.",
            )
    shown = topics or list(TOPICS)
    claims = tuple(claim for topic in shown for claim in _judged(topic))
    kept = [claim for claim in claims if not verdicts or claim.verdict in verdicts]
    st.markdown(f"**{counted(claims)}**")
    if not kept:
        states.empty("No such claim", "None of the claims has this verdict here.", icon=PAGE.icon)
        return
    with st.container(border=True, key=f"{KEY}_list"):
        markup.show(claim_list.markup(kept), key=f"{KEY}_rows")
    st.caption(
        "How to read it: a claim is seen where the figures are as its rule asks, on these models and images; one that is not "
        "seen here may hold elsewhere. Each dot is one difference, to the right of 0 the better; it is filled where its 95 % "
        "interval leaves 0 out."
    )
    for topic in shown:
        st.caption(states.plain(TOPICS[topic].footer))
    figure.download_csv(_flat(kept), "claims")


def _judged(topic: str) -> tuple[Claim, ...]:
    """The claims of a topic; where its files cannot be read, that is said and the other topics stand."""
    try:
        return cache.claims(topic)
    except RobustcoreError as error:
        states.error(str(error), title=f"The claims about {topic} cannot be judged")
        return ()


def _topics(place: DeltaGenerator) -> list[str]:
    with place:
        return selection.pills(
            "Topic",
            list(TOPICS),
            key=f"{KEY}_topic",
            kind="topic",
            text=str.capitalize,
            help="None chosen: all of them.",
        )


def _flat(claims: list[Claim]) -> pd.DataFrame:
    fields = ("topic", "verdict", "text", "figures", "rule", "caution", "source")
    return pd.DataFrame([[getattr(claim, field) for field in fields] for claim in claims], columns=fields)
