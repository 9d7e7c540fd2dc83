"""A model is scored as it is: it is copied whatever it holds, and folded only where that changes no answer."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import prune

from robustcore.errors import ModelError
from robustcore.evaluation.run.preparation import prepare
from robustcore.models import Card, Classifier, probes

CPU = torch.device("cpu")


def tiny() -> nn.Sequential:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 3),
    )
    assert isinstance(network[1], nn.BatchNorm2d)
    with torch.no_grad():
        network[1].running_mean.sub_(0.3)  # type: ignore[union-attr]
        network[1].running_var.mul_(2)  # type: ignore[union-attr]
        network[1].weight.mul_(1.7)
    return network.eval()


def classifier(network: nn.Module) -> Classifier:
    return Classifier(network, Card("own", ("a", "b", "c"), 16, "none")).eval()


def folded(model: Classifier) -> bool:
    return any(isinstance(module, nn.Identity) for module in model.modules())


def hooked() -> nn.Module:
    network = tiny()
    network[0].register_forward_hook(lambda module, inputs, output: output.abs())
    return network


class Shared(nn.Module):
    """One convolution in two places, with a normalisation behind only one of them."""

    def __init__(self) -> None:
        super().__init__()
        inner = tiny()
        self.first, self.alone, self.rest = nn.Sequential(inner[0], inner[1]), inner[0], inner[2:]

    def forward(self, x: Tensor) -> Tensor:
        return self.rest(self.first(x) + self.alone(x))  # type: ignore[no-any-return, operator]


class OwnPath(nn.Module):
    """Takes the members of a sequence one by one, and does something between two of them."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = tiny()

    def forward(self, x: Tensor) -> Tensor:
        x = self.layers[0](x).relu()
        for layer in self.layers[1:]:  # type: ignore[attr-defined]
            x = layer(x)
        return x


def normed(norm: Callable[[nn.Module], nn.Module]) -> nn.Module:
    network = tiny()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network[0] = norm(network[0])
        network(torch.zeros(1, 3, 16, 16))
    return network.eval()


def pruned() -> nn.Module:
    network = tiny()
    prune.l1_unstructured(network[0], "weight", amount=0.5)
    network(torch.zeros(1, 3, 16, 16))
    return network


def keeps_its_output() -> nn.Module:
    network = tiny()
    network.last = network(torch.zeros(1, 3, 16, 16))  # type: ignore[assignment]
    return network


NETWORKS = {
    "plain": tiny,
    "hooked": hooked,
    "shared": Shared,
    "own path": OwnPath,
    "weight norm": lambda: normed(nn.utils.weight_norm),
    "spectral norm": lambda: normed(nn.utils.spectral_norm),
    "parametrised": lambda: normed(nn.utils.parametrizations.weight_norm),
    "pruned": pruned,
    "keeps its output": keeps_its_output,
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_what_is_scored_answers_as_what_was_given(kind: str) -> None:
    model = classifier(NETWORKS[kind]())
    images = probes.images(16)
    with torch.inference_mode():
        torch.testing.assert_close(prepare(model, CPU)(images), model(images), rtol=1e-4, atol=1e-5)


def test_a_plain_network_is_folded_and_the_others_are_not_where_it_would_show() -> None:
    assert {kind for kind, make in NETWORKS.items() if folded(prepare(classifier(make()), CPU))} == {
        "plain",
        "keeps its output",
    }


def test_the_model_that_was_given_stays_as_it_is() -> None:
    network = keeps_its_output()
    model = classifier(network).train()
    prepare(model, CPU)
    assert model.training
    assert network.last.grad_fn is not None  # type: ignore[union-attr]
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_what_cannot_be_copied_is_one_sentence() -> None:
    network = tiny()
    network.lock = threading.Lock()  # type: ignore[assignment]
    with pytest.raises(ModelError, match="own cannot be copied, which scoring needs"):
        prepare(classifier(network), CPU)
