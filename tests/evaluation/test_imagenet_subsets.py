"""An ImageNet model on a folder of some of the 1,000 classes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

import robustcore as rc
from robustcore.datasets import imagenet_classes
from robustcore.errors import DatasetError, InvalidArgumentError
from robustcore.evaluation import classes
from robustcore.evaluation.request import EvaluationRequest
from robustcore.models import Classifier, load_model
from robustcore.models.restricted import Restricted

NAMES, IDS = imagenet_classes.names(), imagenet_classes.wordnet_ids()
MODEL = "scenes/resnet?weights=none&classes=imagenet"
# tench, English springer, cassette player: three of Imagenette's ten.
PLACES = [0, 217, 482]


@pytest.mark.parametrize(
    "folders",
    [
        [IDS[place] for place in PLACES],
        [NAMES[place] for place in PLACES],
        [NAMES[place].upper().replace(" ", "_") for place in PLACES],
        ["0", "217", "482"],
        ["Tinca tinca", "English springer spaniel", "cassette-player"],
    ],
    ids=["WordNet ids", "names", "spelled otherwise", "indices", "synonyms"],
)
def test_folders_find_their_places_among_the_thousand(folders: list[str]) -> None:
    assert classes.matching("m", NAMES, "d", folders).tolist() == PLACES
    assert classes.matching("m", IDS, "d", folders).tolist() == PLACES


@pytest.mark.slow  # imports torchvision's models
def test_torchvisions_names_are_imagenets() -> None:
    from robustcore.models import card

    own = card("torchvision/resnet18").classes
    assert classes.matching("m", own, "d", [IDS[134], IDS[517], IDS[638]]).tolist() == [134, 517, 638]


@pytest.mark.parametrize(
    "folders", [["0", "1", "2"], ["tench", "wug"], [NAMES[0], IDS[0]]], ids=["counted", "unknown", "twice"]
)
def test_folders_that_are_not_among_them_are_refused(folders: list[str]) -> None:
    with pytest.raises(DatasetError):
        classes.matching("m", NAMES, "d", folders)


def test_another_model_of_a_thousand_classes_knows_no_wordnet_ids() -> None:
    with pytest.raises(DatasetError):
        classes.matching("m", [f"kind {place}" for place in range(1000)], "d", [IDS[0], IDS[1]])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two images of each of three classes."""
    rng = np.random.default_rng(0)
    for place in PLACES:
        (tmp_path / "imagenette" / IDS[place]).mkdir(parents=True)
        for name in "ab":
            pixels = rng.integers(0, 256, (64, 64, 3), np.uint8)
            cv2.imwrite(str(tmp_path / "imagenette" / IDS[place] / f"{name}.png"), pixels)
    return tmp_path / "imagenette"


def test_answers_are_among_all_classes_or_the_folders(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "r.sqlite"
    model = load_model(MODEL)
    images = rc.load_dataset(folder, side=64)
    pixels = torch.stack([images[place][0] for place in range(len(images))])
    with torch.inference_mode():
        logits = model(pixels)
    labels = torch.as_tensor(images.labels)
    among_all = float((logits.argmax(1) == torch.tensor(PLACES)[labels]).float().mean())
    among_three = float((logits[:, PLACES].argmax(1) == labels).float().mean())

    whole = rc.evaluate(MODEL, images, "clean", store=store, device="cpu")
    part = rc.evaluate(MODEL, images, "clean", store=store, device="cpu", answers="folder")
    assert whole["accuracy"].item() == pytest.approx(among_all)
    assert part["accuracy"].item() == pytest.approx(among_three)
    assert whole["model"].item() == MODEL
    assert part["model"].item() == f"{MODEL}&answers=folder"
    # The name alone says the same, and finds the stored result.
    named = rc.evaluate(f"{MODEL}&answers=folder", images, "clean", store=store, device="cpu")
    assert named["cached"].all()
    assert named["model"].item() == part["model"].item()


def test_a_restricted_model_is_another_one_that_attacks_see_as_it_is(folder: Path) -> None:
    model = load_model(MODEL)
    restricted = Restricted(model, PLACES, ["a", "b", "c"])
    assert (
        len({model.fingerprint(), restricted.fingerprint(), Restricted(model, PLACES, ["a", "b", "d"]).fingerprint()})
        == 3
    )
    assert isinstance(restricted, Classifier)
    images = torch.rand(2, 3, 64, 64)
    result = rc.attack(restricted, images, [0, 1], "fgsm", eps=0.01)
    assert result.logits.shape == (2, 3)


def test_answers_are_kept_with_a_request() -> None:
    request = EvaluationRequest.of("scenes/resnet-standard", "scenes", "clean", answers="folder")
    assert EvaluationRequest.from_json(request.to_json()).answers == "folder"
    assert "--answers folder" in request.line()
    with pytest.raises(InvalidArgumentError):
        EvaluationRequest.of("scenes/resnet-standard", "scenes", "clean", answers="some")
