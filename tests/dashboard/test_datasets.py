"""Data on pages: whatever has results can be seen, in every split, here or not; what gave none and is gone is not offered."""

from __future__ import annotations

import html
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

import robustcore as rc
from dashboard import cache
from dashboard.cache.datasets import Data
from dashboard.workers import tasks
from robustcore.datasets.recorded import RecordedDataset
from robustcore.evaluation import Store
from robustcore.evaluation.jobs import jobs
from robustcore.evaluation.request import EvaluationRequest
from robustcore.evaluation.store import stored_datasets
from robustcore.evaluation.store.merge import merge
from robustcore.images.preparation import Preparation
from robustcore.models.classifier import Card, Classifier
from robustcore.reports import compare
from tests.dashboard.conftest import OpenPage, markup, sound

MODEL = "scenes/resnet?weights=none&classes=2"


def photographs(root: Path, *splits: str) -> Path:
    """A folder with two noise images of two classes in each split."""
    for k, place in enumerate(f"{split}/{kind}" for split in splits for kind in ("cat", "dog")):
        (root / place).mkdir(parents=True)
        for i in range(2):
            pixels = np.random.default_rng([k, i, len(str(root))]).integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / place / f"{i}.png")
    return root


def evaluate(folder: Path, split: str, **more: Any) -> None:
    rc.evaluate(MODEL, str(folder), ["fog"], severities=[3], split=split, device="cpu", **more)


def box(at: AppTest, key: str) -> Any:
    (result,) = [box for box in at.selectbox if box.key == key]
    return result


@pytest.fixture
def val_only(tmp_path: Path) -> Path:
    """A folder with train and val, whose results are of val, as the README evaluates ImageNet."""
    folder = photographs(tmp_path / "photos", "train", "val")
    evaluate(folder, "val")
    return folder


def test_results_of_the_split_val_open_on_every_page(val_only: Path, open_page: OpenPage) -> None:
    at = open_page("compare", compare_dataset=str(val_only))
    assert sound(at)
    assert at.get("plotly_chart")
    at = open_page("overview", overview_dataset=str(val_only))
    assert sound(at)
    assert MODEL in html.unescape(markup(at, "overview_models"))
    assert "(val)" in " ".join(caption.value for caption in at.caption)
    at = open_page("evaluate", evaluate_dataset=str(val_only), evaluate_other=MODEL, evaluate_limit="2")
    assert sound(at)


def test_the_splits_that_exist_can_be_chosen(val_only: Path, open_page: OpenPage) -> None:
    assert cache.datasets.splits(str(val_only)) == ("val", "train")  # with results first
    assert cache.datasets.splits("scenes", evaluated=False) == ("test", "val", "train")
    assert cache.datasets.splits("scenes") == ("test",)
    chosen = Data(str(val_only), "train")
    assert cache.results.evaluated(chosen) == []
    assert cache.datasets.dataset(chosen).split == "train"
    at = open_page("compare", compare_dataset=str(val_only), compare_split="train")
    assert sound(at)
    assert not at.get("plotly_chart")


def test_an_evaluation_is_of_the_split_that_was_chosen(
    val_only: Path, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dashboard.session import actions

    launched: list[EvaluationRequest] = []
    monkeypatch.setattr(actions, "submit", lambda request: launched.append(request) or 1)
    address = {"evaluate_other": MODEL, "evaluate_suite": "imagenet-c-extra", "evaluate_limit": "2"}
    at = open_page("evaluate", evaluate_dataset=str(val_only), evaluate_split="train", **address)
    (button,) = [button for button in at.button if button.key == "evaluate_launch"]
    button.click().run()
    assert [(request.dataset, request.split) for request in launched] == [(str(val_only), "train")]


def test_merged_results_are_seen_without_their_folder(
    tmp_path: Path, own_cache: Path, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = photographs(tmp_path / "cluster" / "photos", "val")
    with Store(tmp_path / "cluster.sqlite", shipped=False) as store:
        evaluate(elsewhere, "val", store=store)
    shutil.rmtree(elsewhere)
    with Store() as own:
        merge(own, tmp_path / "cluster.sqlite")
    assert [entry.name for entry in cache.datasets.entries()] == ["scenes", "photos"]
    data = Data("photos")
    assert cache.results.evaluated(data) == [MODEL]
    assert isinstance(cache.datasets.evaluated_dataset(data), RecordedDataset)
    assert not cache.datasets.entry("photos").here  # type: ignore[union-attr]
    at = open_page("compare", compare_dataset="photos", compare_view="Corruptions")
    assert sound(at)
    assert at.get("plotly_chart")
    box(at, "compare_behind_model").set_value(MODEL)
    box(at, "compare_behind_label").set_value("fog").run()
    assert sound(at)
    assert "not on this machine" in " ".join(note.value for note in [*at.warning, *at.info])
    at = open_page("overview", overview_dataset="photos")
    assert MODEL in html.unescape(markup(at, "overview_models"))
    evaluated_on = box(open_page("evaluate"), "evaluate_dataset").options
    assert evaluated_on[0] == "scenes"
    assert "photos" not in evaluated_on  # nothing can be evaluated there


def test_a_folder_whose_images_have_changed_keeps_its_results(val_only: Path, open_page: OpenPage) -> None:
    next((val_only / "val" / "cat").iterdir()).unlink()
    cache.expiry.results_changed()
    at = open_page("compare", compare_dataset=str(val_only))
    assert sound(at)
    assert at.get("plotly_chart")
    assert "have changed" in cache.datasets.why_without_images(Data(str(val_only)))


def test_two_folders_of_one_name_are_two_choices(tmp_path: Path, open_page: OpenPage) -> None:
    folders = [photographs(tmp_path / name / "photos", "val") for name in ("new", "older")]
    for folder in folders:
        evaluate(folder, "val")
    options = box(open_page("compare"), "compare_dataset").options
    assert {"new/photos", "older/photos"} <= set(options)
    at = open_page("compare", compare_dataset=str(folders[1]))
    assert sound(at)
    assert box(at, "compare_dataset").value == str(folders[1])


def test_a_mistyped_folder_is_not_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_page: OpenPage) -> None:
    monkeypatch.setattr(jobs, "ensure_worker", lambda: None)
    here = photographs(tmp_path / "photos", "val")
    for folder in (str(here), str(tmp_path / "fotos")):
        jobs.submit(EvaluationRequest((MODEL,), folder, ("fog",), split="val"))
    open_page("evaluate")
    assert [entry.name for entry in cache.datasets.entries()] == ["scenes", str(here)]


def test_paths_that_may_not_be_read_are_not_shown(
    val_only: Path, tmp_path: Path, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "open").mkdir()
    monkeypatch.setenv("ROBUSTCORE_DATA_ROOTS", str(tmp_path / "open"))
    cache.expiry.results_changed()
    at = open_page("compare", compare_dataset="photos")
    assert sound(at)
    assert at.get("plotly_chart")
    assert str(val_only) not in [entry.name for entry in cache.datasets.entries()]
    assert isinstance(cache.datasets.evaluated_dataset(Data("photos")), RecordedDataset)


class Brightness(torch.nn.Module):
    """Two logits that say how bright an image is."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        white = x.mean((1, 2, 3))
        return torch.stack([8 * white - 4, 4 - 8 * white], dim=1)


def test_a_model_that_prepares_images_in_its_own_way_has_its_results_at_the_folder(
    own_cache: Path, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        image = rng.integers(0, 255, (40, 60, 3)).astype(np.uint8)
        Image.fromarray(image).save(tmp_path / "pictures" / name / "1.png")
    card = Card("own/prepared", ("a", "b"), 32, "none", preparation=Preparation(32, 36, "bicubic"))
    images = rc.load_dataset(tmp_path / "pictures")
    model = Classifier(Brightness(), card)
    rc.evaluate(model, images, "brightness")
    (row,) = (row for row in stored_datasets.listing(Store()) if row.name == "pictures")
    assert row.paths == (str(tmp_path / "pictures"),)

    compared = compare.gather([model], images, ["imagenet-c"])
    scored_on = tasks.scored_on(compared, images)
    bars = "robustcore.reports.compare.measures:bars"
    result = tasks.on_comparison(bars, compared, "digest", scored_on, ("accuracy",), {})
    assert result.means["low"].notna().all()  # an interval is drawn from the answers to single images
