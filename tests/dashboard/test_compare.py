"""The page Compare: what is drawn is what is stored, what must not be compared is refused with a sentence, and every
figure can be made again by the Python beside it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import robustcore as rc
from dashboard import cache
from dashboard.views.compare import example_images, export
from dashboard.views.compare.modes import MODES, TITLES
from dashboard.views.compare.view import View
from robustcore import metrics
from robustcore.calls import Call
from robustcore.evaluation import Condition, corrupted_set, suites
from robustcore.reports.compare import comparison, measures, published_models, references
from robustcore.training import families, zoo
from tests.dashboard.conftest import OpenPage, markup, sound

OTHER = "scenes/vgg?weights=none&classes=12"
ALEXNET = "published/imagenet/AlexNet"


@pytest.fixture(scope="session")
def two_results(small_results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of the small model and of another one on the same six images."""
    folder = tmp_path_factory.mktemp("two")
    shutil.copy2(small_results, folder / "results.sqlite")
    rc.evaluate(OTHER, "scenes", ["contrast", "gaussian_noise"], limit=6, store=folder / "results.sqlite")
    return folder / "results.sqlite"


@pytest.fixture
def two(own_model: str, own_cache: Path, two_results: Path) -> list[str]:
    """Two models with results in the cache."""
    (own_cache / "results").mkdir(parents=True)
    shutil.copy2(two_results, own_cache / "results" / "results.sqlite")
    return [own_model, OTHER]


def figures(at: AppTest) -> list[dict[str, Any]]:
    return [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]


def texts(at: AppTest) -> str:
    parts = [*at.caption, *at.markdown, *at.warning, *at.info, *at.error, *at.subheader]
    return " ".join(part.value.replace("\\", "") for part in parts)


@pytest.mark.parametrize("metric", [metric.name for metric in metrics.of_input("accuracies")])
def test_every_metric_is_drawn_with_clean_accuracy_and_provenance(
    open_page: OpenPage, evaluated: str, metric: str
) -> None:
    at = open_page(
        "compare",
        compare_view="corruptions",
        compare_model=evaluated,
        compare_measure=metric,
        compare_reference=evaluated,
    )
    assert sound(at)
    means = markup(at, "compare_means")
    assert "Clean accuracy" in means
    assert 'data-pick="model?name=' in means
    page_text = texts(at)
    for part in (metrics.get(metric).formula, "6 images", "robustcore", "seed 0", "Intervals: 95 %"):
        assert part in page_text
    if metrics.get(metric).reference:
        mean = references.mean_in_words(metrics.get(metric).mean, 2, 2, 0, evaluated, "6 images", "scenes")
        assert mean.text in page_text
    (figure,) = figures(at)
    assert "(clean " in next(trace for trace in figure["data"] if trace["type"] == "bar")["name"]


def test_a_metric_of_single_images_is_drawn_by_its_script_too(
    open_page: OpenPage, two: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page("compare", compare_view="corruptions", compare_model=two, compare_measure="consistency")
    assert sound(at)
    table = at.dataframe[0].value
    assert table["value"].between(0, 1).all()
    (figure,) = figures(at)
    monkeypatch.chdir(tmp_path)
    assert [trace.get("x") for trace in scripted(at)] == [trace.get("x") for trace in figure["data"]]


def test_without_unknown_classes_no_metric_of_scores_is_drawn(open_page: OpenPage, evaluated: str) -> None:
    at = open_page("compare", compare_view="ranking", compare_model=evaluated, compare_measure="auroc")
    assert sound(at)
    assert figures(at) == []
    assert "unknown classes" in texts(at)


def scripted(at: AppTest) -> list[dict[str, Any]]:
    """The traces that the script beside the figure draws; its file lands in the working folder."""
    (script,) = (code.value for code in at.code if "to_html" in code.value)
    made: dict[str, Any] = {}
    exec(compile(script, "figure.py", "exec"), made)
    traces: list[dict[str, Any]] = json.loads(made["figure"].to_json())["data"]
    return traces


@pytest.mark.parametrize("view", MODES)
def test_the_python_of_a_figure_makes_it(
    open_page: OpenPage, two: list[str], view: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every view is drawn for two models, and its script, run anywhere with the same results, draws the same traces."""
    further = {"compare_population": "sketch"} if view == "trend" else {}
    at = open_page("compare", compare_view=view, compare_model=two, compare_baseline=two[1], **further)
    assert sound(at)
    (figure,) = figures(at)
    monkeypatch.chdir(tmp_path)
    drawn = scripted(at)
    assert [trace.get("x") for trace in drawn] == [trace.get("x") for trace in figure["data"]]
    assert [trace.get("y") for trace in drawn] == [trace.get("y") for trace in figure["data"]]
    (file,) = tmp_path.glob("*.html")
    assert b"Save SVG" in file.read_bytes()


@pytest.mark.parametrize(
    "view",
    [
        "tradeoff",
        *(pytest.param(view, marks=pytest.mark.slow) for view in ("corruptions", "baseline", "ratios")),
    ],
)
def test_many_models_are_coloured_by_their_training_in_the_script_too(
    open_page: OpenPage, view: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page("compare", compare_view=view, compare_model=list(zoo.ZOO)[:14], compare_severity=["3", "5"])
    assert sound(at)
    (figure,) = figures(at)
    monkeypatch.chdir(tmp_path)
    drawn = scripted(at)
    assert [trace.get("marker") for trace in drawn] == [trace.get("marker") for trace in figure["data"]]
    named = [trace["name"] for trace in drawn if trace.get("x") == [None]]
    assert named == ["Standard training", "Adversarial training", "Image augmentation"]


@pytest.mark.parametrize("view", ["ranking", pytest.param("severities", marks=pytest.mark.slow)])
def test_of_many_models_the_best_of_each_family_are_named_and_the_families_have_rows_or_panels(
    open_page: OpenPage, view: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pinned = list(zoo.ZOO)[5]
    at = open_page(
        "compare",
        compare_view=view,
        compare_model=list(zoo.ZOO)[:14],
        compare_pin=pinned,
        compare_severity=["3", "5"],
    )
    assert sound(at)
    (figure,) = figures(at)
    layout = figure["layout"]
    titles = [*layout["yaxis"].get("ticktext", []), *(a["text"] for a in layout.get("annotations", []))]
    for family in ("Standard training", "Adversarial training", "Image augmentation"):
        assert any(family in title.replace("<br>", " ") for title in titles)
    monkeypatch.chdir(tmp_path)
    assert [trace.get("marker") for trace in scripted(at)] == [trace.get("marker") for trace in figure["data"]]
    if view == "ranking":
        assert pinned.rpartition("/")[2] in titles[0]  # on top, whatever its rank
        assert len([title for title in titles if ". " in title]) < 14


def test_the_table_is_what_is_drawn(open_page: OpenPage, evaluated: str) -> None:
    at = open_page("compare", compare_view="corruptions", compare_model=evaluated)
    table = at.dataframe[0].value
    stored = rc.evaluate(evaluated, "scenes", ["contrast", "gaussian_noise"], limit=6)
    means = stored[stored["kind"] == "corruption"].groupby("name")["accuracy"].mean()
    assert dict(zip(table["name"], table["value"], strict=True)) == pytest.approx(means.to_dict())


def test_a_bar_leads_to_its_images(open_page: OpenPage, evaluated: str) -> None:
    at = open_page("compare", compare_view="corruptions", compare_model=evaluated)
    point = {"customdata": [evaluated, "contrast"]}
    at.session_state["figure-compare-accuracy"] = {
        "selection": {"points": [point], "point_indices": [0], "box": [], "lasso": []}
    }
    at.run()
    assert sound(at)
    page_text = texts(at)
    stored = rc.evaluate(evaluated, "scenes", ["contrast"], limit=6)
    clean = int(stored.loc[stored["kind"] == "clean", "correct"].item())
    lost, kept = (int(page_text.split(f"**{word}**: ")[1].split()[0]) for word in ("Lost", "Kept"))
    assert lost + kept == clean
    shown = [markup(at, f"compare_behind_{word}").count("<img") for word in ("Lost", "Kept")]
    assert shown == [2 * lost, 2 * kept]  # each above its clean form


def test_the_images_can_be_chosen_without_a_pointer(open_page: OpenPage, evaluated: str) -> None:
    at = open_page("compare", compare_view="corruptions", compare_model=evaluated)
    at.selectbox(key="compare_behind_model").set_value(evaluated)
    at.selectbox(key="compare_behind_label").set_value("contrast").run()
    assert sound(at)
    assert f"Contrast: what {evaluated} lost and kept" in texts(at)


def test_what_was_clicked_is_read_from_the_point() -> None:
    assert example_images.chosen(None) is None
    assert example_images.chosen({"selection": {"points": []}}) is None
    assert example_images.chosen({"selection": {"points": [{"customdata": ["m", "fog"]}]}}) == example_images.Mark(
        "m", "fog"
    )
    on_a_curve = {"selection": {"points": [{"customdata": ["m", "fog", 3]}]}}
    assert example_images.chosen(on_a_curve) == example_images.Mark("m", "fog", 3)


def test_published_alexnet_is_refused_for_scenes(open_page: OpenPage, evaluated: str) -> None:
    at = open_page("compare", compare_model=evaluated, compare_measure="ce", compare_reference="alexnet")
    (error,) = at.error
    assert "12 classes at 64 pixels" in error.value
    assert "Choose one of the evaluated models" in error.value
    assert not at.get("plotly_chart")


def test_a_published_model_with_ones_own_is_refused_with_the_reason(open_page: OpenPage, evaluated: str) -> None:
    at = open_page("compare", compare_model=[evaluated, ALEXNET])
    assert not at.exception
    why = published_models.other_dataset(ALEXNET, "imagenet", 1000, 224, "scenes", 12, 64)
    assert why.text in texts(at)
    assert len(figures(at)) == 1  # the own model is drawn


def test_published_models_say_which_mce_it_is(open_page: OpenPage) -> None:
    at = open_page(
        "compare",
        compare_dataset="published: imagenet",
        compare_measure="ce",
        compare_model=[ALEXNET, "published/imagenet/Standard_R50"],
    )
    assert not at.exception
    page_text = texts(at)
    assert references.mean_in_words("mCE", 15, 15, 0, ALEXNET, "5,000 images", "imagenet").text in page_text
    assert "no intervals" in page_text
    assert [round(v, 1) for v in at.dataframe[0].value["value"]] == [100.0, 76.4]
    assert "clean accuracies differ by 20 points" in at.warning[0].value


def test_a_model_without_results_leads_to_evaluate(open_page: OpenPage, own_model: str) -> None:
    at = open_page("compare", compare_model=own_model, compare_suite="imagenet-c-extra")
    assert sound(at)
    assert f"Nothing is stored of {own_model} here" in texts(at)
    (link,) = at.get("page_link")
    assert link.proto.page == "evaluate"
    assert "evaluate_suite=ImageNet-C+extra" in link.proto.query_string
    assert not at.get("plotly_chart")


def test_models_on_different_numbers_of_images_meet_on_those_that_they_share(
    open_page: OpenPage, evaluated: str
) -> None:
    rc.evaluate(OTHER, "scenes", ["contrast", "gaussian_noise"], limit=4)
    at = open_page("compare", compare_view="corruptions", compare_model=[evaluated, OTHER])
    assert sound(at)
    assert "4 images" in texts(at)
    assert set(at.dataframe[0].value["n"]) == {4}


def test_results_through_the_other_storage_are_no_results_here(open_page: OpenPage, evaluated: str) -> None:
    rc.evaluate(OTHER, "scenes", ["contrast", "gaussian_noise"], limit=4, storage="jpeg85")
    at = open_page("compare", compare_model=[evaluated, OTHER])
    assert not at.exception
    assert comparison.other_storage_only(OTHER, "memory", "jpeg85").text in texts(at)
    assert at.get("plotly_chart")


def test_the_address_is_the_state(open_page: OpenPage, evaluated: str) -> None:
    address = {"compare_model": evaluated, "compare_severity": ["2", "4"]}
    at = open_page("compare", compare_view="corruptions", compare_order="name", **address)
    assert list(at.dataframe[0].value["name"]) == ["contrast", "gaussian_noise"]
    assert set(at.dataframe[0].value["severities"]) == {"2 4"}
    at = open_page(
        "compare", compare_view="severities", compare_curve="one", compare_condition="gaussian_noise", **address
    )
    assert sound(at)
    assert list(at.dataframe[0].value["severity"]) == [0, 2, 4]


def test_an_unknown_name_in_the_address_is_said_and_left_out(open_page: OpenPage, evaluated: str) -> None:
    at = open_page("compare", compare_model=[evaluated, "own/smal"], compare_measure="acuracy", compare_view="bars")
    assert not at.exception
    message = " ".join(w.value.replace("\\", "") for w in at.warning)
    assert "no model named 'own/smal'" in message
    assert "no metric named 'acuracy'" in message
    assert "no view named 'bars'" in message
    assert at.get("plotly_chart")


def test_the_buttons_of_the_controls_count_only_what_is_drawn(open_page: OpenPage, evaluated: str) -> None:
    at = open_page("compare", compare_model=[evaluated, "own/smal"], compare_pin="own/smal", compare_suite="fogg")
    labels = [block.proto.popover.label for block in at.get("popover")]
    assert "1 model" in labels
    assert not any("fogg" in label for label in labels)


def test_nothing_chosen_is_no_error(open_page: OpenPage, evaluated: str) -> None:
    at = open_page("compare", compare_model=evaluated)
    at.session_state["compare_model"] = []
    at.run()
    assert sound(at)
    assert "Choose a model" in texts(at)


def test_the_trade_off_with_attacks_asks_for_an_evaluation_where_there_is_none(
    open_page: OpenPage, evaluated: str
) -> None:
    at = open_page("compare", compare_view="tradeoff", compare_axes="attacked", compare_model=evaluated)
    assert sound(at)
    assert "None of these models was evaluated under attack" in texts(at)


@pytest.mark.parametrize("view", ["baseline", "ratios"])
def test_one_model_has_nothing_to_be_set_against(open_page: OpenPage, evaluated: str, view: str) -> None:
    at = open_page("compare", compare_view=view, compare_model=evaluated, compare_baseline=evaluated)
    assert sound(at)
    assert "The baseline is the only model" in texts(at)


def test_every_view_has_a_name_and_attacks_a_panel(open_page: OpenPage, evaluated: str) -> None:
    assert len(set(TITLES.values())) == len(TITLES)
    at = open_page("compare", compare_view="attacks", compare_model=evaluated)
    assert sound(at)
    assert "None of these models has been evaluated under attack" in texts(at)
    at = open_page("compare", compare_view="attacks", compare_dataset="published: cifar10")
    assert sound(at)
    assert "The published tables have no curves under attack" in texts(at)


def test_the_models_of_one_family_of_trainings_are_chosen_with_a_button(open_page: OpenPage) -> None:
    assert cache.models.training("scenes/resnet-no_blur") == ("no_blur", "Training on corruptions")
    assert cache.models.training("no/such-model") == ("unknown", "Training unknown")
    at = open_page("compare")
    assert len(at.multiselect(key="compare_model").value) == len(zoo.ZOO)
    next(b for b in at.button if b.label == "Training on fooling images (5)").click().run()
    assert sound(at)
    chosen = at.multiselect(key="compare_model").value
    assert {families.family(cache.models.card(m)) for m in chosen} == {"standard", "fooling"}


def test_a_ranking_for_a_paper_has_the_clean_accuracy_too() -> None:
    gathered = published_models.gather([ALEXNET, "published/imagenet/Standard_R50"], "imagenet")
    result = measures.bars(gathered, "ce", reference=ALEXNET)
    text = export.latex(View("ranking-ce", "mCE", "", result.means, result.footer, Call(dict), result))
    assert r"published/imagenet/Standard R50 & 76.7 & 76.4 \\" in text
    assert "Reference: published/imagenet/AlexNet" in text


def test_a_model_evaluated_in_part_is_not_chosen_by_itself_and_does_not_narrow_the_other(
    open_page: OpenPage, own_model: str, own_cache: Path, two_results: Path
) -> None:
    """`OTHER` has two corruptions at five severities; the small model one more, at one severity."""
    (own_cache / "results").mkdir(parents=True)
    store = own_cache / "results" / "results.sqlite"
    shutil.copy2(two_results, store)
    rc.evaluate(OTHER, "scenes", "fog", limit=6, severities=[1, 3, 5], store=store)
    rc.evaluate(own_model, "scenes", "fog", limit=6, store=store)
    cache.expiry.results_changed()
    assert OTHER not in open_page("compare").multiselect(key="compare_model").value
    both = open_page("compare", compare_model=[own_model, OTHER], compare_view=["Severities"])
    assert not both.exception
    data = cache.datasets.SCENES
    gathered = cache.compare.gathered((own_model, OTHER), data, ("imagenet-c",), (1, 2, 3, 4, 5), "memory", 0).value
    rows = gathered.corrupted
    assert set(rows.loc[(rows["model"] == own_model) & (rows["label"] == "fog"), "severity"]) == {1, 2, 3, 4, 5}
    assert gathered.partial == (OTHER,)


def test_a_model_without_the_suite_is_a_line_with_a_link(open_page: OpenPage, two: list[str], own_cache: Path) -> None:
    rc.evaluate(two[0], "scenes", "laugros_flip", limit=6, store=own_cache / "results" / "results.sqlite")
    cache.expiry.results_changed()
    at = open_page("compare", compare_model=two, compare_suite=["Laugros"])
    assert not at.exception
    assert "Evaluated in part only" in texts(at)
    assert any(link.proto.page == "evaluate" for link in at.get("page_link"))


def test_released_corruptions_stand_beside_those_made_here(
    own_model: str, own_cache: Path, open_page: OpenPage, tmp_path: Path
) -> None:
    """The set is written, evaluated and removed: the stored numbers are shown, the images are said to be elsewhere."""
    data = rc.load_dataset("scenes", limit=6)
    released = tmp_path / "set"
    corrupted_set.write(data, suites.resolve("contrast", [1, 2]), released, device="cpu")
    rc.evaluate(own_model, "scenes", "contrast", severities=[1, 2], limit=6, released=released)
    shutil.rmtree(released)
    at = open_page("compare", compare_view="corruptions", compare_model=own_model, compare_storage="As released")
    sound(at)
    bars, beside = figures(at)
    assert "contrast" in json.dumps(bars).lower()
    marks = [trace for trace in beside["data"] if trace.get("mode") == "markers"]
    assert [len(trace["x"]) for trace in marks] == [1]
    assert marks[0]["x"] == marks[0]["y"]  # PNG files of the same draws
    assert "released" in texts(at)


def test_a_click_on_a_mean_leads_to_images_too(open_page: OpenPage, evaluated: str) -> None:
    at = open_page("compare", compare_view="ranking", compare_model=evaluated)
    point = {"customdata": [evaluated, "mean accuracy"]}
    at.session_state["figure-compare-ranking-accuracy"] = {
        "selection": {"points": [point], "point_indices": [0], "box": [], "lasso": []}
    }
    at.run()
    assert sound(at)
    assert at.selectbox(key="compare_behind_model").value == evaluated
    assert at.selectbox(key="compare_behind_label").value
    assert f"what {evaluated} lost and kept" in texts(at)


def test_the_images_behind_a_bar_are_in_the_address(open_page: OpenPage, evaluated: str) -> None:
    at = open_page("compare", compare_model=evaluated, compare_behind_model=evaluated, compare_behind_label="contrast")
    assert sound(at)
    assert f"Contrast: what {evaluated} lost and kept" in texts(at)


@pytest.fixture
def attacked(two: list[str], own_cache: Path) -> list[str]:
    """The two models under attacks of every kind: with a budget, without one, and of the thesis."""
    store = own_cache / "results" / "results.sqlite"
    by_budget = [Condition("attack", "fgsm", params=(("eps", eps),)) for eps in (1 / 255, 2 / 255)]
    pgd = Condition("attack", "pgd", params=(("eps", 2 / 255),))
    nearest = Condition("attack", "fmn", params=(("steps", 2),))
    thesis = Condition("attack", "laugros/fgsm")
    rc.evaluate(two, "scenes", [*by_budget, pgd, nearest, thesis], limit=6, store=store)
    cache.expiry.results_changed()
    return two


@pytest.mark.filterwarnings("ignore:.*misclassifies every")  # the small model was never trained
def test_a_figure_under_attack_is_what_its_script_draws_and_a_click_leads_to_images(
    open_page: OpenPage, attacked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for shown, key in (
        ("ranking", "attack-union-ranking"),
        ("union", "attack-union"),
        ("nearest", "nearest"),
        ("presets", "presets"),
        ("budgets", "robust-accuracy"),
    ):
        at = open_page("compare", compare_view="attacks", compare_under_attack=shown, compare_model=attacked)
        assert sound(at)
        (figure,) = figures(at)
        assert [trace.get("y") for trace in scripted(at)] == [trace.get("y") for trace in figure["data"]]
        model, attack = next(trace["customdata"] for trace in figure["data"] if trace.get("customdata"))[-1]
        point = {"customdata": [model, attack]}
        at.session_state["_compare_behind_clicked"] = None  # the session is that of the figure before
        at.session_state[f"figure-compare-{key}"] = {
            "selection": {"points": [point], "point_indices": [0], "box": [], "lasso": []}
        }
        at.run()
        assert sound(at)
        assert at.selectbox(key="compare_behind_model").value == model
        assert at.selectbox(key="compare_behind_attack").value == attack
        assert "images, right when clean, wrong here" in texts(at)
