"""Feature maps, weights, kernels, CKA and their pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

import robustcore as rc
from robustcore.errors import InvalidArgumentError, ModelError
from robustcore.inside import feature_maps, layers, pictures, similarity, weights
from robustcore.models.classifier import Classifier
from tests.inside.conftest import MakeModel

NAMES = ("scenes/resnet-standard", "scenes/vgg-standard")


@pytest.fixture(scope="module")
def resnet() -> Classifier:
    return rc.load_model(NAMES[0])


@pytest.fixture(scope="module")
def scenes() -> Tensor:
    return rc.load_dataset("scenes").images(0, 40)


def test_channels_that_change_most_come_first(resnet: Classifier, scenes: Tensor) -> None:
    met = layers.layers(resnet)
    first, deep = layers.first_and_deep(resnet, met)
    assert (first.name, first.channels) == ("stem.0", 32)
    assert deep.channels == 160
    done = feature_maps.feature_maps(resnet, scenes[:2], deep)
    assert len(done.channels) == 64
    assert sorted(done.channels)[:3] == [0, 3, 5]
    assert sorted(done.channels)[-1] == 159
    assert list(done.change) == sorted(done.change, reverse=True)
    worked = np.abs(done.corrupted - done.clean).mean((1, 2)) / np.abs(done.clean).mean()
    np.testing.assert_allclose(done.change, worked, rtol=1e-4)
    same = feature_maps.feature_maps(resnet, scenes[[0, 0]], first)
    assert np.abs(same.change).max() < 1e-5
    assert same.clean.shape == (32, 32, 32)


def test_tokens_are_maps_too(make_model: MakeModel, images: Tensor) -> None:
    model = make_model("Transformer")
    first, deep = layers.first_and_deep(model, layers.layers(model))
    assert (first.name, deep.name) == ("patches", "norm")
    done = feature_maps.feature_maps(model, images[:2], deep)
    assert done.clean.shape == (8, 4, 4)
    with pytest.raises(ModelError):
        feature_maps.feature_maps(model, images[:2], layers.layer(model, "head"))


def test_histograms_count_every_weight_once(resnet: Classifier) -> None:
    other = rc.load_model(NAMES[1])
    bins, summary = weights.histograms([resnet, other])
    np.testing.assert_allclose(bins.groupby(["model", "place", "kind"])["share"].sum(), 1)
    assert weights.last_stage(resnet) == "stages.2"
    counts = summary.set_index(["model", "place", "kind"])["count"]
    assert counts[NAMES[0], "head", "weights"] == 12 * 160
    assert counts[NAMES[0], "head", "biases"] == 12
    assert counts[NAMES[0], "first", "weights"] == 32 * 3 * 5 * 5
    assert counts[NAMES[0], "first", "normalisation"] == 2 * 32
    assert counts[NAMES[0], "last stage", "weights"] == 160 * 9 * (96 + 160)
    assert counts[NAMES[0], "last stage", "normalisation"] == 4 * 160
    assert counts[NAMES[0], "last stage", "down-sampling"] == 160 * 96 + 2 * 160
    assert (NAMES[1], "last stage", "down-sampling") not in counts.index
    edges = bins[(bins["place"] == "head") & (bins["kind"] == "weights")]
    assert edges.groupby("model")["left"].min().nunique() == 1  # the same bins for both
    head = resnet.network.head.weight.detach().numpy()  # type: ignore[union-attr,operator]
    row = summary.set_index(["model", "place", "kind"]).loc[(NAMES[0], "head", "weights")]
    assert row["mean"] == pytest.approx(head.mean(), abs=1e-6)
    assert row["std"] == pytest.approx(head.std(), rel=1e-4)


def test_a_network_without_weights_says_so(make_model: MakeModel) -> None:
    with pytest.raises(ModelError):
        weights.histograms([make_model("OutsideOfTorch")])
    assert weights.kernels(make_model("OutsideOfTorch")) == []


def test_kernels_are_those_of_the_network(resnet: Classifier) -> None:
    first, deep = weights.kernels(resnet)
    weight = resnet.network.stem[0].weight.detach().numpy()  # type: ignore[index,union-attr]
    np.testing.assert_array_equal(first.values[3], weight[first.outputs[3]].transpose(1, 2, 0))
    assert deep.values.shape == (64, 3, 3)
    last = dict(resnet.network.named_modules())[deep.layer].weight.detach().numpy()  # type: ignore[union-attr,operator]
    np.testing.assert_array_equal(deep.values[7], last[deep.outputs[7], deep.inputs[7]])
    norms = np.linalg.norm(last[deep.outputs[7]].reshape(len(last[0]), -1), axis=1)
    assert norms.argmax() == deep.inputs[7]


def unbiased(k: np.ndarray, m: np.ndarray) -> float:
    """The unbiased HSIC as the mean over quadruples of different images (Song et al. 2012), by their definition."""
    n = len(k)
    quadruples = [
        (i, j, q, r) for i in range(n) for j in range(n) for q in range(n) for r in range(n) if len({i, j, q, r}) == 4
    ]
    return float(np.mean([k[i, j] * (m[i, j] + m[q, r] - 2 * m[i, q]) for i, j, q, r in quadruples]))


def test_hsic_is_unbiased_by_its_definition() -> None:
    generator = torch.Generator().manual_seed(1)
    x, y = torch.randn(6, 5, generator=generator), torch.randn(6, 3, generator=generator)
    k, m = similarity.gram(x), similarity.gram(y)
    value = float(similarity._hsic(k[None], m[None]))
    assert value == pytest.approx(unbiased((x @ x.T).numpy(), (y @ y.T).numpy()), rel=1e-4)


def test_cka_of_a_model_with_itself_is_1_on_the_diagonal(resnet: Classifier, scenes: Tensor) -> None:
    done = similarity.cka(resnet, resnet, scenes)
    assert done.images == 40
    assert len(done.first) == len(done.second) <= similarity.LAYERS
    np.testing.assert_allclose(np.diag(done.values), 1, atol=1e-6)
    np.testing.assert_allclose(done.values, done.values.T, atol=1e-9)
    assert np.isfinite(done.values).all()
    again = similarity.cka(resnet, rc.load_model(NAMES[0]), scenes)
    np.testing.assert_allclose(np.diag(again.values), 1, atol=1e-6)
    other = similarity.cka(resnet, rc.load_model(NAMES[1]), scenes, most=5)
    assert other.values.shape == (5, 5)
    assert other.second[-1] == "head"
    assert np.isfinite(other.values).all()
    assert other.values[0, 0] > other.values[0, -1]


def test_cka_ignores_rotation_scale_and_shift() -> None:
    generator = torch.Generator().manual_seed(2)
    x, y = (torch.randn(20, width, generator=generator, dtype=torch.float64) for width in (8, 6))
    rotation = torch.linalg.qr(torch.randn(8, 8, generator=generator, dtype=torch.float64))[0]
    turned = 3 * x @ rotation + 7

    def cka(a: Tensor, b: Tensor) -> float:
        k, m = similarity.gram(a)[None], similarity.gram(b)[None]
        return float(similarity._hsic(k, m) / (similarity._own(k) * similarity._own(m)).sqrt())

    assert cka(x, turned) == pytest.approx(1, abs=1e-9)
    assert cka(x, y) == pytest.approx(cka(turned, y), abs=1e-9)
    assert cka(x, y) < 0.5


def test_layers_that_say_nothing_are_left_out(make_model: MakeModel, images: Tensor) -> None:
    model = make_model("Transformer")
    with torch.no_grad():
        model.network.norm.weight.zero_()  # type: ignore[union-attr,operator]
    done = similarity.cka(model, model, images)
    assert {"norm", "head"} <= set(done.constant)
    assert np.isfinite(done.values).all()
    hidden = similarity.cka(make_model("OutsideOfTorch"), model, images)
    assert hidden.first == ("logits",)
    with pytest.raises(InvalidArgumentError):
        similarity.cka(model, model, images[:3])


def test_pictures_have_the_image_s_size_and_say_where() -> None:
    image = np.full((20, 20, 3), 100, np.uint8)
    cam = np.zeros((2, 2), np.float32)
    cam[0, 0] = 4
    drawn = pictures.cam_overlay(image, cam).astype(int)
    assert drawn.shape == image.shape
    assert drawn[0, 0].sum() > drawn[19, 19].sum()
    gradient = np.zeros((20, 20), np.float32)
    gradient[0, 0], gradient[1, 1] = 1, -1
    drawn = pictures.gradient_overlay(image, gradient).astype(int)
    assert drawn[0, 0, 0] > drawn[0, 0, 2]
    assert drawn[1, 1, 2] > drawn[1, 1, 0]
    assert len(set(drawn[5, 5])) == 1  # grey
    tiles = pictures.kernel_tiles(np.ones((10, 3, 3), np.float32), columns=8, side=6)
    assert tiles.shape == (14, 62, 3)
    maps = np.stack([np.zeros((2, 2)), np.ones((2, 2))]).astype(np.float32)
    tiles = pictures.channel_tiles(maps, np.zeros(2, np.float32), np.ones(2, np.float32), side=6)
    assert tiles[2, 10].sum() > tiles[2, 2].sum()
