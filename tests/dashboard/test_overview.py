"""The page Overview: what each evaluated model withstands, and the ways on from here."""

from __future__ import annotations

import html
import math
import re
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest

import robustcore as rc
from dashboard import cache, pages
from dashboard.views.overview import example, model_table
from dashboard.views.overview.model_table import Heading, ModelRow, TableValue
from robustcore.display import display_name
from robustcore.models import Card
from robustcore.reports.overview.overview import COLUMNS, Overview
from robustcore.reports.preview.gallery import GalleryImage
from robustcore.reports.provenance import Provenance
from robustcore.training import interventions
from robustcore.training.interventions import FAMILIES
from tests.dashboard.conftest import OpenPage, markup, sound


def test_says_what_this_is_before_anything_was_evaluated(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache.results, "evaluated", lambda dataset: [])
    at = open_page("overview")
    assert sound(at)
    assert "evaluate" in {link.proto.page for link in at.get("page_link")}
    assert not markup(at, "overview_models")


def test_the_photograph_and_its_answers_are_there_without_loading_its_network(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache.models, "_model", lambda name, version: pytest.fail("a large network was loaded"))
    at = open_page("overview", overview_corruption="Contrast", overview_severity="5")
    assert sound(at)
    drawn = " ".join(each.proto.body for each in at.get("html"))
    card = cache.models.card(cache.models.PHOTOGRAPHS_MODEL)
    item = cache.images.photograph(example.PHOTOGRAPH, card.preparation)
    grid = cache.gallery.grid(item, (GalleryImage("contrast", 5, 5, None, 0),), "memory")
    answers = cache.gallery.shipped_answers(cache.models.PHOTOGRAPHS_MODEL, grid, "memory")
    assert answers is not None
    for place in (0, 1):
        for name in (card.classes[k] for k in answers.classes[place][: example.TOP]):
            assert display_name(name) in drawn
    assert drawn.count("<img") == 2


def test_steps_for_a_newcomer_go_away(open_page: OpenPage) -> None:
    at = open_page("overview")
    assert "1. See it break" in {link.proto.label for link in at.get("page_link")}
    at.button(key="overview_dismiss").click().run()
    assert sound(at)
    assert "1. See it break" not in {link.proto.label for link in at.get("page_link")}


def test_the_standard_model_is_the_first_row_and_advice_compares_with_it(open_page: OpenPage) -> None:
    at = open_page("overview", overview_need="Attack", overview_order="Attack")
    assert sound(at)
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>', markup(at, "overview_models"))
    assert "scenes/resnet-standard" in rows[0]
    assert "scenes/resnet-continued" in rows[1]  # what the gains are over
    assert "scenes/resnet-standard" not in " ".join(rows[1:])
    (sentence,) = [each.value for each in at.markdown if "points of clean accuracy" in each.value]
    assert "PGD" in sentence
    assert any(each.value.startswith("scenes/resnet\\-pgd") or "scenes/resnet-pgd" in each.value for each in at.caption)


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch, evaluated: str) -> str:
    """The one model with results, whatever ships."""
    monkeypatch.setattr(cache.results, "evaluated", lambda dataset: [evaluated])
    return evaluated


def test_a_row_says_what_was_measured_and_what_was_not(open_page: OpenPage, only: str) -> None:
    at = open_page("overview")
    assert sound(at)
    table = rc.evaluate(only, "scenes", ["contrast", "gaussian_noise"], limit=6)
    clean = table.loc[table["kind"] == "clean", "accuracy"].item()
    corrupted = table[table["kind"] == "corruption"].groupby("name")["accuracy"].mean().mean()
    cells = re.findall(r"<td[^>]*>(.*?)</td>", markup(at, "overview_models"))
    texts = [html.unescape(re.sub(r"<[^>]+>", " ", cell)).split() for cell in cells]
    assert texts[0][:2] == [f"{100 * clean:.1f}", "%"]
    assert texts[1][:2] == [f"{100 * corrupted:.1f}", "%"]
    assert [" ".join(text) for text in texts[2:5]] == ["not evaluated"] * 3  # two attacks, natural shifts
    captions = " ".join(c.value for c in at.caption)
    assert "attacks, natural shifts" in captions  # with a link to evaluate them
    assert "6 images" in captions  # where it comes from


def test_every_link_leads_to_a_page_with_the_model_in_its_address(open_page: OpenPage, only: str) -> None:
    at = open_page("overview")
    links = [(link.proto.page, parse_qs(link.proto.query_string)) for link in at.get("page_link")]
    assert {"compare", "corruptions", "evaluate"} <= {page for page, _ in links}
    addresses = [urlsplit(html.unescape(a)) for a in re.findall(r'href="([^"]+)"', markup(at, "overview_models"))]
    assert addresses
    assert {a.path for a in addresses} <= {v.address for v in pages.views()}
    for address in addresses:
        assert [only] in parse_qs(address.query).values()


def crowd() -> Overview:
    """Fourteen models of two trainings, the best last, one with a name of eighty characters; natural shifts, no attack."""
    names = [f"own/model-{i}" for i in range(13)] + ["own/" + "x" * 76]
    rows = [
        dict.fromkeys(COLUMNS, math.nan)
        | {
            "model": name,
            "clean": 0.9,
            "mean": 0.5 + i / 100,
            "conditions": 15,
            "severities": "",
            "whole": True,
            "n": 100,
            "labelled": 100,
            "worst_name": "fog",
            "worst": 0.1,
            "worst_severity": 5,
            "broken_name": "",
            "attack_images": 0,
            "attack_known": 0,
            "shifted": 0.4,
            "shifts": 1,
            "shift_images": 100,
        }
        for i, name in enumerate(names)
    ]
    sets = pd.DataFrame([(n, "shift", "sketch", 0.4) for n in names], columns=["model", "kind", "name", "accuracy"])
    nothing = Provenance(tuple(names), "scenes", "test", (100, 100), 0, (), "memory", "none", "")
    return Overview(pd.DataFrame(rows), sets, (), nothing)


def test_many_models_are_grouped_best_first_limited_and_searched(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = crowd()
    monkeypatch.setattr(cache.results, "evaluated", lambda dataset: list(result.table["model"]))
    monkeypatch.setattr(cache.results, "overview", lambda models, dataset: result)
    training = dict(zip(result.table["model"], ["pgd"] * 7 + ["mixup"] * 7, strict=True))
    card = cache.models.card
    made_up = Card("", ("a",), 64, "scenes", architecture="scenes/resnet")
    monkeypatch.setattr(cache.models, "card", lambda name: made_up if name in training else card(name))
    monkeypatch.setattr(
        cache.models, "training", lambda name: (training[name], FAMILIES[interventions.get(training[name]).family])
    )
    at = open_page("overview", overview_group="Training")
    assert sound(at)
    shown = markup(at, "overview_models")
    assert re.findall(r'rowgroup">(.*?)<', shown) == ["Image augmentation", "Adversarial training"]
    assert shown.count("<tr><th") - 1 == 12  # six of each group; the head is a row too
    assert "own/" + "x" * 76 in shown
    assert "own/model-0<" not in shown
    assert any(" 2 more" in c.value for c in at.caption)
    at.text_input(key="overview_find").set_value("MODEL-0").run()
    assert "own/model-0<" in markup(at, "overview_models")
    assert not at.dataframe
    at.text_input(key="overview_find").set_value("none of this name").run()
    assert sound(at)
    assert markup(at, "overview_models") == ""
    at.text_input(key="overview_find").set_value("model-0").run()
    at.toggle(key="overview_shifts").set_value(True).run()
    assert sound(at)
    assert list(at.dataframe[0].value.columns) == ["Model", "Sketch"]


def test_names_are_text_and_a_page_that_is_not_there_is_no_link() -> None:
    row = ModelRow(
        "<b>",
        "<i>",
        [TableValue(0.5, True, target=("nowhere", {})), TableValue(float("nan"))],
        [("&", None)],
        ("compare", {}),
    )
    drawn = model_table.table([Heading("Model"), Heading("a"), Heading("b"), Heading("c")], [("", [row])])
    assert "&lt;b&gt;</a><small>&lt;i&gt;</small>" in drawn
    assert "nowhere" not in drawn
    assert "50.0\N{NO-BREAK SPACE}%" in drawn
    assert "not evaluated" in drawn


def test_detection_and_calibration_are_behind_a_switch(open_page: OpenPage) -> None:
    at = open_page("overview", overview_find="vgg-pgd", overview_knowing="true")
    assert sound(at)
    (table,) = [each.value for each in at.dataframe if "aurra" in each.value]
    assert set(table["model"]) == {"scenes/vgg-pgd"}
    assert table[["msp", "max_logit", "ece"]].notna().all(axis=None)
