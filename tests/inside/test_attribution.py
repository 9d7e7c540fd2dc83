"""Grad-CAM, input gradient, the layer that is found, and how far maps move."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import robustcore as rc
from robustcore.datasets import Item
from robustcore.datasets.scenes.dataset import Scenes
from robustcore.errors import ModelError, UnknownNameError
from robustcore.inside import attacked, attribution, layers, object_masks, weights
from robustcore.notes import kinds
from tests.inside.conftest import SIDE, MakeModel
from tests.models.test_onnx import write as onnx_file


def test_grad_cam_and_gradient_of_a_network_worked_out_by_hand(make_model: MakeModel, images: Tensor) -> None:
    model = make_model("Convolutional")
    with torch.no_grad():
        model.network.conv.weight.copy_(torch.tensor([[1.0, 0, 0], [0, 2.0, 0]])[..., None, None])  # type: ignore[union-attr,operator]
        model.network.head.weight.copy_(torch.tensor([[3.0, -1.0], [0, 0], [-3.0, -3.0]]))  # type: ignore[union-attr,operator]
    done = attribution.attribute(model, images[:2])
    x = images[:2].numpy() / 255
    places = SIDE * SIDE
    for place, target in enumerate(done.target):
        a, b = [(3.0, -1.0), (0.0, 0.0), (-3.0, -3.0)][target]
        expected = np.maximum(a / places * x[place, 0] + b / places * 2 * x[place, 1], 0)
        assert done.cam is not None
        np.testing.assert_allclose(done.cam[place], expected, atol=1e-7)
    assert done.layer is not None
    assert (done.layer.name, done.layer.sides) == ("conv", (SIDE, SIDE))
    gradient = attribution.input_gradient(model, images[:1], torch.tensor([0]))
    np.testing.assert_allclose(gradient, 1.0)  # 3 - 2 > 0 at every pixel
    np.testing.assert_allclose(attribution.input_gradient(model, images[:1], torch.tensor([2])), -1.0)


@pytest.mark.parametrize(
    ("kind", "found", "sides"),
    [
        ("Transformer", "blocks.1.norm1", (4, 4)),
        ("ChannelsLast", "norm", (16, 16)),
        ("Convolutional", "conv", (16, 16)),
    ],
)
def test_the_layer_is_found_and_the_answer_depends_on_it(
    make_model: MakeModel, images: Tensor, kind: str, found: str, sides: tuple[int, int]
) -> None:
    model = make_model(kind)
    layer = layers.last_map(model)
    assert (layer.name, layer.sides) == (found, sides)
    done = attribution.attribute(model, images[:2], own_answer=True)
    assert done.cam is not None
    assert done.gradient is not None
    assert done.cam.shape == (2, *sides)
    assert done.cam.min() >= 0
    assert np.abs(done.gradient).max() == pytest.approx(1)
    assert done.gradient.shape == (2, SIDE, SIDE)
    assert done.notes == ()
    assert not model.network.training
    assert not any(module._forward_hooks for module in model.network.modules())


def test_our_formula_is_captum_s_where_both_apply(make_model: MakeModel, images: Tensor) -> None:
    model = rc.load_model("scenes/vgg-standard")
    layer = layers.last_map(model)
    x, target = images[:2].float() / 255, torch.tensor([1, 5])
    ours = attribution._token_cam(model, layer, x.clone().requires_grad_(True), target)
    np.testing.assert_allclose(
        attribution.grad_cam(model, images[:2], layer, target), ours.detach().numpy(), rtol=1e-4, atol=1e-6
    )


def test_a_network_without_maps_gets_what_needs_none(make_model: MakeModel, images: Tensor) -> None:
    done = attribution.attribute(make_model("Flat"), images[:2])
    assert done.cam is None
    assert done.choices == ()
    assert done.gradient is not None
    assert [note["method"] for note in done.notes] == ["Grad-CAM"]
    done = attribution.attribute(make_model("OutsideOfTorch"), images[:2])
    assert (done.cam, done.gradient, done.layer) == (None, None, None)
    assert done.answers.shape == (2, 3)
    assert kinds(done.notes) == ["no_attribution"]
    assert [note["method"] for note in done.notes] == ["Grad-CAM", "input gradient"]


def test_a_layer_may_be_chosen(make_model: MakeModel, images: Tensor) -> None:
    model = make_model("Transformer")
    done = attribution.attribute(model, images[:2], layer="patches")
    assert done.layer is not None
    assert done.layer.name == "patches"
    assert {"patches", "blocks.0", "norm"} <= set(done.choices)
    with pytest.raises(UnknownNameError):
        attribution.attribute(model, images[:2], layer="patchez")
    with pytest.raises(ModelError):
        attribution.grad_cam(model, images[:2], layers.layer(model, "head"), torch.tensor([0, 0]))


def test_correlation_and_mass() -> None:
    heat = np.array([[0, 1], [2, 3]], np.float32)
    assert attribution.correlation(heat, 5 * heat + 2) == pytest.approx(1)
    assert attribution.correlation(heat, -heat) == pytest.approx(-1)
    assert np.isnan(attribution.correlation(heat, np.ones_like(heat)))
    assert attribution.share_inside(heat, np.array([[0, 1], [0, 1]], bool)) == pytest.approx(4 / 6)
    assert attribution.share_inside(-heat, np.array([[0, 0], [0, 0.5]], np.float32)) == pytest.approx(1.5 / 6)
    assert np.isnan(attribution.share_inside(0 * heat, np.ones((2, 2), bool)))
    assert attribution.share_inside(heat, np.ones((8, 8), np.float32)) == pytest.approx(1)


def test_masks_of_scenes_cover_the_object_alone() -> None:
    dataset = Scenes("val", size=9)
    item = Item("an image", dataset[8][0], int(dataset.ids[8]), int(dataset.labels[8]), dataset="scenes")
    mask = object_masks.of_item(item)
    assert mask is not None
    assert mask.shape == (64, 64)
    assert 0.03 < mask.mean() < 0.6
    np.testing.assert_array_equal(mask, object_masks.of_scene(dataset.scene(8), 64))
    changed = Item("another", item.image + 1, item.id, dataset="scenes")
    assert object_masks.of_item(changed) is None
    assert object_masks.of_item(Item("a photograph", item.image, item.id)) is None


def test_how_far_a_map_moves(make_model: MakeModel, images: Tensor) -> None:
    model = make_model("Transformer")
    mask = np.zeros((SIDE, SIDE), np.float32)
    mask[:8] = 1
    same = attribution.movement(attribution.attribute(model, images[[0, 0]]), mask)
    assert same.gradient == pytest.approx(1)
    assert same.gradient_inside[0] == pytest.approx(same.gradient_inside[1])
    assert 0 < same.gradient_inside[0] < 1
    moved = attribution.movement(attribution.attribute(model, images[:2]), mask, moves_pixels=True)
    assert moved.gradient < 0.9
    assert np.isnan(moved.gradient_inside[1])
    assert np.isnan(attribution.movement(attribution.attribute(make_model("Flat"), images[:2]), None).cam)


def test_forms_that_are_explained_one_by_one_are_those_that_are_explained_together(
    make_model: MakeModel, images: Tensor
) -> None:
    model = make_model("Transformer")
    together = attribution.attribute(model, images[:3])
    one = attribution.attribute(model, images[:1])
    assert one.layer is not None
    target = int(one.target[0])
    others = [attribution.attribute(model, images[i : i + 1], layer=one.layer.name, target=target) for i in (1, 2)]
    parts = attribution.joined([one, *others])
    assert parts.target.tolist() == together.target.tolist()
    np.testing.assert_allclose(parts.cam, together.cam, atol=1e-6)  # type: ignore[arg-type]
    first, second = (attribution.movement(together, None, form=form) for form in (1, 2))
    assert first.gradient == pytest.approx(attribution.movement(parts, None).gradient, abs=1e-5)
    assert first.gradient != second.gradient


def test_an_attacked_image_is_in_its_ball_and_needs_a_gradient(make_model: MakeModel, images: Tensor) -> None:
    model = make_model("Convolutional")
    moved = attacked.attacked(model, images[0], 7, 4)
    assert 0 < (moved[0] - images[0] / 255).abs().max() <= 4 / 255 + 1e-6
    assert torch.equal(moved, attacked.attacked(model, images[0], 7, 4))
    maps = attribution.attribute(model, torch.cat([images[:1] / 255, moved]))
    assert maps.answers.shape[0] == 2
    with pytest.raises(ModelError):
        attacked.attacked(make_model("OutsideOfTorch"), images[0], 7, 4)


def test_a_block_that_uses_a_part_again_is_met_as_a_whole(images: Tensor) -> None:
    model = rc.load_model("torchvision/resnet18?weights=none&classes=3&side=32")
    met = [each.name for each in layers.layers(model)]
    assert "layer4.1" in met
    assert layers.last_map(model).name == "layer4.1"  # behind the sum with the shortcut


def test_a_model_from_onnx_without_gradients_gets_what_needs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = rc.load_model(f"{onnx_file(tmp_path / 'net.onnx')}?side=64")
    pixels = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    assert attribution.attribute(model, pixels).gradient is not None  # of its twin in torch
    model = rc.load_model(f"{onnx_file(tmp_path / 'other.onnx', bias=1.0)}?side=64")
    monkeypatch.setitem(sys.modules, "onnx2torch", None)
    done = attribution.attribute(model, pixels)
    assert (done.cam, done.gradient) == (None, None)
    assert done.probabilities.shape == (2, 5)
    assert [note["method"] for note in done.notes] == ["Grad-CAM", "input gradient"]
    with pytest.raises(attribution.NO_GRADIENT):
        attacked.attacked(model, pixels[0], 0, 4)
    assert weights.kernels(model) == []
    assert layers.first_and_deep(model, layers.layers(model)) == []
