"""The page Models and data: how a model and images are read, the checks, and models of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.session import actions, roots
from robustcore.datasets import added as folders
from robustcore.errors import DatasetError, InvalidArgumentError, JobError
from robustcore.models import added, load_model
from tests.dashboard.conftest import OpenPage, markup, sound

KEY = "models"


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Bare weights of twelve classes, whose names are in a file beside them."""
    monkeypatch.setattr(roots, "any_path", lambda: True)
    model = load_model("scenes/resnet-standard")
    torch.save(model.network.state_dict(), tmp_path / "m.pth")
    (tmp_path / "classes.txt").write_text("\n".join(model.card.classes))
    return tmp_path / "m.pth"


def shown(at: AppTest, part: str) -> str:
    """The markup of the last block whose key begins so."""
    keys = [element.key for element in at.get("bidi_component") if element.key.startswith(f"{KEY}_{part}")]
    return markup(at, keys[-1]) if keys else ""


def send(at: AppTest, **values: str) -> AppTest:
    for key, value in values.items():
        at.text_input(key=f"{KEY}_add_{key}").set_value(value)
    (button,) = [b for b in at.button if b.label == "Add"]
    return button.click().run()


def test_a_model_and_images_are_understood_and_checked(open_page: OpenPage) -> None:
    at = open_page("models_and_data")
    assert sound(at)
    model = load_model("scenes/resnet-standard")
    assert model.fingerprint() in shown(at, "facts_model")
    assert cache.images.test_images().fingerprint in shown(at, "facts_data")
    assert shown(at, "answers").count("<img") == 10


def test_a_model_is_added_chosen_renamed_and_removed(open_page: OpenPage, weights: Path, own_cache: Path) -> None:
    classes = str(weights.parent / "classes.txt")
    at = send(
        open_page("models_and_data"),
        model=str(weights),
        name="mine",
        architecture="scenes/resnet",
        classes=classes,
    )
    assert sound(at)
    assert "own/mine" in cache.models.model_names()
    assert at.selectbox(key=f"{KEY}_model").value == "own/mine"
    assert load_model("own/mine").fingerprint() in shown(at, "facts_model")
    at = send(at, model=str(weights), name="mine", architecture="scenes/resnet", classes=classes)
    assert [error for error in at.error if "own/mine" in error.value]  # taken
    at.text_input(key=f"{KEY}_rename_mine").set_value("yours").run()
    at.button(key=f"{KEY}_rename_send_mine").click().run()
    assert list(added.models()) == ["yours"]
    assert at.selectbox(key=f"{KEY}_model").value == "own/yours"
    at.selectbox(key=f"{KEY}_model").set_value("scenes/resnet-standard").run()
    at.button(key=f"{KEY}_remove_yours").click().run()
    assert not added.models()
    assert weights.exists()


def test_what_does_not_load_is_not_added(open_page: OpenPage, weights: Path, own_cache: Path) -> None:
    at = open_page("models_and_data")
    for values in (
        {"model": str(weights), "name": "mine", "architecture": "scenes/vgg"},
        {"model": "/nowhere/m.pth", "name": "mine"},
        {"model": str(weights), "name": ""},
        {"model": "net.py:make", "name": "code"},
    ):
        at = send(at, **{"architecture": "", "classes": "", **values})
        assert at.error
    assert not added.models()


def test_where_nothing_may_be_named_nothing_is_added(
    open_page: OpenPage, weights: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roots, "any_path", lambda: False)
    with pytest.raises(InvalidArgumentError):
        actions.add_model("mine", str(weights), {"architecture": "scenes/resnet"}, lambda name: load_model(name).card)
    monkeypatch.setenv("ROBUSTCORE_READ_ONLY", "1")
    for act in (
        lambda: actions.add_model("mine", "torchvision/resnet18", {}, lambda name: load_model(name).card),
        lambda: actions.rename_model("mine", "other"),
        lambda: actions.remove_model("mine"),
    ):
        with pytest.raises(JobError):
            act()
    at = open_page("models_and_data")
    assert sound(at)
    assert not at.text_input
    assert [button.key for button in at.button] == [f"{KEY}_go_on"]  # the checks only read


def test_a_folder_is_read_and_a_wrong_one_is_a_sentence(open_page: OpenPage, weights: Path, tmp_path: Path) -> None:
    for name in ("ring", "star"):
        (tmp_path / "images" / name).mkdir(parents=True)
        Image.new("RGB", (80, 64), "red").save(tmp_path / "images" / name / "red.png")
    folder = {"models_dataset": "a folder …"}
    at = open_page("models_and_data", **folder, models_folder=str(tmp_path / "images"))
    assert sound(at)
    assert "80 x 64" in shown(at, "way")
    at = open_page("models_and_data", **folder, models_folder=str(tmp_path / "nowhere"))
    assert not at.exception
    assert at.error
    at = open_page("models_and_data", **folder)
    assert sound(at)


def test_checks_run_on_a_button(open_page: OpenPage) -> None:
    at = open_page("models_and_data")
    assert not shown(at, "checks")
    at.button(key=f"{KEY}_go_on").click().run()
    assert "BGR" in shown(at, "checks")
    assert at.success
    assert not at.warning


def test_a_folder_is_kept_in_the_lists_of_data_and_taken_off(
    open_page: OpenPage, weights: Path, own_cache: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "images"
    for name in ("ring", "star"):
        (folder / name).mkdir(parents=True)
        Image.new("RGB", (80, 64), "red").save(folder / name / "red.png")
    at = open_page("models_and_data", models_dataset="a folder …", models_folder=str(folder))
    assert str(folder) not in [entry.name for entry in cache.datasets.entries()]
    at.button(key=f"{KEY}_keep_folder").click().run()
    assert sound(at)
    assert folders.folders() == [str(folder)]
    assert str(folder) in [entry.name for entry in cache.datasets.entries()]
    at.button(key=f"{KEY}_remove_folder_0").click().run()
    assert folders.folders() == []
    assert str(folder) not in [entry.name for entry in cache.datasets.entries()]
    with pytest.raises(DatasetError):
        folders.add(str(tmp_path / "nowhere"))
