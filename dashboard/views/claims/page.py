"""Literature check: what the documents say about robustness, and whether the stored results reproduce it."""

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
    title="Literature check",
    icon=":material/balance:",
    order=43,
    group="Research",
    path="literature-check",
    question="Which claims of the literature are reproduced here?",
    purpose="Claims of the papers behind robustcore, each checked against the stored results by a stated rule.",
    help="A claim is reproduced, not reproduced, or undecided because results are missing or too uncertain. Open a row for its "
    "rule, source and numbers.",
    terms=("APP", "Overlap", "Continued"),
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
                help="Choose none to see all.",
            )
    chosen = topics or list(TOPICS)
    claims = tuple(claim for topic in chosen for claim in _judged(topic))
    kept = [claim for claim in claims if not verdicts or claim.verdict in verdicts]
    st.markdown(f"**{counted(claims)}**")
    if not kept:
        states.empty("No such claim", "No claim has this verdict. Choose another one.", icon=PAGE.icon)
        return
    with st.container(border=True, key=f"{KEY}_list"):
        markup.show(claim_list.markup(kept), key=f"{KEY}_rows")
    st.caption(
        "A claim is reproduced where its figures meet its rule on these models and images. A claim that is not reproduced here may "
        "hold elsewhere. A rule of which something was set after figures had been seen says so. Each dot is one difference, better to the right of 0, filled where its 95 % interval excludes 0."
    )
    for topic in chosen:
        st.caption(states.plain(TOPICS[topic].footer.text))
    figure.download_csv(_flat(kept), "claims")


def _judged(topic: str) -> tuple[Claim, ...]:
    """The claims of a topic; where its files cannot be read, an error is shown and the other topics remain."""
    try:
        return cache.claims.claims(topic)
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
            help="Choose none to see all.",
        )


def _flat(claims: list[Claim]) -> pd.DataFrame:
    fields = ("topic", "verdict", "text", "figures", "rule", "set_afterwards", "caution", "source")
    rows = [
        [claim.figures_text if field == "figures" else getattr(claim, field) for field in fields] for claim in claims
    ]
    return pd.DataFrame(rows, columns=fields)
