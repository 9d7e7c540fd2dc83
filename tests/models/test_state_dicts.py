"""State dicts as training scripts leave them."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from robustcore.errors import ModelError
from robustcore.models import Classifier, load_model
from robustcore.notes import RobustcoreWarning

State = Mapping[str, Tensor]
NETWORK = load_model("scenes/resnet?weights=none&classes=5").network
STATE = NETWORK.state_dict()
OTHER = load_model("scenes/resnet?weights=none&classes=5&seed=1").network.state_dict()


def behind(prefix: str, state: State = STATE) -> dict[str, Tensor]:
    return {prefix + key: value for key, value in state.items()}


def saved(folder: Path, content: Any) -> str:
    torch.save(content, folder / "m.pth")
    return f"{folder / 'm.pth'}?architecture=scenes/resnet"


def same(model: Classifier, state: State = STATE) -> bool:
    return all(torch.equal(value, state[key]) for key, value in model.network.state_dict().items())


SCALE = {"mean": torch.tensor([0.1, 0.2, 0.3]).view(3, 1, 1), "std": torch.tensor([0.4, 0.5, 0.6]).view(3, 1, 1)}
TWICE = {
    **behind("module.model."),
    **behind("module.attacker.model."),
    **{
        f"module.{place}new_{key}": value
        for place in ("normalizer.", "attacker.normalize.")
        for key, value in SCALE.items()
    },
}
CONTENTS = {
    "DataParallel": behind("module."),
    "compiled": behind("_orig_mod."),
    "both": {"model": behind("_orig_mod.module.")},
    "a mean alone": AveragedModel(NETWORK).state_dict(),
    "torchvision's mean": {"model_ema": AveragedModel(NETWORK).state_dict(), "epoch": 3},
    "timm's mean": {"epoch": 3, "state_dict_ema": STATE},
    "student": {"student": behind("backbone."), "optimizer": {"state": {0: {"exp_avg": torch.ones(3)}}}},
    "entries in entries": {"checkpoint": {"net": {"params": STATE}}},
    "Lightning": {
        "state_dict": {**behind("model."), "criterion.weight": torch.ones(5)},
        "hyper_parameters": {"lr": 0.1},
    },
    "a profiler": {**STATE, "total_ops": torch.ones(1), "head.total_params": torch.ones(1)},
    "a mean that is the same": {"state_dict": STATE, "state_dict_ema": behind("module.")},
    "settings and scores": {"net": STATE, "args": argparse.Namespace(lr=0.1), "accuracy": np.float64(91.2)},
    "MadryLab": {"model": TWICE, "epoch": 1},
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_the_network_is_found_whatever_is_around_it(content: Any, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", RobustcoreWarning)
        model = load_model(saved(tmp_path, content))
    assert same(model)
    assert len(model.card.classes) == 5


@pytest.mark.parametrize(
    "content",
    [
        TWICE,
        {**behind("model."), "mu": SCALE["mean"].view(1, 3, 1, 1), "sigma": SCALE["std"].view(1, 3, 1, 1)},
        {**behind("model."), **behind("normalize.", SCALE)},
        {**behind("1."), **behind("0.", SCALE)},
        {**STATE, **SCALE},
    ],
    ids=["MadryLab", "mu and sigma", "RobustBench", "Sequential", "beside"],
)
def test_the_normaliser_in_a_file_is_the_models(content: Any, tmp_path: Path) -> None:
    model = load_model(saved(tmp_path, content))
    assert same(model)
    assert torch.equal(model.mean.flatten(), SCALE["mean"].flatten())
    assert torch.equal(model.std.flatten(), SCALE["std"].flatten())


def test_values_that_are_named_go_before_those_of_the_file(tmp_path: Path) -> None:
    model = load_model(saved(tmp_path, {**STATE, **SCALE}) + "&mean=0,0.5,1&std=1,2,3&side=32")
    assert model.mean.flatten().tolist() == [0, 0.5, 1]
    assert model.std.flatten().tolist() == [1, 2, 3]
    assert model.card.side == 32
    with pytest.raises(ModelError, match="divides by 0"):
        load_model(saved(tmp_path, {**STATE, **SCALE, "std": torch.zeros(3)}))


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ({"state_dict": STATE, "state_dict_ema": OTHER}, ("state_dict", "state_dict_ema")),
        ({"model": {**behind("student."), **behind("teacher.", OTHER)}}, ("student", "teacher")),
        ({"state_dict": behind("model."), "ema": behind("module.", OTHER)}, ("state_dict/model", "ema")),
    ],
    ids=["entries", "prefixes", "both"],
)
def test_of_two_networks_one_is_to_be_named(content: Any, names: tuple[str, str], tmp_path: Path) -> None:
    name = saved(tmp_path, content)
    with pytest.raises(ModelError, match="weights_from="):
        load_model(name)
    for source, state in zip(names, (STATE, OTHER), strict=True):
        model = load_model(f"{name}&weights_from={source}")
        assert same(model, state)
        assert str(model.card.recipe["weights_from"]).split("/")[-1] == source.split("/")[-1]
    with pytest.raises(ModelError, match="'nothing'"):
        load_model(f"{name}&weights_from=nothing")


def test_what_is_left_out_beside_a_network_is_said(tmp_path: Path) -> None:
    with pytest.warns(RobustcoreWarning, match=r"projector\.weight"):
        model = load_model(saved(tmp_path, {**behind("model."), "projector.weight": torch.ones(2, 5)}))
    assert model.card.recipe["left_out"] == ["projector.weight"]


@pytest.mark.parametrize("prefix", ["", "model."])
def test_a_larger_network_is_not_taken_for_a_smaller_one(prefix: str, tmp_path: Path) -> None:
    root = next(iter(STATE)).partition(".")[0]
    with pytest.raises(ModelError, match=f"unexpected '{root}\\.more"):
        load_model(saved(tmp_path, {**behind(prefix), f"{prefix}{root}.more.weight": torch.ones(2)}))


def test_foreign_names_are_taken_by_their_order_on_request(tmp_path: Path) -> None:
    foreign = {f"layer_{place}": value for place, value in enumerate(STATE.values()) if value.ndim}
    name = saved(tmp_path, {"net": foreign})
    with pytest.raises(ModelError, match="keys=order"):
        load_model(name)
    assert same(load_model(f"{name}&keys=order"))
    swapped = dict(reversed(foreign.items()))
    with pytest.raises(ModelError, match="different shape"):
        load_model(saved(tmp_path, swapped) + "&keys=order")


def test_a_sorted_file_has_no_order_to_go_by(tmp_path: Path) -> None:
    save_file({key: value.contiguous() for key, value in STATE.items()}, tmp_path / "m.safetensors")
    name = f"{tmp_path / 'm.safetensors'}?architecture=scenes/resnet"
    assert same(load_model(name))
    with pytest.raises(ModelError, match="sorted"):
        load_model(f"{name}&keys=order")


def test_entries_are_listed_where_none_is_a_state_dict(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="epoch, accuracy"):
        load_model(saved(tmp_path, {"epoch": 3, "accuracy": 0.9}))


def test_the_larger_part_of_a_file_is_what_an_error_speaks_of(tmp_path: Path) -> None:
    broken = {key: value for key, value in STATE.items() if key != "head.weight"}
    assert len(broken) < len(STATE)
    with pytest.raises(ModelError, match=r"lacks 'head\.weight'"):
        load_model(saved(tmp_path, {"extra": {"a": torch.ones(2)}, "model": broken}))


@pytest.mark.slow  # imports torchvision's models
def test_bare_weights_of_1000_classes_are_imagenets(tmp_path: Path) -> None:
    network = load_model("torchvision/squeezenet1_1?weights=none").network
    torch.save(network.state_dict(), tmp_path / "s.pth")
    card = load_model(tmp_path / "s.pth", architecture="torchvision/squeezenet1_1").card
    assert card.classes[:2] == ("tench", "goldfish")
    assert card.preparation is not None
    assert (card.preparation.resize, card.preparation.side) == (256, 224)
