"""Verdicts that ship or are kept: those on today's results by today's rules, and no others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from robustcore import paths
from robustcore.errors import StoreError
from robustcore.evaluation import evaluate
from robustcore.reports import claims
from robustcore.reports.claims import REPRODUCED, Claim, sources, verdicts
from robustcore.reports.claims.sources import Part, Sources

PARTS = [part for topic in claims.TOPICS for part in claims.parts(topic)]


def named(part: Part) -> str:
    return part.name


def test_what_ships_is_current() -> None:
    """Fails as soon as a shipped result, an atlas or the revision of the rules is another: `robustcore demo` judges anew."""
    assert [part.name for part in verdicts.outdated(PARTS)] == []


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS, ids=named)
def test_what_ships_is_what_the_rules_give(part: Part) -> None:
    here = Sources.shipped()
    shipped = verdicts.of(part, here)
    judgement = tuple(part.judge(here))
    assert [claim.verdict for claim in shipped] == [claim.verdict for claim in judgement]
    for kept, now in zip(shipped, judgement, strict=True):
        assert kept.text == now.text
        assert kept.rule == now.rule
        assert kept.caution == now.caution
        assert kept.figures_text == now.figures_text
        assert (kept.table is None) == (now.table is None)
        if now.table is not None:
            pd.testing.assert_frame_equal(kept.table, now.table)


def judging(part: Part, calls: list[str]) -> Part:
    """The part with a judge that notes that it was asked."""

    def judge(_: Sources) -> Sequence[Claim]:
        calls.append(part.name)
        return [Claim("interventions", "Fog is thick.", "A book", REPRODUCED, "Above 0.", ())]

    return Part(part.name, judge, part.key)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The parts that were judged anew."""
    calls: list[str] = []
    parts = {topic: tuple(judging(part, calls) for part in claims.parts(topic)) for topic in claims.TOPICS}
    monkeypatch.setattr(claims, "parts", parts.__getitem__)
    return calls


def everything() -> int:
    return sum(len(claims.load(topic)) for topic in claims.TOPICS)


def test_nothing_is_judged_where_the_results_are_those_that_ship(asked: list[str]) -> None:
    assert everything() == 51
    assert asked == []


def test_an_own_model_changes_what_is_said_about_models_and_nothing_else(own_cache: Path, asked: list[str]) -> None:
    (own_cache / "overlap").mkdir(parents=True)
    (own_cache / "overlap" / "mine.csv").write_text("no atlas that a claim reads\n")
    population = "population-candidates-scenes.csv"
    (own_cache / "overlap" / population).write_bytes((paths.assets() / "overlap" / population).read_bytes() + b"\n")
    everything()
    assert asked == ["models"]
    everything()  # kept in the cache
    assert asked == ["models"]


def test_further_results_of_a_model_of_the_zoo_are_judged_once(asked: list[str], own_model_results: None) -> None:
    everything()
    assert asked == ["models"]


@pytest.fixture
def own_model_results(tmp_path: Path) -> None:
    """A model with results of its own."""
    from robustcore.datasets import load_dataset
    from robustcore.models import Card
    from robustcore.models.architectures import architecture

    card = Card("own/small", load_dataset("scenes").classes, 64, "scenes", "standard", "scenes/resnet")
    evaluate(architecture("scenes/resnet").build(card, seed=1), "scenes", ["contrast"], severities=[1], limit=2)


def test_an_own_atlas_in_the_place_of_one_that_ships_is_judged(own_cache: Path, asked: list[str]) -> None:
    (own_cache / "overlap").mkdir(parents=True)
    name = "imagenet-c-scenes-vgg.csv"
    lines = (paths.assets() / "overlap" / name).read_text().splitlines()
    (own_cache / "overlap" / name).write_text("\n".join(lines[:-1]) + "\n")
    assert Sources.here().atlases["imagenet-c-scenes-vgg"].is_relative_to(own_cache)
    everything()
    assert sorted(asked) == ["atlases", "models"]
    assert Sources.shipped().atlases["imagenet-c-scenes-vgg"].is_relative_to(paths.assets())


def test_other_rules_judge_anew(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "REVISION", verdicts.REVISION + 1)
    everything()
    assert sorted(asked) == sorted(part.name for part in PARTS)


def test_other_operations_judge_anew(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources.operations, "fingerprint", lambda condition: f"another {condition.canonical()}")
    everything()
    assert sorted(asked) == ["attacks_and_shifts", "factors", "interventions", "models"]


def test_a_damaged_shipped_file_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = tmp_path / "damaged.json"
    monkeypatch.setattr(verdicts, "path_of", lambda part: damaged)
    for content in ("{", "[]", json.dumps({"key": "k", "claims": {"is": "os:system", "of": {}}})):
        damaged.write_text(content)
        with pytest.raises(StoreError):
            verdicts.shipped(PARTS[0], "k")
