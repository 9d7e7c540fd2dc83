"""What cannot be attacked is answered with one clear sentence."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
import torch
from torch import Tensor, nn

import robustcore as rc
from robustcore.errors import InvalidArgumentError, ModelError, UnknownNameError
from robustcore.models.classifier import Card, Classifier

GOOD: dict[str, Any] = {"name": "pgd"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"eps": -0.1}, r"eps for linf is in 0 \.\. 1; -0\.1 is not"),
        ({"eps": 8}, r"eps for linf is in 0 \.\. 1; 8 is not.*8/255"),
        ({"eps": float("nan")}, "is in 0"),
        ({"eps": 20.0, "norm": "l2"}, r"eps for l2 is in 0 \.\. 13\.856.*; 20 is not"),
        ({"eps": (0.2, 0.1)}, "low <= high"),
        ({"eps": [0.1, 0.2]}, "one for each of the 6 images"),
        ({"steps": 0}, "steps of pgd is a whole number, 1 or more, not 0"),
        ({"steps": 2.5}, "whole number"),
        ({"steps": True}, "whole number"),
        ({"restarts": -1}, "restarts of pgd"),
        ({"step_size": -1.0}, "step_size of pgd is a number, 0 or more"),
        ({"objective": "hinge"}, "objective of pgd is one of cross_entropy, margin"),
        ({"random_start": "yes"}, "random_start of pgd is a bool"),
        ({"target": 0}, "target of image 0 of the batch is its true class, 0"),
        ({"target": [1, 1, 0, 1, 1, 1]}, "target of image 2 of the batch is its true class"),
        ({"target": [1, 1]}, "targets have shape"),
        ({"target": 9}, "target is 9, but the model has 5 classes"),
        ({"target": -1}, "target is 0 or more"),
        ({"target": "worst"}, "'random', not 'worst'"),
        ({"goal": "targeted"}, "needs a target"),
        ({"goal": "least_likely", "target": 1}, "belongs to the goal targeted"),
        ({"name": "cw", "norm": "linf"}, "cw has the norm l2, not linf"),
        ({"norm": "l1"}, "pgd has the norm linf or l2, not l1"),
        ({"name": "square", "norm": "l1"}, "square has the norm linf or l2, not l1"),
        ({"name": "apgd", "norm": "l1", "eps": 200.0}, r"eps for l1 is in 0 \.\. 192; 200 is not"),
        ({"batch_size": 0}, "batch size is 1 or more"),
        ({"labels": [0] * 5}, "There are 6 images, but the labels have shape"),
        ({"labels": [0.5] * 6}, "Labels are whole numbers"),
        ({"labels": [-1] + [0] * 5}, "label is 0 or more"),
        ({"labels": [7] * 6}, "label is 7, but the model has 5 classes, 0 to 4"),
        ({"ids": [1, 2]}, "ids have shape"),
        ({"seed": -1}, "seed is an integer"),
    ],
)
def test_one_sentence(network: nn.Module, images: Tensor, arguments: dict[str, Any], sentence: str) -> None:
    given = {"labels": [0] * 6} | GOOD | arguments
    with pytest.raises(InvalidArgumentError, match=sentence) as caught:
        rc.attack(network, images, given.pop("labels"), given.pop("name"), **given)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"name": "pgdd"}, "no attack named 'pgdd'. Did you mean 'pgd'"),
        ({"stesp": 4}, "no option of pgd named 'stesp'. Did you mean 'steps'"),
        ({"norm": "l3"}, "no norm named 'l3'. Did you mean"),
        ({"norm": pd.Series(["l2", "linf"])}, "norm"),
        ({"goal": "untargetted"}, "Did you mean 'untargeted'"),
    ],
)
def test_unknown_names_offer_the_nearest(
    network: nn.Module, images: Tensor, arguments: dict[str, Any], sentence: str
) -> None:
    given = GOOD | arguments
    with pytest.raises(UnknownNameError, match=sentence):
        rc.attack(network, images, [0] * 6, given.pop("name"), **given)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda x: x + 0.7, r"in \[0, 1\]; these have values from 1\.1\d* to 1\.2"),
        (lambda x: x * 255, r"in \[0, 1\]"),
        (lambda x: x.where(x < 0.55, torch.nan), r"in \[0, 1\]"),
        (lambda x: x[0], "shape"),
        (lambda x: x[:, :1], "shape"),
        (lambda x: x[:0], "no images"),
        (lambda x: (x * 255).to(torch.int32), "uint8, 0 to 255, or float"),
        (lambda x: x.tolist(), "tensor"),
        (lambda x: x.numpy(), "shape"),
    ],
)
def test_images_that_are_none(network: nn.Module, images: Tensor, change: Any, sentence: str) -> None:
    with pytest.raises(InvalidArgumentError, match=sentence):
        rc.attack(network, change(images), [0] * 6)


def test_a_model_in_training_mode_is_refused(network: nn.Module, images: Tensor) -> None:
    with pytest.raises(InvalidArgumentError, match="in training mode; call model"):
        rc.attack(network.train(), images, [0] * 6)
    network.eval()
    network[3].train()
    with pytest.raises(InvalidArgumentError, match="part '3' is in training mode"):
        rc.attack(network, images, [0] * 6)


def test_models_that_are_none(network: nn.Module, images: Tensor) -> None:
    with pytest.raises(InvalidArgumentError, match=r"torch\.nn\.Module"):
        rc.attack(lambda x: x, images, [0] * 6)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="float32, but the model has bfloat16"):
        rc.attack(network.bfloat16(), images, [0] * 6)
    with pytest.raises(ModelError, match=r"answers with shape \(6, 3, 8, 8\); logits have shape \(6, K\)"):
        rc.attack(nn.Identity().eval(), images, [0] * 6)


def card(*classes: str) -> Card:
    return Card("model", classes, 8, "none")


def test_a_surrogate_with_other_classes_is_refused(network: nn.Module, images: Tensor) -> None:
    ten = nn.Sequential(nn.Flatten(), nn.Linear(192, 10)).eval()
    with pytest.raises(InvalidArgumentError, match="has 10 classes, not 5"):
        rc.attack(network, images, [0] * 6, surrogate=ten)
    ours = Classifier(network, card(*"abcde")).eval()
    theirs = Classifier(network, card(*"abdce")).eval()
    with pytest.raises(InvalidArgumentError, match="'d' for 'c' as class 2"):
        rc.attack(ours, images, [0] * 6, surrogate=theirs)
    with pytest.raises(InvalidArgumentError, match="surrogate cannot be attacked while it is in training mode"):
        rc.attack(ours, images, [0] * 6, surrogate=nn.Sequential(nn.Flatten(), nn.Linear(192, 5)))


def test_probabilities_are_warned_of(network: nn.Module, images: Tensor) -> None:
    soft = nn.Sequential(network, nn.Softmax(dim=1)).eval()
    with pytest.warns(UserWarning, match="look like probabilities"):
        result = rc.attack(soft, images, [0] * 6)
    assert result.images.shape == images.shape


class Root(nn.Module):
    """A logit with the square root of a value that is 0 in some images: its gradient there is infinite."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([x.sum(dim=(1, 2, 3)), x[:, 0, 0, 0].sqrt()], dim=1)


def test_gradients_that_are_not_finite_say_where(images: Tensor) -> None:
    images[4, 0, 0, 0] = 0
    with pytest.raises(ModelError, match=r"gradient is not finite for image 40 at query 1 of fgsm \(1 of 6 images\)"):
        rc.attack(Root().eval(), images, [0] * 6, "fgsm", ids=torch.arange(6) * 10)
    with pytest.raises(ModelError, match="gradient is not finite for image 4"):
        rc.attack(Root().eval(), images, [0] * 6, "fgsm", early_stop=False)


def test_answers_that_are_not_finite_say_where(images: Tensor) -> None:
    class Overflow(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.stack([x.sum(dim=(1, 2, 3)) * 1e38, x[:, 0, 0, 0]], dim=1)

    with pytest.raises(ModelError, match="answer is not finite for image 0 at query 1 of square"):
        rc.attack(Overflow().eval(), images, [0] * 6, "square")


def test_a_model_that_detaches_is_an_error_that_says_so(images: Tensor) -> None:
    class Detached(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.detach().mean(dim=(2, 3))

    with pytest.raises(ModelError, match="carry no gradient back to the images"):
        rc.attack(Detached().eval(), images, [0] * 6, "fgsm")


def test_hopskipjump_without_a_start_gives_the_image_back(linear, images: Tensor, labels: Tensor) -> None:  # type: ignore[no-untyped-def]
    with torch.no_grad():
        linear.c += 1000
    result = rc.attack(linear, images, labels, "hopskipjump", start_trials=5, steps=1)
    assert not result.success.any()
    with pytest.raises(InvalidArgumentError, match="starts are one image for each of the 6"):
        rc.attack(linear, images, labels, "hopskipjump", starts=images[:2])
