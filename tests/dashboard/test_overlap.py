"""The page Overlap on made-up atlases: every view, what the address may say, and what is undefined."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import robustcore.corruptions as corruptions
from dashboard.views.overlap import benchmark, coverage, heatmap
from dashboard.views.overlap.page import VIEWS
from dashboard.widgets.condition_names import display_names
from robustcore import overlap
from robustcore.atlas import plan
from robustcore.overlap import reasons
from robustcore.overlap.balance import MARGIN
from robustcore.reports.overlap import atlas as atlases
from robustcore.reports.overlap import origin
from tests.dashboard.conftest import OpenPage, markup, sound
from tests.overlap.tables import atlas, write

NAMES = [
    "gaussian_noise",
    "shot_noise",
    "impulse_noise",
    "defocus_blur",
    "zoom_blur",
    "fog",
    "snow",
    "laugros_border",
    "laugros_flip",
]
TITLES = {name: title for name, (title, _) in VIEWS.items()}


@pytest.fixture(autouse=True)
def only_here(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables under the test's own cache, whatever ships."""
    monkeypatch.setattr(plan, "tables", lambda: {p.stem: p for p in sorted((own_cache / "overlap").glob("*.csv"))})


@pytest.fixture
def table(own_cache: Path) -> Path:
    """Nine corruptions with two seeds; training on flips does not help against flips."""
    return write(own_cache, "mixed", atlas(NAMES, null=["laugros_flip"]))


@pytest.fixture
def beside(own_cache: Path) -> Path:
    """Another architecture on the same, one seed."""
    return write(own_cache, "mixed", atlas(NAMES, null=["laugros_flip"], architecture="scenes/vgg", seeds=(0,), seed=5))


def figures(at: AppTest) -> list[dict[str, Any]]:
    return [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]


def texts(at: AppTest) -> str:
    parts = [*at.caption, *at.markdown, *at.warning, *at.info, *at.subheader]
    return " ".join(part.value.replace("\\", "") for part in parts)


def atlas_of(path: Path, architecture: str) -> origin.Source:
    """What the overlaps of one architecture in a table are computed from."""
    rows = atlases.accuracies(plan.read(path), architecture)
    return origin.source(rows, overlap.measure(rows, draws=0))


def expanders(at: AppTest) -> str:
    return " ".join(e.label for e in at.expander)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_drawn_with_its_provenance(open_page: OpenPage, table: Path, beside: Path, view: str) -> None:
    at = open_page("overlap", overlap_architecture="scenes/resnet", overlap_view=TITLES[view])
    assert sound(at)
    assert figures(at)
    source = atlas_of(table, "scenes/resnet")
    assert (source.models, source.seeds) == (9, ("0", "1"))
    assert source.text in texts(at)


def test_without_a_table_the_page_says_how_to_make_one(open_page: OpenPage) -> None:
    at = open_page("overlap")
    assert sound(at)
    assert not figures(at)
    assert "robustcore overlap --suite imagenet-c" in at.code[0].value


def test_the_map_has_every_cell_by_category_and_the_undefined_last(open_page: OpenPage, table: Path) -> None:
    at = open_page("overlap")
    (figure,) = figures(at)
    cells = next(trace for trace in figure["data"] if "customdata" in trace)
    assert len(cells["customdata"]) == len(NAMES) ** 2
    rows = [pair[0] for pair in cells["customdata"]][:: len(NAMES)]
    assert rows[-1] == "laugros_flip"
    noises = sorted(rows.index(name) for name in NAMES if name.endswith("noise"))
    assert noises == list(range(noises[0], noises[0] + 3))  # one square
    why = overlap.measure(plan.read(table), metric="residual").undefined["laugros_flip"]
    assert why.kind == "training_does_not_help"
    assert why.text_with({"laugros_flip": "Flip"}) in cells["hovertext"][-1].replace("<br>", " ")
    assert "Flip" in expanders(at)


def test_a_click_shows_the_formula_with_its_numbers_and_the_images(open_page: OpenPage, table: Path) -> None:
    at = open_page("overlap")
    at.session_state["overlap_chart"] = {"selection": {"points": [{"customdata": ["fog", "shot_noise"]}]}}
    heatmap_pair = heatmap.clicked(at.session_state["overlap_chart"])
    assert heatmap_pair == ("fog", "shot_noise")
    at.selectbox(key="overlap_first").set_value("fog")
    at.selectbox(key="overlap_second").set_value("shot_noise").run()
    assert sound(at)
    cell = overlap.measure(plan.read(table), metric="residual").pair("fog", "shot_noise")
    message = " ".join(m.value for m in at.markdown)
    assert f"{{{cell.trained_first[1]:.3f} + {-cell.standard[1]:.3f}}}" in message
    assert f"= {cell.onto_second:.2f}" in message
    assert rf"\mathbf{{{max(0.0, cell.signed):.2f}}}" in message
    assert markup(at, "overlap_images").count("<img") == 3
    assert f"{max(0.0, cell.signed):.2f}" in markup(at, "overlap_headline")


def test_an_undefined_cell_says_why_and_keeps_its_accuracies(open_page: OpenPage, table: Path) -> None:
    at = open_page("overlap", overlap_first="Fog", overlap_second="laugros_flip")
    assert sound(at)
    why = overlap.measure(plan.read(table), metric="residual").reason("fog", "laugros_flip")
    assert why is not None
    assert why.text_with({"laugros_flip": "Flip"}) in texts(at)
    assert markup(at, "overlap_accuracies").count("<tr>") == 4


def test_signed_values_are_drawn_below_nought(open_page: OpenPage, table: Path) -> None:
    at = open_page("overlap", overlap_signed="true")
    (figure,) = figures(at)
    assert figure["layout"]["coloraxis"]["cmin"] == -1


@pytest.mark.parametrize(
    "address",
    [
        {"overlap_table": "nonsense"},
        {"overlap_architecture": "scenes/unknown"},
        {"overlap_metric": "accuracy"},
        {"overlap_seed": "17"},
        {"overlap_k": "99"},
        {"overlap_method": "magic"},
        {"overlap_view": "everything"},
        {"overlap_first": "no_noise"},
    ],
    ids=lambda a: next(iter(a)),
)
def test_what_the_address_says_wrongly_is_one_sentence(
    open_page: OpenPage, table: Path, address: dict[str, str]
) -> None:
    at = open_page("overlap", **address)
    assert sound(at)
    assert len(at.warning) == 1
    assert next(iter(address.values())) in at.warning[0].value.replace("\\", "")
    assert figures(at)


def test_a_file_that_is_no_table_is_named_and_the_others_are_drawn(open_page: OpenPage, table: Path) -> None:
    table.with_name("broken-scenes-resnet.csv").write_text("a,b\n1,2\n")
    at = open_page("overlap")
    assert sound(at)
    assert len(at.warning) == 1
    assert figures(at)


def test_one_seed_says_that_it_is_one(open_page: OpenPage, own_cache: Path) -> None:
    write(own_cache, "mixed", atlas(NAMES, seeds=(0,)))
    at = open_page("overlap", overlap_view="Models")
    assert sound(at)
    assert reasons.one_training_seed().text in texts(at)
    assert not [c for c in at.get("button_group") if getattr(c, "key", "") == "overlap_seed"]
    alone = open_page("overlap", overlap_view="Architectures")
    assert sound(alone)
    assert not figures(alone)


def test_two_corruptions_have_a_map_and_no_categories(open_page: OpenPage, own_cache: Path) -> None:
    write(own_cache, "pair", atlas(NAMES[:2]))
    at = open_page("overlap")
    assert sound(at)
    assert figures(at)
    assert at.warning  # why there are no categories


def test_a_category_keeps_the_name_that_is_typed(open_page: OpenPage, table: Path) -> None:
    at = open_page("overlap", overlap_view="Categories", overlap_k="3")
    assert sound(at)
    (field,) = (t for t in at.text_input if "gaussian_noise" in t.key)
    assert field.value == "Noise"
    field.set_value("Grain").run()
    at.button_group(key="overlap_view").set_value("Heatmap").run()
    assert sound(at)
    (figure,) = figures(at)
    assert "Grain" in [note["text"] for note in figure["layout"]["annotations"]]


@pytest.mark.parametrize("method", ["Hierarchical", "HDBSCAN"])
def test_other_methods_find_categories_too(open_page: OpenPage, table: Path, method: str) -> None:
    at = open_page("overlap", overlap_method=method)
    assert sound(at)
    assert figures(at)[0]["layout"]["shapes"]


def test_coverage_is_said_in_words(open_page: OpenPage, own_cache: Path) -> None:
    noises = ["gaussian_noise", "shot_noise", "impulse_noise"]
    write(own_cache, "mixed", atlas(NAMES))
    at = open_page("overlap", overlap_view="Coverage", overlap_benchmark="My own", overlap_ticked=noises[:2])
    assert sound(at)
    assert at.selectbox(key="overlap_covered").value == "laugros_border"  # the thesis' example comes first
    at.selectbox(key="overlap_covered").set_value("impulse_noise").run()
    assert "Impulse noise: covered" in texts(at)


def test_verdicts_have_their_numbers() -> None:
    labels = {"a": "A", "b": "B"}
    row = {"verdict": "not covered", "best": 0.02, "low": -0.03, "high": 0.06, "by": "b", "reach": 0.07, "reason": ""}
    message = coverage.verdict(labels, "a", row, MARGIN, "ImageNet-C")
    for part in ("ImageNet-C", "A", "0.1", "B", "0.02", "-0.03 to 0.06", "0.07"):
        assert part in message
    assert "undecided" in coverage.verdict(labels, "a", row | {"verdict": "undecided"}, MARGIN, "ImageNet-C")
    undefined = coverage.verdict(labels, "a", row | {"verdict": "undefined", "reason": "why"}, MARGIN, "ImageNet-C")
    assert "why" in undefined


def test_a_suite_is_a_benchmark_of_a_table_that_has_more() -> None:
    suite = corruptions.names("imagenet-c")
    assert benchmark.is_part(suite, [*suite, "laugros_border"])
    assert not benchmark.is_part(suite, suite)
    assert not benchmark.is_part(suite, [*suite[1:], "laugros_border"])
    assert benchmark.title(suite) == "ImageNet-C"


def test_corruptions_of_two_suites_have_different_names() -> None:
    written = display_names(atlas(["brightness", "laugros_brightness", "laugros_border"], seeds=(0,)))
    assert written["brightness"] == "Brightness"
    assert written["laugros_brightness"] == "Brightness (Laugros)"
    assert written["laugros_border"] == "Border"


def test_what_was_clicked_is_read_from_the_point() -> None:
    assert heatmap.clicked(None) is None
    assert heatmap.clicked({"selection": {"points": []}}) is None
    assert heatmap.clicked({"selection": {"points": [{"customdata": None}]}}) is None


def test_compare_groups_by_the_categories_of_an_atlas(
    open_page: OpenPage, evaluated: str, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(own_cache, "mixed", atlas([*NAMES, "contrast", "pixelate"], seeds=(0,)))
    at = open_page("compare", compare_view="Corruptions", compare_model=evaluated, compare_order="By category")
    assert sound(at)
    (figure,) = figures(at)
    ticks = figure["layout"]["yaxis"]["ticktext"]
    assert ticks.index("<b>Noise</b>") == ticks.index("Gaussian noise") - 1
    assert "K-means categories, by the 0.5 rule, of the overlaps of scenes/resnet" in texts(at)
    (script,) = (code.value for code in at.code if "to_html" in code.value)
    monkeypatch.chdir(own_cache)
    made: dict[str, Any] = {}
    exec(compile(script, "figure.py", "exec"), made)
    assert list(made["figure"].layout.yaxis.ticktext) == ticks


def test_compare_offers_no_categories_without_an_atlas(open_page: OpenPage, evaluated: str) -> None:
    at = open_page("compare", compare_view="Corruptions", compare_model=evaluated)
    assert "By category" not in at.button_group(key="compare_order").options


def test_a_table_with_some_of_the_corruptions_is_drawn_next_to_another(
    open_page: OpenPage, table: Path, own_cache: Path
) -> None:
    write(own_cache, "fewer", atlas(NAMES[:4], architecture="scenes/vgg", seeds=(0,)))
    at = open_page("overlap", overlap_table="mixed", overlap_view="Architectures")
    assert sound(at)
    assert at.selectbox(key="overlap_beside").value == "scenes/vgg, fewer"
    assert "6 pairs" in texts(at)
    second = atlas_of(own_cache / "overlap" / "fewer-scenes-vgg.csv", "scenes/vgg")
    assert (second.architecture, second.models) == ("scenes/vgg", 4)
    assert second.text in texts(at)


def test_gains_on_shifts_are_drawn_where_they_were_tested(open_page: OpenPage, own_cache: Path) -> None:
    write(own_cache, "mixed", atlas(NAMES[:4], seeds=(0,), further=["scenes/sketch"]))
    at = open_page("overlap", overlap_view="Models")
    assert sound(at)
    assert len(figures(at)) == 3
