"""The claims about overlaps on worlds where they are true, where they are false, and where nothing is there to tell."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from robustcore.atlas import populations
from robustcore.notes import Note
from robustcore.overlap import categories
from robustcore.reports.claims import NOT_REPRODUCED, REPRODUCED, UNDECIDED, Claim, _evidence, _predictive
from robustcore.reports.claims.overlap import TEXTURE, claims
from tests.overlap import synthetic

REST = ("brightness", "contrast", "fog", "frost", "snow", "elastic_transform")
IMAGENET_C = {"texture": TEXTURE, "rest": REST}
SIX = {letter: [f"{letter}{i}" for i in range(4)] for letter in "abcdef"}
ORDER = (
    "texture",
    "architectures",
    "unbalanced",
    "forgotten",
    "number",
    "over models",
    "more categories",
    "balance",
    "size",
    "selections",
)


kept: dict[bytes, categories.Sweep] = {}
sweep = categories.sweep


def once(scores: pd.DataFrame, **more: int) -> categories.Sweep:
    """The same world has the same categories in every test."""
    key = scores.to_numpy().tobytes()
    if key not in kept:
        kept[key] = sweep(scores, repeats=3, **more)
    return kept[key]


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Worlds as clear as these need few initialisations and drawings."""
    monkeypatch.setattr(_evidence, "INITIALISATIONS", 5)
    monkeypatch.setattr(_predictive, "REPEATS", 6)
    monkeypatch.setattr(_predictive, "DRAWS", 60)
    monkeypatch.setattr(_evidence.categories, "sweep", once)


def judged(tables: Mapping[str, pd.DataFrame], models: pd.DataFrame | None = None) -> dict[str, Claim]:
    population = claims(tables, None if models is None else populations.gather({"models": models}))
    return dict(zip(ORDER, population, strict=True))


def figure(claim: Claim, kind: str) -> Note:
    """The figure of that kind."""
    return next(note for note in claim.figures if note.kind == kind)


def models_of_one_factor(own: float) -> pd.DataFrame:
    """All corruptions fall together: neither categories nor their number tell anything."""
    everything = {"all": synthetic.names_of(SIX)}
    return synthetic.evaluated(everything, own=own, natural={"scenes/sketch": ["all"]})


def test_without_tables_nothing_can_be_said_and_each_says_why() -> None:
    undecided = claims({}, None)
    assert len(undecided) >= 9
    for claim in undecided:
        assert claim.verdict == UNDECIDED
        assert claim.topic == "overlap"
        assert [note.kind for note in claim.figures] == ["not_judged"]
        assert claim.rule
        assert claim.source.startswith("Laugros' thesis, section 4")


class TestImageNetC:
    def test_a_block_that_is_there_is_seen(self) -> None:
        tables = {"imagenet-c-scenes-resnet": synthetic.atlas(IMAGENET_C, within={"texture": 0.6, "rest": 0.1})}
        result = judged(tables)
        assert result["texture"].verdict == REPRODUCED
        assert figure(result["texture"], "block_overlaps")["within"] == pytest.approx(0.6, abs=0.06)
        assert result["unbalanced"].verdict == REPRODUCED
        table = result["unbalanced"].table
        assert table is not None
        assert set(table["corruption"][:9]) == set(TEXTURE)

    def test_equal_overlaps_are_no_block_and_no_imbalance(self) -> None:
        tables = {"imagenet-c-scenes-resnet": synthetic.atlas(IMAGENET_C, within=0.4, between=0.4)}
        result = judged(tables)
        assert (result["texture"].verdict, result["unbalanced"].verdict) == (NOT_REPRODUCED, NOT_REPRODUCED)

    def test_a_table_without_scatter_tells_nothing(self) -> None:
        table = synthetic.atlas(IMAGENET_C, seeds=(0,)).drop(columns=["n"])
        result = judged({"imagenet-c-scenes-resnet": table})
        assert result["texture"].verdict == UNDECIDED
        assert figure(result["texture"], "not_judged")

    def test_three_pairs_of_thirty_six_say_nothing_of_the_block(self) -> None:
        """Six of the nine corruptions are easy: their overlaps are undefined."""
        table = synthetic.atlas(IMAGENET_C, within={"texture": 0.6, "rest": 0.1})
        easy = TEXTURE[3:]
        rows = table["tested_on"].isin(easy)
        table.loc[rows, "accuracy"] = float(table.loc[table["tested_on"] == "clean", "accuracy"].mean())
        result = judged({"imagenet-c-scenes-resnet": table})
        assert result["texture"].verdict == result["unbalanced"].verdict == UNDECIDED
        few = figure(result["texture"], "too_few_defined")
        assert (few["defined"], few["of"]) == (3, 36)

    def test_the_block_on_imagenet_is_named_beside_the_own_one(self) -> None:
        table = synthetic.atlas(IMAGENET_C, within={"texture": 0.6, "rest": 0.1})
        published = synthetic.atlas(
            {"texture": TEXTURE[:3], "rest": REST[:3]}, within={"texture": 0.5, "rest": 0}, seeds=(0,)
        )
        result = judged({"imagenet-c-scenes-resnet": table, "imagenet-published-ResNet-50": published})
        there = figure(result["texture"], "block_on_imagenet")
        assert there["within"] == pytest.approx(0.5, abs=0.1)
        assert (there["as_much"], there["divisions"]) == (1, 20)

    def test_architectures_agree_as_well_as_seeds_or_they_do_not(self) -> None:
        within = {"texture": 0.6, "rest": 0.2}
        resnet = synthetic.atlas(IMAGENET_C, within=within)
        same = synthetic.atlas(IMAGENET_C, within=within, seeds=(0,), noise=1)
        turned = dict(zip([*TEXTURE, *REST], [*REST, *TEXTURE], strict=True))
        other = same.replace({"trained_on": turned, "tested_on": turned})
        tables = {"imagenet-c-scenes-resnet": resnet, "imagenet-c-scenes-vgg": same}
        assert judged(tables)["architectures"].verdict == REPRODUCED
        assert judged({**tables, "imagenet-c-scenes-vgg": other})["architectures"].verdict == NOT_REPRODUCED
        alone = {**tables, "imagenet-c-scenes-resnet": resnet[resnet["seed"] == 0]}
        assert judged(alone)["architectures"].verdict == UNDECIDED

    @pytest.mark.parametrize(
        ("alone", "verdict"),
        [(("laugros_border", "laugros_obstruction"), REPRODUCED), (("laugros_border",), NOT_REPRODUCED)],
    )
    def test_what_is_forgotten(self, alone: tuple[str, ...], verdict: str) -> None:
        blocks = {"texture": TEXTURE, "rest": [*REST, "laugros_border", "laugros_obstruction"]}
        tables = {"imagenet-c+laugros-scenes-resnet": synthetic.atlas(blocks, within=0.5, alone=alone)}
        result = judged(tables)["forgotten"]
        assert result.verdict == verdict
        verdicts = {note["corruption"]: note["verdict"] for note in result.figures if note.kind == "coverage_of"}
        assert verdicts["laugros_border"] == "not covered"


class TestCandidates:
    TABLES = {"candidates-scenes-scenes-resnet": synthetic.atlas(SIX, within=0.33, noise=2)}  # noqa: RUF012

    def test_six_blocks_and_models_that_follow_them(self) -> None:
        result = judged(self.TABLES, synthetic.evaluated(SIX, models=40, own=0.15))
        assert result["number"].verdict == REPRODUCED
        number = figure(result["number"], "k_by_the_rule")
        assert (number["k"], number["candidates"]) == (6, 24)
        assert result["over models"].verdict == REPRODUCED
        for name in ("more categories", "balance", "size"):
            assert result[name].verdict == REPRODUCED, result[name].figures
        compared = figure(result["more categories"], "differences_in_correlation")["compared"]
        assert compared[0][:2] == ("(n = 6, k = 1)", "(n = 2, k = 3)")
        assert figure(result["size"], "differences_in_correlation")["models"] == 40

    def test_a_selection_is_compared_with_imagenet_c_where_all_models_were_tested_on_both(self) -> None:
        models = synthetic.evaluated(SIX, models=40, own=0.15)
        undecided = judged(self.TABLES, models)["selections"]
        assert undecided.verdict == UNDECIDED
        assert figure(undecided, "not_judged")

    def test_models_of_one_factor_show_none_of_it(self) -> None:
        result = judged(self.TABLES, models_of_one_factor(own=0.002))
        for name in ("over models", "more categories", "balance", "size"):
            assert result[name].verdict == NOT_REPRODUCED, result[name].figures

    def test_too_few_models_and_the_atlas_own_ones_cannot_say(self) -> None:
        few = judged(self.TABLES, synthetic.evaluated(SIX, models=8))
        assert few["size"].verdict == UNDECIDED
        assert "8 models" in figure(few["size"], "not_judged")["reason"]
        assert few["number"].verdict == REPRODUCED
        own = judged(self.TABLES, synthetic.evaluated(SIX, models=30, prefix="atlas/m"))
        assert own["over models"].verdict == UNDECIDED

    def test_two_blocks_are_not_six(self) -> None:
        blocks = {"a": [f"a{i:02}" for i in range(12)], "b": [f"b{i:02}" for i in range(12)]}
        result = judged({"candidates-scenes-scenes-resnet": synthetic.atlas(blocks, within=0.8)})
        assert result["number"].verdict == NOT_REPRODUCED
        assert np.isfinite(result["number"].table["scc"]).all()  # type: ignore[index]
