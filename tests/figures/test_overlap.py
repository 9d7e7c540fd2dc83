"""The map of overlaps and the figures beside it."""

from __future__ import annotations

import math

import pandas as pd
import pytest

import robustcore.corruptions as corruptions
from robustcore import overlap
from robustcore.figures import overlap_curves
from robustcore.figures.overlap import agreement, cell_side, overlap_map
from robustcore.overlap.balance import undefined_with_every_member
from robustcore.reports.overlap import atlas
from tests.overlap import tables

NAMES = ["gaussian_noise", "shot_noise", "fog", "laugros_flip"]
LABELS = {name: name.replace("_", " ") for name in NAMES}
BLOCKS = [("Noise", NAMES[:2]), ("Weather", NAMES[2:3]), ("", NAMES[3:])]


@pytest.fixture(scope="module")
def measured() -> overlap.Overlap:
    return overlap.measure(tables.atlas(NAMES, null=["laugros_flip"]), metric="residual", draws=100)


def drawn(measured: overlap.Overlap, **further: object) -> object:
    return overlap_map(atlas.pairs(measured), BLOCKS, LABELS, footer="source", alt="words", **further)  # type: ignore[arg-type]


def test_the_map_shows_every_overlap_and_hatches_the_undefined(measured: overlap.Overlap) -> None:
    figure = drawn(measured)
    heat = next(trace for trace in figure.data if trace.type == "heatmap")
    scores = measured.scores.loc[NAMES, NAMES]
    assert pd.DataFrame(heat.z).to_numpy() == pytest.approx(scores.to_numpy(), nan_ok=True)
    hatches = next(trace for trace in figure.data if trace.marker.symbol == "line-ne")
    assert len(hatches.x) == sum(math.isnan(v) for v in scores.to_numpy().ravel()) == 7


def test_categories_are_squares_with_their_titles(measured: overlap.Overlap) -> None:
    figure = drawn(measured)
    squares = [(s.x0, s.x1, s.y0, s.y1) for s in figure.layout.shapes if s.type == "rect"]
    assert squares == [(-0.5, 1.5, -0.5, 1.5), (1.5, 2.5, 1.5, 2.5)]
    assert [note.text for note in figure.layout.annotations] == ["Noise", "Weather"]


def test_a_chosen_cell_is_outlined_with_its_mirror(measured: overlap.Overlap) -> None:
    plain, chosen = drawn(measured), drawn(measured, chosen=("fog", "shot_noise"))
    new = [s for s in chosen.layout.shapes if s not in plain.layout.shapes]
    assert [(s.x0, s.y0) for s in new] == [(0.5, 1.5), (1.5, 0.5)]


def test_cells_are_squares_and_forty_fit_next_to_a_panel() -> None:
    names = corruptions.names("candidates-40")
    overlaps = overlap.measure(tables.atlas(names, seeds=(0,)), metric="residual", draws=0)
    labels = {name: name.removeprefix("album_").replace("_", " ") for name in names}
    figure = overlap_map(atlas.pairs(overlaps), [("All of them", names)], labels, footer="", alt="")
    margin = figure.layout.margin
    assert figure.layout.width - margin.l - margin.r == figure.layout.height - margin.t - margin.b == 40 * cell_side(40)
    assert figure.layout.width <= 820
    assert all(cell_side(k) * k <= 600 for k in range(2, 43))


def test_a_hover_tells_names_interval_and_what_was_cut_off(measured: overlap.Overlap) -> None:
    pairs = atlas.pairs(measured)
    pairs.loc[(pairs["first"] == "fog") & (pairs["second"] == "shot_noise"), ["overlap", "signed"]] = [0.0, -0.25]
    figure = overlap_map(pairs, BLOCKS, LABELS, footer="", alt="")
    hover_texts = next(t.hovertext for t in figure.data if t.customdata is not None)
    text = hover_texts[2 * 4 + 1]
    for part in ("fog", "shot noise", "0.00", "-0.25"):
        assert part in text
    why = measured.undefined["laugros_flip"]
    assert why.text_with(LABELS) in hover_texts[-1].replace("<br>", " ")


def test_k_is_marked_on_the_curves() -> None:
    table = pd.DataFrame({"k": [2, 3], "scc": [0.3, 0.6], "dcc": [-0.1, -0.2], "stability": [1.0, 0.9]})
    figure = overlap_curves.choice_of_k(table, 0.5, 3, footer="", alt="")
    lines = [(s.x0, s.x1, s.y0, s.y1) for s in figure.layout.shapes]
    assert (0, 1, 0.5, 0.5) in lines
    assert (3, 3, 0, 1) in lines


def test_intervals_are_sorted_by_what_they_say_of_the_margin() -> None:
    table = pd.DataFrame(
        {
            "name": ["a", "b", "c", "d"],
            "signed": [0.5, 0.02, 0.1, math.nan],
            "low": [0.4, -0.02, 0.0, math.nan],
            "high": [0.6, 0.05, 0.2, math.nan],
            "reason": [None, None, None, undefined_with_every_member("d")],
        }
    )
    figure = overlap_curves.intervals(table, {}, 0.1, "overlap", footer="", alt="")
    named = {trace.name.partition(":")[0]: list(trace.y) for trace in figure.data if trace.name}
    assert named == {
        "some": [0],
        "none": [1],
        "undecided": [2],
        "margin 0.1": [None],
    }  # the line is named in the legend
    assert not figure.layout.annotations
    undefined = next(trace for trace in figure.data if trace.mode == "text")
    assert undefined.hovertext == (undefined_with_every_member("d").text,)


def test_agreement_has_a_dot_for_each_pair() -> None:
    table = pd.DataFrame({"first": ["a"], "second": ["b"], "x": [0.2], "y": [0.3]})
    figure = agreement(table, {"a": "A"}, "one", "two", footer="", alt="")
    assert figure.data[1].hovertext == ("<b>A</b> and <b>b</b><br>one: 0.20<br>two: 0.30",)


def test_clean_accuracies_stand_around_the_standard_model() -> None:
    table = pd.DataFrame({"trained_on": ["standard", "a", "b"], "clean": [0.9, 0.91, 0.89]})
    figure = overlap_curves.clean_accuracies(table, {}, footer="", alt="")
    assert list(figure.data[0].x) == pytest.approx([91.0, 89.0])
    assert figure.layout.shapes[0].x0 == pytest.approx(90)
    low, high = figure.layout.xaxis.range
    assert high - low == pytest.approx(6)  # what differs by less than three points either way looks alike


def test_self_gains_are_listed_with_their_thresholds() -> None:
    table = pd.DataFrame(
        {"trained_on": ["a", "b"], "self_gain": [0.2, 0.01], "threshold": [0.03, 0.03], "defined": [True, False]}
    )
    figure = overlap_curves.self_gains(table, {}, footer="", alt="")
    named = {trace.name.partition(":")[0]: (list(trace.x), list(trace.y)) for trace in figure.data}
    assert named == {"threshold": ([3.0, 3.0], [0, 1]), "helps": ([20.0], [0]), "does not help": ([1.0], [1])}
