"""The page Literature check without a browser."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from dashboard import cache
from dashboard.views.claims import claim_list
from robustcore.evaluation import evaluate
from robustcore.reports import claims
from robustcore.reports.claims import NOT_REPRODUCED, REPRODUCED, UNDECIDED, Claim, contrasts, questions
from tests.dashboard.conftest import OpenPage, markup, sound

TABLE = pd.DataFrame({"model": ["m"], "value": [-0.25], "accuracy_baseline": [float("nan")], "n": [2400]})
CLAIMS = (
    Claim(
        "interventions",
        "Fog is <thick>.",
        "A book, table 1",
        REPRODUCED,
        "Above 0.",
        (questions.sample(("APP",), 9, 9, 1),),
        TABLE,
    ),
    Claim(
        "interventions",
        "Snow is warm.",
        "A book, table 2",
        NOT_REPRODUCED,
        "Below 0.",
        (),
        limits="Melts.",
        set_afterwards="Zero.",
    ),
    Claim(
        "interventions", "Rain is dry.", "A book, table 3", UNDECIDED, "Above 0.", (contrasts.nothing_stored(("m",)),)
    ),
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The topics that were judged, one entry each time."""
    collected: list[str] = []

    def load(topic: str) -> tuple[Claim, ...]:
        collected.append(topic)
        return CLAIMS if topic == "interventions" else ()

    monkeypatch.setattr(claims, "load", load)
    cache.expiry.results_changed()
    return collected


@pytest.mark.usefixtures("asked")
def test_every_claim_is_listed_with_its_verdict_and_figures(open_page: OpenPage) -> None:
    at = open_page("claims")
    assert sound(at)
    rows = markup(at, "claims_rows")
    assert rows.count("<article") == 3
    for claim in CLAIMS:
        for part in (claim.verdict, claim.figures_text, claim.rule, claim.set_afterwards, claim.source, claim.caution):
            assert part in rows
    assert "Fog is &lt;thick&gt;." in rows
    assert "−0.250" in rows
    assert "2,400" in rows
    assert any(claims.counted(CLAIMS) in str(m.value) for m in at.markdown)


@pytest.mark.usefixtures("asked")
def test_a_verdict_can_be_chosen_and_is_in_the_address(open_page: OpenPage) -> None:
    at = open_page("claims", claims_verdict="Not reproduced", claims_topic="Interventions")
    assert sound(at)
    rows = markup(at, "claims_rows")
    assert "Snow is warm." in rows
    assert "Rain is dry." not in rows


def test_an_empty_choice_is_said(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "load", lambda topic: CLAIMS[:1] if topic == "interventions" else ())
    at = open_page("claims", claims_verdict="Not reproduced")
    assert sound(at)
    assert markup(at, "claims_rows") == ""


def test_claims_are_judged_again_when_results_have_changed_and_only_then(
    open_page: OpenPage, asked: list[str], own_model: str
) -> None:
    at = open_page("claims")
    at.run()
    assert asked == list(claims.TOPICS)
    evaluate(own_model, "scenes", ["contrast"], severities=[1], limit=4)
    at.run()
    assert asked == [*claims.TOPICS] * 2


def test_several_topics_stand_each_below_its_name() -> None:
    other = Claim("overlap", "Fog is snow.", "B", REPRODUCED, "C.", ())
    rows = claim_list.markup([*CLAIMS, other])
    assert rows.index("Rain is dry.") < rows.index(">Overlap<") < rows.index("Fog is snow.")
    assert ">Interventions<" not in claim_list.markup(CLAIMS)


def test_a_table_of_any_kind_can_be_shown() -> None:
    claim = Claim("t", "A.", "B", REPRODUCED, "C.", (), pd.DataFrame({"pair": [("a", "b")], "ok": [True], "r": [0.5]}))
    assert "<td" in claim_list.markup([claim])


def test_a_damaged_atlas_silences_no_claim_that_does_not_need_it(open_page: OpenPage, own_cache: Path) -> None:
    (own_cache / "overlap").mkdir(parents=True)
    (own_cache / "overlap" / "mine.csv").write_bytes(b"\xff\xfe nonsense")
    assert sound(open_page("claims", claims_topic="overlap"))


def test_models_that_cannot_be_read_are_an_error_and_the_other_topic_is_drawn(
    open_page: OpenPage, own_cache: Path
) -> None:
    (own_cache / "overlap").mkdir(parents=True)
    (own_cache / "overlap" / "population-mine.csv").write_text("a,b\n1,2\n")
    at = open_page("claims")
    assert not at.exception
    assert ["population-mine" in e.value for e in at.error] == [True]
    assert "<article" in markup(at, "claims_rows")


@pytest.mark.parametrize(
    ("measure", "end"),
    [({"measure": ["accuracy"]}, "+25.0 points"), ({}, "+25.0 points"), ({"measure": ["APP"]}, "+0.250")],
)
def test_the_ends_of_the_dots_have_the_unit_of_the_sentence(measure: dict[str, list[str]], end: str) -> None:
    """A difference of AUROC, which is of no measure of interventions, is said in points."""
    table = pd.DataFrame({"value": [0.25], "low": [0.2], "high": [0.3], **measure})
    assert end in claim_list.markup([Claim("t", "A.", "B", REPRODUCED, "C.", (), table)])
