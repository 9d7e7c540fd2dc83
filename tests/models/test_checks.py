"""What makes a number wrong is refused in one sentence, or said beside every number of the model."""

from __future__ import annotations

import types
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustcore import notes
from robustcore.errors import ModelError
from robustcore.models import Card, Classifier, checks


def tiny(classes: int = 3, norm: nn.Module | None = None) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2),
        norm or nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, classes),
    ).eval()


class Then(nn.Module):
    """A network with something done to its answer."""

    def __init__(self, change: Callable[[Tensor], object]) -> None:
        super().__init__()
        self.inner, self.change = tiny(), change

    def forward(self, x: Tensor) -> object:
        return self.change(self.inner(x))


def kinds(network: nn.Module) -> list[str]:
    seen = checks.examine(Classifier(network, Card("own", ("a", "b", "c"), 16, "none")).eval())
    assert seen is not None
    return notes.kinds(seen.notes)


def test_an_ordinary_network_needs_no_word() -> None:
    assert kinds(tiny()) == []


@pytest.mark.parametrize(
    ("network", "kind"),
    [
        (Then(lambda y: y.softmax(1)), "answers_are_probabilities"),
        (Then(lambda y: F.dropout(y, 0.5)), "answers_are_random"),
        (tiny(norm=nn.BatchNorm2d(4, track_running_stats=False)), "answers_depend_on_the_batch"),
        (Then(lambda y, unread=(n for n in ()): y), "results_are_not_shared"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_number_cannot_be_read_without_is_said(network: nn.Module, kind: str) -> None:
    assert kind in kinds(network)


@pytest.mark.parametrize("wrap", [lambda y: {"logits": y, "loss": None}, lambda y: types.SimpleNamespace(logits=y)])
def test_logits_in_a_table_or_an_object_are_taken(wrap: Callable[[Tensor], object]) -> None:
    assert kinds(Then(wrap)) == []


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        (Then(lambda y: (y, y)), "answers with a tuple"),
        (Then(lambda y: {"out": y}), "answers with a dict with 'out'"),
        (Then(lambda y: None), "answers with a NoneType"),
        (Then(lambda y: y[:, :, None]), r"answers with shape \(8, 3, 1\)"),
        (Then(lambda y: y[:4]), r"answers with shape \(4, 3\)"),
        (tiny(classes=5), r"answers with shape \(8, 5\) to 8 images, but its card names 3 classes"),
    ],
)
def test_what_is_no_logits_of_the_cards_classes_is_refused(network: nn.Module, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        kinds(network)


@pytest.mark.parametrize("dtype", [torch.half, torch.bfloat16, torch.double])
def test_weights_of_other_types_answer_in_float32(dtype: torch.dtype) -> None:
    assert kinds(tiny().to(dtype)) == []
