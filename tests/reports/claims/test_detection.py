"""Claims about detection: a verdict follows from the shipped AUROCs by the rule, and from nothing else."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from robustcore.reports.claims import NOT_REPRODUCED, REPRODUCED, UNDECIDED, Claim, detection
from robustcore.reports.detection import shipped
from robustcore.reports.detection.shipped import COLUMNS, DRAWS, IMAGENET, SCENES, Aurocs

EVEN = dict.fromkeys(SCENES.scores, 0.8)


def aurocs(values: Mapping[str, float], *, spread: float = 0.001, known: int = 2400) -> Aurocs:
    """All networks and sets with these AUROCs by score, drawn with this spread."""
    generator = np.random.default_rng(0)
    rows, draws = [], []
    for share in (SCENES, IMAGENET):
        for model in share.models:
            for of_set in share.sets:
                for score in share.scores:
                    rows.append((model, share.dataset, of_set, score, known, 2400, 1200, values[score]))
                    draws.append(values[score] + spread * generator.standard_normal(DRAWS))
    return Aurocs(pd.DataFrame(rows, columns=list(COLUMNS)), np.stack(draws), {})


def judged(word: str, figures: Aurocs) -> Claim:
    (claim,) = (claim for claim in detection.judge(figures) if word in claim.text)
    return claim


@pytest.mark.parametrize(
    ("word", "values", "more", "verdict"),
    [
        ("classes are many", {"max_logit": 0.85}, {}, REPRODUCED),
        ("classes are many", {"max_logit": 0.75}, {}, NOT_REPRODUCED),
        ("classes are many", {"max_logit": 0.805}, {}, NOT_REPRODUCED),  # half a point
        ("classes are many", {}, {}, NOT_REPRODUCED),
        ("classes are many", {"max_logit": 0.82}, {"spread": 0.2}, UNDECIDED),
        ("classes are many", {"max_logit": 0.85}, {"known": 5}, UNDECIDED),  # too few for an interval
        ("classes are many", {"max_logit": 1.0, "msp": 0.995}, {}, UNDECIDED),  # nothing is left to gain
        ("classes are few", {"max_logit": 0.803}, {}, REPRODUCED),
        ("classes are few", {"max_logit": 0.82}, {}, NOT_REPRODUCED),
        ("classes are few", {"max_logit": 0.81}, {"spread": 0.02}, UNDECIDED),
        ("Typicality", {"typicality": 0.82}, {}, REPRODUCED),
        ("mean logit", {"max_logit": 0.9, "lof": 0.95}, {}, NOT_REPRODUCED),
        ("mean logit", {"max_logit": 0.9}, {}, REPRODUCED),
        ("isolation forest", {"isolation_forest": 0.85}, {}, REPRODUCED),
    ],
)
def test_a_verdict_is_what_the_rule_says(
    word: str, values: dict[str, float], more: dict[str, float], verdict: str
) -> None:
    assert judged(word, aurocs({**EVEN, **values}, **more)).verdict == verdict  # type: ignore[arg-type]


def test_a_claim_has_a_row_for_each_network_and_set() -> None:
    claim = judged("classes are few", aurocs({**EVEN, "max_logit": 0.82}))
    assert claim.table is not None
    assert len(claim.table) == len(SCENES.models) * len(SCENES.sets)
    assert claim.table["value"].to_numpy() == pytest.approx(0.02)
    assert (claim.table["low"] < 0.02).all()


def test_what_no_model_of_the_package_can_show_is_undecided_with_the_printed_figures() -> None:
    claims = [claim for claim in detection.judge(aurocs(EVEN)) if claim.table is None]
    assert [claim.verdict for claim in claims] == [UNDECIDED, UNDECIDED]
    assert "19.60" in claims[0].figures_text
    assert "14.88" in claims[1].figures_text


def test_what_ships_is_of_today_s_weights_images_and_scores() -> None:
    assert shipped.missing() == [], "robustcore demo computes it again"


def test_photographs_of_no_class_are_not_known() -> None:
    table = shipped.load().table
    assert set(table.loc[table["dataset"] == "photographs", "known"]) == {5}


@pytest.mark.slow
def test_what_ships_is_what_the_scores_give() -> None:
    part = shipped._computed(SCENES.models[1], SCENES)
    everything = shipped.load()
    rows = (everything.table["model"] == SCENES.models[1]).to_numpy()
    assert part.table["auroc"].to_numpy() == pytest.approx(everything.table["auroc"][rows].to_numpy(), abs=2e-3)
    assert part.draws == pytest.approx(everything.draws[rows], abs=4e-3)
