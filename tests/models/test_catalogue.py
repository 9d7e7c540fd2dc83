"""The catalogue: names, options, what ships and what was trained here, and published weights without a network."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

import pytest
import torch

import robustcore as rc
from robustcore.errors import InvalidArgumentError, MissingExtraError, ModelError, UnknownNameError
from robustcore.models import card, checkpoints, file_of, load_model, name_of, names


def test_random_weights_have_the_classes_and_the_seed_that_are_asked_for() -> None:
    model = rc.load_model("torchvision/squeezenet1_1?weights=none&classes=10")
    assert model(torch.zeros(1, 3, 64, 64, dtype=torch.uint8)).shape == (1, 10)
    assert model.card.side == 224
    assert model.card.name == "torchvision/squeezenet1_1?weights=none&classes=10"
    again, other = (load_model(f"scenes/vgg?weights=none&classes=3&seed={seed}") for seed in (0, 1))
    assert load_model("scenes/vgg?weights=none&classes=3").fingerprint() == again.fingerprint() != other.fingerprint()


def test_a_model_trained_here_appears_by_itself(own_cache: Path) -> None:
    path = own_cache / "models" / "scenes" / "resnet-mine.safetensors"
    model = load_model("scenes/resnet?weights=none&classes=4")
    assert "own/scenes/resnet-mine" not in names()
    checkpoints.save(model, path)
    assert "own/scenes/resnet-mine" in names(offline=True)
    assert name_of(path) == "own/scenes/resnet-mine"
    loaded = load_model("own/scenes/resnet-mine")
    assert loaded.fingerprint() == model.fingerprint()
    assert loaded.card == card("own/scenes/resnet-mine")
    assert loaded.card.name == "own/scenes/resnet-mine"


def test_files_that_are_being_written_are_no_models(own_cache: Path) -> None:
    (own_cache / "models").mkdir(parents=True)
    (own_cache / "models" / ".m.safetensors.12.part").write_bytes(b"")
    (own_cache / "models" / ".m.safetensors").write_bytes(b"")
    assert not [name for name in names() if name.startswith("own/")]


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("scenes/resnet-standrad", "scenes/resnet-standard"), ("torchvision/resnet5O", "torchvision/resnet50")],
)
def test_unknown_names_are_answered_with_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(UnknownNameError, match=nearest):
        load_model(name)


@pytest.mark.parametrize("name", ["9" * 6000, "/" + "x/" * 3000], ids=["name", "path"])
def test_what_is_too_long_for_a_path_is_an_unknown_name(name: str) -> None:
    assert file_of(name) is None
    with pytest.raises(UnknownNameError, match="There is no model"):
        load_model(name)


@pytest.mark.parametrize("query", ["weigths=none", "classes", "classes=", "classes=many", "classes=-3", "seed=x"])
def test_options_that_mean_nothing_are_refused(query: str) -> None:
    with pytest.raises(InvalidArgumentError, match="option"):
        load_model(f"scenes/vgg?{query}")


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="cpu, cuda"):
        load_model("scenes/vgg?weights=none", device="gpu")


@pytest.fixture
def without_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise urllib.error.URLError("Network is unreachable")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))


@pytest.mark.usefixtures("without_network")
def test_published_weights_without_a_network_are_one_sentence_with_ways_out(own_cache: Path) -> None:
    with pytest.raises(ModelError) as error:
        load_model("torchvision/squeezenet1_1")
    message = str(error.value)
    assert "Network is unreachable" in message
    assert str(own_cache / "weights" / "torchvision") in message
    assert "checkpoint's path" in message
    assert "torchvision/squeezenet1_1?weights=none" in message


@pytest.mark.usefixtures("without_network")
@pytest.mark.parametrize("place", ["cache", "hub"])
def test_published_weights_that_are_kept_need_no_network(
    place: str, own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "torchvision/squeezenet1_1"
    folder = own_cache / "weights" / "torchvision" if place == "cache" else tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    network = load_model(f"{name}?weights=none").network
    torch.save(network.state_dict(), folder / Path(card(name).recipe["url"]).name)
    model = load_model(name)
    assert name in names(offline=True)
    assert len(model.card.classes) == len(set(model.card.classes)) == 1000
    assert model.card.classes[:2] == ("tench", "goldfish")
    assert (model.card.side, model.card.recipe["resize"], model.card.dataset) == (224, 256, "imagenet")
    assert model.mean.flatten().tolist() == pytest.approx([0.485, 0.456, 0.406])
    assert torch.equal(next(model.parameters()), next(network.parameters()))
    with pytest.raises(ModelError, match="1000 classes, not 12"):
        load_model(f"{name}?classes=12")


def test_a_set_of_published_weights_is_chosen_by_name() -> None:
    assert card("torchvision/resnet50?weights=IMAGENET1K_V1").recipe["resize"] == 256
    assert card("torchvision/resnet50?weights=IMAGENET1K_V2").recipe["resize"] == 232
    with pytest.raises(UnknownNameError, match="IMAGENET1K_V1"):
        card("torchvision/resnet50?weights=IMAGENET1K_V3")


def test_names_of_densenet_weights_from_before_the_renaming_are_understood() -> None:
    from robustcore.models.pretrained import _current_keys

    old = {"features.denseblock1.denselayer1.norm.1.weight": torch.zeros(1), "aux1.fc.weight": torch.zeros(1)}
    assert list(_current_keys(old)) == ["features.denseblock1.denselayer1.norm1.weight"]


def test_timm_models_say_which_extra_they_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "timm", None)
    with pytest.raises(MissingExtraError, match=r"robustcore\[timm\]"):
        load_model("timm/resnet10t")
