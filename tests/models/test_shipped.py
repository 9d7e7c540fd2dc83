"""The models that ship: as good as their cards say, made by today's recipes, and looking at the shape, not at patches."""

from __future__ import annotations

import pytest
import torch

import robustcore as rc
from robustcore.evaluation import Store, api
from robustcore.evaluation.request import EvaluationRequest
from robustcore.models import Classifier
from robustcore.training import runs, zoo

NAMES = ["scenes/resnet-standard", "scenes/vgg-standard"]


@pytest.fixture(scope="module", params=NAMES)
def model(request: pytest.FixtureRequest) -> Classifier:
    return rc.load_model(request.param)


@pytest.fixture(scope="module")
def images() -> tuple[torch.Tensor, torch.Tensor]:
    dataset = rc.load_dataset("scenes", split="test", limit=480)
    return dataset.images(0, len(dataset)), torch.as_tensor(dataset.labels)


def accuracy(model: Classifier, images: torch.Tensor, labels: torch.Tensor) -> float:
    with torch.inference_mode():
        return float((model(images).argmax(1) == labels).float().mean())


def test_the_zoo_is_complete_and_current() -> None:
    assert zoo.missing() == [], "run `make demo`"


def test_clean_accuracy_is_what_the_card_says(model: Classifier, images: tuple[torch.Tensor, torch.Tensor]) -> None:
    """Of the shipped answers to all test images, which the model still gives to the first of them."""
    recorded = model.card.recipe["accuracy"]["test"]
    assert recorded >= 0.90
    cell, *_ = api.prepare(EvaluationRequest.of(model, "scenes", "clean")).cells
    shipped = Store().predictions(cell)
    assert shipped is not None
    right = shipped.classes[:, 0] == shipped.labels
    assert len(right) == 2400
    assert right.mean() == pytest.approx(recorded, abs=0.002)
    pixels, labels = images
    assert (shipped.labels[: len(labels)] == labels.numpy()).all()
    with torch.inference_mode():
        answers = model(pixels).argmax(1).numpy()
    assert (answers == shipped.classes[: len(labels), 0]).mean() >= 0.99


@pytest.mark.slow
def test_clean_accuracy_on_all_test_images_is_what_the_card_says(model: Classifier) -> None:
    recorded = model.card.recipe["accuracy"]["test"]
    # Another processor may round one logit in thousands the other way.
    assert runs.measure(model, rc.load_dataset("scenes", split="test")) == pytest.approx(recorded, abs=0.002)


def test_strong_noise_breaks_it(model: Classifier, images: tuple[torch.Tensor, torch.Tensor]) -> None:
    pixels, labels = images
    assert accuracy(model, rc.corrupt(pixels, "gaussian_noise", 5), labels) < 0.50
    assert accuracy(model, rc.corrupt(pixels, "gaussian_noise", 1), labels) > 0.70


def test_the_shape_decides_and_not_the_patches(model: Classifier, images: tuple[torch.Tensor, torch.Tensor]) -> None:
    """Shuffled 4 x 4 patches keep every texture and colour and lose the shape."""
    pixels, labels = images
    n = len(pixels)
    patches = pixels.reshape(n, 3, 16, 4, 16, 4).permute(0, 2, 4, 1, 3, 5).reshape(n, 256, 3, 4, 4)
    order = torch.rand(n, 256, generator=torch.Generator().manual_seed(0)).argsort(1)
    patches = torch.stack([image[chosen] for image, chosen in zip(patches, order, strict=True)])
    shuffled = patches.reshape(n, 16, 16, 3, 4, 4).permute(0, 3, 1, 4, 2, 5).reshape(n, 3, 64, 64)
    assert accuracy(model, shuffled, labels) < 0.30


def test_the_file_is_small_and_names_no_machine(model: Classifier) -> None:
    path = zoo.path_of(model.card.name)
    assert path.stat().st_size < 1_300_000
    card = model.card
    assert (card.dataset, card.side, len(card.classes)) == ("scenes", 64, 12)
    assert card.recipe["command"] == zoo.ZOO[card.name].command()
    assert b"/home/" not in path.read_bytes()
