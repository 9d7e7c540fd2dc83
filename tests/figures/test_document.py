"""The report: one file that holds all it needs, whatever the models are called."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest
from plotly.offline import get_plotlyjs

from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Condition, evaluate
from robustcore.figures.document import to_html
from robustcore.reports import compare
from robustcore.reports.compare import document
from robustcore.reports.compare.document import Document
from tests.reports import worlds

EVIL = "<script>alert(1)</script>"
LONG = "runs/" + "a-very-long-name-" * 4 + "seven77"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("results") / "results.sqlite"
    models = [worlds.classifier(EVIL, worlds.Linear(1)), worlds.classifier(LONG, worlds.Linear(2))]
    attack = Condition("attack", "pgd", params=(("eps", 2 / 255),))
    evaluate(models, "scenes", ["contrast", "fog", attack], limit=12, store=path)
    return path


def report(store: Path, *models: str, **options: str) -> Document:
    return document.gather(models, "scenes", ["contrast", "fog"], store=store, **options)


def text_of(file: bytes) -> str:
    """The file without Plotly's own code."""
    text = file.decode()
    assert text.count(get_plotlyjs()) == 1
    return text.replace(get_plotlyjs(), "")


def test_names_of_any_kind_are_text_and_nothing_comes_from_elsewhere(store: Path) -> None:
    assert len(LONG) == 80
    text = text_of(to_html(report(store, EVIL, LONG)))
    assert EVIL not in text
    assert html.escape(EVIL) in text
    assert LONG in text
    assert text.count("<script") == 3  # Plotly, the figures, ours
    assert not re.search(r"""(src|href|url)\s*[=(]\s*["']?\s*(https?:)?//""", text)
    figures = json.loads(re.search(r'id="figures">(.*?)</script>', text, re.S).group(1))  # type: ignore[union-attr]
    assert len(figures) == 3
    assert "&lt;script" in json.dumps(figures)
    for (
        figure
    ) in figures:  # what Plotly draws; ids of points and the footer, which the page sets as text, are as they are
        drawn = [{key: value for key, value in trace.items() if key != "customdata"} for trace in figure["data"]]
        assert "<script" not in json.dumps([drawn, figure["layout"] | {"meta": None}])


def test_mce_is_said_with_what_it_is_over_against_and_on_and_with_its_numbers(store: Path) -> None:
    report_text = report(store, EVIL, LONG)
    note = report_text.words
    assert (note.kind, note.subject, note["corruptions"]) == ("mean_in_words", "mCE", 2)
    assert (note["reference"], note["images"], note["dataset"]) == (EVIL, "12 images", "scenes")
    assert html.escape(note.text) in text_of(to_html(report_text))
    assert report_text.errors is not None
    mean = report_text.errors.means.set_index("model").loc[LONG, "value"]
    values = report_text.errors.table.loc[report_text.errors.table["model"] == LONG, "value"]
    assert f"({values.iloc[0]:.1f} + {values.iloc[1]:.1f}) / 2 = <b>{mean:.1f}</b>" in text_of(to_html(report_text))


def test_one_model_alone_has_a_report_without_mce(store: Path) -> None:
    report_text = report(store, LONG)
    assert report_text.errors is None
    assert report_text.words.kind == "no_mce_without_reference"
    assert (report_text.learned[0].kind, report_text.learned[0].subject) == ("one_model", LONG)
    text = text_of(to_html(report_text))
    assert text.count('class="plot"') == 1 + bool(len(report_text.curve))  # no ranking of one model


def test_the_evidence_names_fingerprints_and_the_command_that_makes_it_again(store: Path) -> None:
    report_text = report(store, LONG, reference=EVIL)
    subjects = compare.subjects([LONG], worlds.load_dataset("scenes"), store=store)
    assert any(subjects[0].fingerprint in line for line in report_text.evidence)
    assert report_text.accuracy.models == [LONG]
    assert report_text.errors is not None
    assert report_text.errors.reference == EVIL
    assert (
        report_text.command
        == f"robustcore report --model {LONG} --dataset scenes --suite contrast fog --reference '{EVIL}'"
    )


def test_attacks_among_corruptions_are_named_and_have_no_part_in_the_mce(store: Path) -> None:
    gathered = document.gather([LONG, EVIL], "scenes", ["contrast", "robust-accuracy"], store=store)
    assert list(gathered.accuracy.table["name"].unique()) == ["contrast", "pgd (eps 2/255)"]
    assert gathered.learned[0].kind == "best_model"
    assert "2 conditions" in gathered.learned[0]["over"]
    assert gathered.words["corruptions"] == 1
    assert gathered.errors is not None
    assert gathered.errors.means["conditions"].tolist() == [1, 1]


def test_without_results_it_says_what_computes_them(store: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="robustcore evaluate --model"):
        document.gather([LONG], "scenes", ["imagenet-c-extra"], store=store)


def test_published_models_are_divided_by_alexnet_of_the_same_table() -> None:
    models = [f"published/imagenet/{name}" for name in ("Standard_R50", "Hendrycks2020AugMix", "Hendrycks2020Many")]
    gathered = document.gather(models)
    assert gathered.errors is not None
    assert [round(v, 1) for v in gathered.errors.means["value"]] == [76.4, 64.2, 60.0]
    assert (gathered.words["corruptions"], gathered.words["of_imagenet_c"]) == (15, 15)
    assert gathered.words["reference"] == "published/imagenet/AlexNet"
    assert gathered.words["images"] == "5,000 images"


def test_errors_are_against_the_standard_model_wherever_it_is_in_the_list() -> None:
    gathered = document.gather(["scenes/resnet-augmix", "scenes/resnet-standard"])
    assert gathered.errors is not None
    assert gathered.errors.reference == "scenes/resnet-standard"
