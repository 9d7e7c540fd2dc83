"""Interventions that make images with a network or from other images: fooling, stylised, DeepAugment."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from robustcore.errors import InvalidArgumentError, TrainingError
from robustcore.models import load_model
from robustcore.randomness import Draws
from robustcore.training.data import TrainingSet
from robustcore.training.interventions import Step, create
from robustcore.training.interventions.generated import deepaugment
from robustcore.training.interventions.generated.deepaugment import BORDER, CHANNELS, LAYERS, clean_weights
from robustcore.training.interventions.generated.stylised import exchange, texture

CPU = torch.device("cpu")
MODEL = "scenes/resnet?weights=none&classes=3"


@pytest.fixture(scope="module")
def few(data: TrainingSet) -> TrainingSet:
    classes = load_model(MODEL).card.classes
    return dataclasses.replace(
        data, images=data.images[:12], labels=data.labels[:12], ids=data.ids[:12], classes=classes
    )


@pytest.fixture(scope="module")
def step(data: TrainingSet) -> Step:
    return Step(load_model(MODEL), data.images[:20], data.labels[:20], data.ids[:20], epoch=1, index=0, seed=0)


def test_fooling_images_join_the_clean_ones_under_the_true_labels(few: TrainingSet) -> None:
    made = create("fooling", model=MODEL, steps=3).prepare(few, seed=0, device=CPU)
    assert made.images[:12].equal(few.images)
    assert len(made) == 24
    assert made.labels[12:].sort().values.equal(few.labels.sort().values)
    assert len(set(made.ids.tolist())) == 24
    assert made.ids.min() >= 0
    again = create("fooling", model=MODEL, steps=3).prepare(few, seed=0, device=CPU)
    assert again.images.equal(made.images)


def test_fooling_at_all_rates_without_the_clean_images(few: TrainingSet) -> None:
    made = create("fooling", model=MODEL, steps=1, rates="5,100", each="all", clean="without")
    assert made.label == "fooling-5+100-alone-all"
    messages: list[tuple[int, int]] = []
    data = made.prepare(few, seed=0, device=CPU, count=lambda *now: messages.append(now))
    assert messages == [(12, 24), (24, 24)]
    weak, strong = ((data.images[part].float() - few.images.float()).norm() for part in (slice(0, 12), slice(12, 24)))
    assert 0 < 3 * weak < strong
    assert data.labels.equal(few.labels.repeat(2))


@pytest.mark.parametrize("rates", ["", "5,", "5,x", "0", "-5", "nan", "2000"])
def test_impossible_rates_are_refused(rates: str) -> None:
    with pytest.raises(InvalidArgumentError, match="rates of fooling"):
        create("fooling", rates=rates)


def test_fooling_needs_a_model_of_the_same_classes(few: TrainingSet) -> None:
    with pytest.raises(TrainingError, match="model of the classes that are trained on"):
        create("fooling").prepare(few, seed=0, device=CPU)


def picture(period: int, square: bool) -> torch.Tensor:
    """(1, 3, 64, 64): faint stripes of a period, with a bright square on them or without."""
    stripes = 0.5 + 0.05 * torch.sin(torch.arange(64) * (2 * torch.pi / period)).expand(1, 3, 64, 64).clone()
    if square:
        stripes[..., 20:44, 20:44] += 0.35
    return stripes


def test_faint_stripes_are_texture_and_an_edge_is_not() -> None:
    result = texture(picture(4, square=True), 0.1)[0, 0]
    assert result[4:12, 10:50].std() > 0.02
    assert result[26:38, 19:21].abs().max() < 0.1  # the edge is 0.35 high


def test_textures_are_exchanged_and_shapes_stay() -> None:
    content, partner = picture(4, square=True), picture(16, square=False).transpose(2, 3)
    styled = exchange(content, partner, Draws(0, "test", [0]), 0.1)
    before, after = (x.mean(1).flatten() - x.mean() for x in (content, styled))
    assert F.cosine_similarity(before, after, dim=0) > 0.8
    own = slice(4, 16)  # above the square, the stripes of the content are gone
    amplitude = [torch.fft.rfft(x[0, 0, own].mean(0))[16].abs() for x in (content, styled)]
    assert amplitude[1] < 0.5 * amplitude[0]


def test_stylised_keeps_labels_and_the_clean_part(step: Step) -> None:
    (view,) = create("stylised", share=0.5).views(step)
    assert view.labels is step.labels
    different = (view.images != step.images).flatten(1).any(1)
    assert different[:10].all()
    assert not different[10:].any()
    (later,) = create("stylised").views(dataclasses.replace(step, epoch=2))
    assert not later.images.equal(view.images)


def test_a_folder_of_stylised_images_is_trained_on_with_the_clean_ones(folder: Path, data: TrainingSet) -> None:
    clean = dataclasses.replace(data, classes=("much", "none", "some"))
    made = create("stylised", folder=str(folder))
    both = made.prepare(clean, seed=0, device=CPU)
    assert len(both) == 240 + 36
    assert made.label == "stylised-shades"
    assert len(create("stylised", folder=str(folder), share=1.0).prepare(clean, seed=0, device=CPU)) == 36
    shutil.rmtree(folder / "train" / "some")
    shutil.rmtree(folder / "val" / "some")
    shutil.rmtree(folder / "test" / "some")
    with pytest.raises(TrainingError, match="other class folders"):
        made.prepare(clean, seed=0, device=CPU)


def test_the_undistorted_network_is_the_identity() -> None:
    x = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    y = F.pad(x, (BORDER,) * 4, mode="reflect")
    for layer, weight in zip(LAYERS, clean_weights(), strict=True):
        y = F.conv2d(y, weight, groups=CHANNELS if layer == "filter" else 1)
    torch.testing.assert_close(y, x, atol=1e-5, rtol=0)


def test_deepaugment_is_repeatable_and_new_in_each_step(step: Step) -> None:
    made = create("deepaugment", group=5)
    (first,), (again,) = made.views(step), made.views(step)
    assert first.images.equal(again.images)
    assert first.images[10:].equal(step.images[10:])
    assert (first.images[:10] != step.images[:10]).flatten(1).any(1).any()
    (other,) = made.views(dataclasses.replace(step, epoch=2, index=5))
    assert not first.images.equal(other.images)


def test_deepaugment_also_convolves_weights_and_sends_them_through_an_activation(step: Step) -> None:
    (plain,), (further,) = (create("deepaugment", further=more).views(step) for more in (0, 1))
    assert not plain.images.equal(further.images)
    chosen, noise = torch.ones(CHANNELS, dtype=torch.bool), torch.randn(CHANNELS, CHANNELS * 9)
    for weight in clean_weights():
        for name in deepaugment.FURTHER_DISTORTIONS:
            changed = deepaugment._distort_weights(name, weight, chosen, noise)
            assert changed.shape == weight.shape
            assert changed.isfinite().all()
            assert not torch.equal(changed, weight)
