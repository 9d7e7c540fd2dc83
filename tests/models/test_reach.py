"""Two networks are one only if they compute the same: everything that a forward pass can reach counts."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune

from robustcore.models import Card, Classifier, load_model, names, reach

CLASSES = ("a", "b", "c")


def tiny() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 3),
    ).eval()


def classifier(network: nn.Module) -> Classifier:
    return Classifier(network, Card("own", CLASSES, 16, "none")).eval()


class Levels(nn.Module):
    """Quantises its input: the levels are a plain attribute."""

    def __init__(self, levels: object) -> None:
        super().__init__()
        self.inner, self.levels = tiny(), levels

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x)  # type: ignore[no-any-return]


class Buffered(nn.Module):
    def __init__(self, factor: float) -> None:
        super().__init__()
        self.inner = tiny()
        self.register_buffer("factor", torch.tensor(factor), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x * self.factor)  # type: ignore[no-any-return, operator]


class Members(nn.Module):
    """Keeps its parts where torch does not see them."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.parts = [nn.Linear(3, 3), {"head": nn.Linear(3, 3)}]


def hooked(factor: float) -> nn.Module:
    network = tiny()
    network[0].register_forward_hook(lambda module, inputs, output: output * factor)
    return network


def scaled(factor: float) -> Callable[[Tensor], Tensor]:
    return lambda x: x * factor


SCALE = 1.0


def with_a_global(x: Tensor) -> Tensor:
    return x * SCALE


def class_named_the_same(double: bool) -> nn.Module:
    if double:

        class Head(nn.Module):
            def forward(self, x: Tensor) -> Tensor:
                return x * 2
    else:

        class Head(nn.Module):  # type: ignore[no-redef]
            def forward(self, x: Tensor) -> Tensor:
                return x

    Head.__qualname__ = "Head"
    return nn.Sequential(tiny(), Head())


def scripted(factor: float) -> nn.Module:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = tiny()
            self.register_buffer("factor", torch.tensor(factor))

        def forward(self, x: Tensor) -> Tensor:
            return self.inner(x) * self.factor  # type: ignore[no-any-return, operator]

    traced = torch.jit.trace(Scaled().eval(), torch.zeros(1, 3, 16, 16), check_trace=False)
    return torch.jit.freeze(traced)


DIFFERENT: dict[str, tuple[Callable[[Any], nn.Module], Any, Any]] = {
    "an attribute": (Levels, 1, 64),
    "a tensor attribute": (Levels, torch.zeros(2), torch.ones(2)),
    "a list attribute": (Levels, [1, 2], [2, 1]),
    "a function attribute": (Levels, scaled(1.0), scaled(2.0)),
    "a partial": (Levels, functools.partial(torch.clamp, min=0), functools.partial(torch.clamp, min=1)),
    "a buffer that is not saved": (Buffered, 0.0, 1.0),
    "members in lists": (Members, 0, 1),
    "a hook": (hooked, 1.0, 2.0),
    "the source of a class of the same name": (class_named_the_same, False, True),
    "a frozen graph": (scripted, 1.0, 2.0),
}


@pytest.mark.parametrize("kind", DIFFERENT)
@pytest.mark.filterwarnings("ignore")  # torch speaks of scripting as of the past
def test_networks_that_compute_otherwise_have_other_fingerprints(kind: str) -> None:
    make, one, other = DIFFERENT[kind]
    assert classifier(make(one)).fingerprint() == classifier(make(one)).fingerprint()
    assert classifier(make(one)).fingerprint() != classifier(make(other)).fingerprint()


def test_a_global_that_a_function_reads_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    before = classifier(Levels(with_a_global)).fingerprint()
    monkeypatch.setitem(with_a_global.__globals__, "SCALE", 2.0)
    assert classifier(Levels(with_a_global)).fingerprint() != before


def test_what_is_changed_after_the_first_look_is_seen() -> None:
    network = Levels(1)
    model = classifier(network)
    seen = [model.fingerprint()]
    network.levels = 2
    seen.append(model.fingerprint())
    handle = network.inner[0].register_forward_hook(lambda module, inputs, output: -output)
    seen.append(model.fingerprint())
    handle.remove()
    assert model.fingerprint() == seen[1]
    assert len(set(seen)) == 3


def test_names_of_cards_inside_and_devices_do_not_count() -> None:
    inner = [classifier(tiny()).rename(name) for name in ("one", "another")]
    assert len({classifier(nn.Sequential(model)).fingerprint() for model in inner}) == 1
    assert (
        classifier(Levels(torch.device("cpu"))).fingerprint() == classifier(Levels(torch.device("meta"))).fingerprint()
    )


def test_what_cannot_be_read_shares_no_results_and_says_so() -> None:
    models = [classifier(Levels(n for n in range(3))) for _ in range(2)]
    assert models[0].fingerprint() != models[1].fingerprint()
    assert models[0].fingerprint() == models[0].fingerprint()
    (reason,) = models[0].unreadable
    assert "levels" in reason


@pytest.mark.filterwarnings("ignore")
def test_quantised_pruned_normed_and_sparse_networks_have_a_fingerprint() -> None:
    quantised = torch.ao.quantization.quantize_dynamic(tiny(), {nn.Linear}, dtype=torch.qint8)
    pruned = tiny()
    prune.l1_unstructured(pruned[0], "weight", amount=0.5)
    normed = tiny()
    parametrizations.weight_norm(normed[0])
    sparse = tiny()
    sparse.register_buffer("mask", torch.eye(3).to_sparse())
    assert len({classifier(n).fingerprint() for n in (quantised, pruned, normed, sparse, tiny())}) == 5


def test_a_network_as_its_architecture_builds_it_keeps_the_fingerprint_of_its_weights_alone() -> None:
    for name in ("scenes/vgg?weights=none&classes=4", "torchvision/squeezenet1_1?weights=none&classes=4"):
        model = load_model(name)
        state = sorted(model.state_dict().items())
        assert model.fingerprint() == model._hash(state)


def test_every_model_that_loads_here_can_be_read_whole() -> None:
    assert all(load_model(name).unreadable == () for name in names(offline=True)[:3])


def test_a_stand_in_for_the_values_tells_architectures_apart_and_not_weights() -> None:
    torch.manual_seed(1)
    other = nn.Sequential(nn.Flatten(), nn.Linear(768, 3))
    first, second = tiny(), tiny()
    with torch.no_grad():
        second[0].weight.add_(1)  # type: ignore[operator, union-attr]
    assert reach.describe(first, state=reach.kind_only) == reach.describe(second, state=reach.kind_only)
    assert reach.describe(first, state=reach.kind_only) != reach.describe(other, state=reach.kind_only)
    assert reach.describe(first) != reach.describe(second)
