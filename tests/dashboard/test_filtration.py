"""The page Filtration without a browser: what ships, a run of its own, review, and writing the kept set."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dashboard.session import actions
from dashboard.views.filtration import review
from robustcore.datasets import load_dataset
from robustcore.errors import JobError
from robustcore.evaluation import filtration
from robustcore.evaluation.filtration import reviews, shipped
from tests.dashboard.conftest import OpenPage, markup, sound

SHAPES = ("arrow", "bolt", "umbrella")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root: Path = tmp_path_factory.mktemp("filtration") / "noise"
    rng = np.random.default_rng(0)
    for shape in SHAPES:
        (root / shape).mkdir(parents=True)
        for number in range(12):
            Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(root / shape / f"{number}.png")
    return root


def test_what_the_page_opens_with_is_computed_from_todays_networks(open_page: OpenPage) -> None:
    assert shipped.is_current(), "robustcore demo computes it again"
    at = open_page("filtration", filtration_judge="scenes/resnet-augmix")
    assert sound(at)
    assert len(at.get("plotly_chart")) == 2
    assert "rc-cell" in markup(at, "filtration_gallery")
    assert not [button for button in at.button if button.key == "filtration_start"]


def test_a_folder_is_filtered_reviewed_and_written(open_page: OpenPage, folder: Path, tmp_path: Path) -> None:
    address = {"filtration_dataset": "A folder …", "filtration_folder": str(folder), "filtration_crops": "1"}
    address |= {"filtration_folder_first": "scenes/resnet-standard", "filtration_folder_second": "scenes/vgg-standard"}
    address |= {"filtration_confidence": "99", "filtration_folder_judge": "scenes/resnet-augmix"}
    at = open_page("filtration", **address)
    assert sound(at)
    assert not at.get("plotly_chart")
    at.button("filtration_start").click().run()
    assert sound(at)
    assert len(at.get("plotly_chart")) == 2
    output = tmp_path / "kept"
    at.text_input("filtration_output").input(str(output))
    next(button for button in at.button if button.label == "Write").click().run()
    assert sound(at)
    contents = json.loads((output / "filtration.json").read_text())
    images = contents["images"]
    assert len(images) == len(load_dataset(output)) > 1
    assert (output / "gallery.html").exists()
    dataset = load_dataset(folder)
    models = filtration.loaded(["scenes/resnet-standard", "scenes/vgg-standard"], dataset)
    key = filtration.key_of(dataset, list(models.values()), 1)
    review._toggle(key, str(images[0]["id"]))  # as a click does
    at = at.run()
    assert "rc-faded" in markup(at, "filtration_gallery")
    assert reviews.rejected(key) == {images[0]["id"]}


def test_a_read_only_dashboard_keeps_no_review(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROBUSTCORE_READ_ONLY", "1")
    with pytest.raises(JobError):
        actions.reject_images("key", [1])
