"""The page Benchmark builder without a browser, on a small world whose answer is known."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

import robustcore.corruptions as corruptions
from dashboard import cache
from dashboard.views.builder import controls
from dashboard.views.compare import controls as comparing
from dashboard.views.evaluate import page
from robustcore.atlas import populations
from robustcore.evaluation import suites
from tests.dashboard.conftest import OpenPage, markup, sound
from tests.overlap import synthetic

BLOCKS = {
    "noise": ["gaussian_noise", "shot_noise", "impulse_noise"],
    "blur": ["defocus_blur", "motion_blur", "zoom_blur"],
    "weather": ["fog", "snow", "frost"],
}
NAMES = synthetic.names_of(BLOCKS)


@pytest.fixture
def nothing_ships(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No atlas and no model but those of the test."""
    monkeypatch.setattr(populations, "folders", lambda: (own_cache / "none", own_cache / "overlap"))
    monkeypatch.setattr(populations, "stored", lambda store: pd.DataFrame(columns=list(populations.COLUMNS)))
    cache.expiry.results_changed()


@pytest.fixture
def world(own_cache: Path, nothing_ships: None) -> Path:
    """An atlas and 24 models in the cache."""
    folder = own_cache / "overlap"
    folder.mkdir(parents=True)
    synthetic.atlas(BLOCKS).to_csv(folder / "imagenet-c-scenes-resnet.csv", index=False)
    synthetic.evaluated(BLOCKS, prefix="own/m").to_csv(folder / "population-models.csv", index=False)
    return folder


def shown_models(at: AppTest) -> int:
    """How many models the correlations of the page are over."""
    (table,) = (frame.value for frame in at.dataframe if "models" in frame.value)
    return int(table["models"].max())


def words(at: object) -> str:
    places = [*at.markdown, *at.caption, *at.subheader, *at.warning]  # type: ignore[attr-defined]
    return " ".join(str(m.value) for m in places)


def test_without_an_atlas_the_page_says_how_to_make_one(open_page: OpenPage, nothing_ships: None) -> None:
    at = open_page("builder")
    assert sound(at)
    assert "robustcore overlap" in words(at)


def test_ticking_and_drawing(open_page: OpenPage, world: Path) -> None:
    at = open_page("builder", builder_pick=["fog", "snow"])
    assert sound(at)
    assert markup(at, "builder_ticks").count('aria-checked="true"') == 2
    assert shown_models(at) == 24
    at.multiselect(key=controls.PICK).set_value(["fog", "snow", "shot_noise"]).run()
    assert sound(at)
    assert markup(at, "builder_ticks").count('aria-checked="true"') == 3
    at.selectbox(key="builder_n").set_value(3).run()
    at.selectbox(key="builder_k").set_value(2).run()
    at.button(key="builder_draw").click().run()
    assert sound(at)
    drawn = at.session_state[controls.PICK]
    assert sorted(sum(name in drawn for name in members) for members in BLOCKS.values()) == [2, 2, 2]
    at.button(key="builder_draw").click().run()
    assert at.session_state[controls.PICK] == drawn  # the same seed draws the same
    at.button(key="builder_from_nothing").click().run()
    assert sound(at)
    assert markup(at, "builder_ticks").count('aria-checked="true"') == 0


def test_every_figure_is_drawn(open_page: OpenPage, world: Path) -> None:
    at = open_page("builder", builder_view="weighs", builder_pick=["fog", "shot_noise"])
    # Three corruptions a category are too few for substitutions: there is no figure of the imbalance.
    for view, figures in {"weighs": 1, "forgets": 1, "size": 1, "imbalance": 0}.items():
        at.session_state["builder_view"] = view
        at.run()
        assert sound(at)
        assert len(at.get("plotly_chart")) == figures


def test_bad_values_in_the_address_are_sentences(open_page: OpenPage, world: Path) -> None:
    at = open_page(
        "builder",
        builder_pick=["fogg", "snow"],
        builder_n="77",
        builder_table="elsewhere",
        builder_seed="x",
        builder_view="?",
    )
    assert sound(at)
    message = " ".join(str(w.value) for w in at.warning)
    for part in ("fogg", "77", "elsewhere", "'x'"):
        assert part in message
    assert markup(at, "builder_ticks").count('aria-checked="true"') == 1


def test_too_few_models_are_said(open_page: OpenPage, world: Path) -> None:
    synthetic.evaluated(BLOCKS, models=5).to_csv(world / "population-models.csv", index=False)
    at = open_page("builder", builder_pick=["fog", "snow"])
    assert sound(at)
    assert (shown_models(at), len(at.get("plotly_chart"))) == (5, 1)
    assert any("5 models" in str(w.value) for w in at.warning)
    synthetic.evaluated(BLOCKS, models=2).to_csv(world / "population-models.csv", index=False)
    at = open_page("builder", builder_pick=["fog", "snow"])
    assert sound(at)
    assert not at.get("plotly_chart")


def test_the_models_of_the_atlas_are_counted_on_demand(open_page: OpenPage, world: Path) -> None:
    synthetic.evaluated(BLOCKS, models=20, prefix="atlas/m", seed=1).to_csv(world / "population-atlas.csv", index=False)
    both = synthetic.evaluated(BLOCKS, models=30, prefix="atlas/m")
    both["model"] = [name.replace("atlas/m2", "own/m2").replace("atlas/m1", "own/m1") for name in both["model"]]
    both.to_csv(world / "population-models.csv", index=False)
    assert shown_models(open_page("builder", builder_pick=["fog"])) == 20
    assert shown_models(open_page("builder", builder_pick=["fog"], builder_every="true")) == 30


def test_what_is_kept_is_a_suite_that_evaluations_take(
    open_page: OpenPage, world: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page("builder", builder_pick=["fog", "shot_noise"], builder_name="two of them!")
    at.button(key="builder_keep").click().run()
    assert sound(at)
    assert "own/two-of-them" in suites.names()
    suite = suites.load("own/two-of-them")
    assert sorted(row.name for row in suite.rows) == ["fog", "shot_noise"]
    assert len(suites.resolve("own/two-of-them", [1, 3])) == 5
    text = (own_cache / "suites" / "two-of-them.toml").read_text()
    assert "candidates of imagenet-c-scenes-resnet" in tomllib.loads(text)["description"]
    assert "own/two-of-them" in page._suites()
    assert "own/two-of-them" in comparing._suites("scenes")
    monkeypatch.setenv("ROBUSTCORE_READ_ONLY", "1")
    at.run()
    assert sound(at)
    assert not [b for b in at.button if b.key == "builder_keep"]


def test_the_names_that_the_page_relies_on_are_registered() -> None:
    from robustcore.reports.overlap.benchmark import COUNTERPARTS

    known = {name for forms in COUNTERPARTS.values() for name in forms if not name.startswith("scenes_")}
    assert known <= set(corruptions.names())
