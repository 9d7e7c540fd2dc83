"""Augmentations of the images themselves: rectangles, noise, crops, chains, and the ten corruptions of figure 3.2."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, cast

import pytest
import torch
import torch.nn.functional as F
from torchvision.transforms.v2 import functional as transforms

from robustcore import corruptions
from robustcore.errors import InvalidArgumentError, TrainingError, UnknownNameError
from robustcore.models import defences, load_model
from robustcore.training.data import TrainingSet
from robustcore.training.interventions import Step, create
from robustcore.training.interventions.augmentation import crop_flip, moex, syn_rob
from robustcore.training.interventions.augmentation._boxes import inside
from robustcore.training.interventions.augmentation.augmix import OPERATIONS, AugMix, _apply, divergence
from robustcore.training.interventions.augmentation.cutmix import CutMix


@pytest.fixture(scope="module")
def step(data: TrainingSet) -> Step:
    model = load_model("scenes/vgg?weights=none&classes=3")
    return Step(model, data.images[:120], data.labels[:120], data.ids[:120], epoch=1, index=0, seed=0)


def changed(step: Step, images: torch.Tensor) -> torch.Tensor:
    """bool (N, S, S): the pixels that are not what they were."""
    return (images != step.images).any(1)


def test_a_rectangle_is_cut_at_the_edge() -> None:
    top, left, bottom, right = (torch.tensor([v]) for v in (-2, 3, 1, 9))
    (box,) = inside(top, left, bottom, right, side=5)
    expected = torch.zeros(1, 5, 5, dtype=torch.bool)
    expected[0, 0, 3:] = True
    assert box.equal(expected)


def test_cutout_hides_one_square_under_the_mean(step: Step) -> None:
    (view,) = create("cutout", size=0.25).views(step)
    grey = (step.model.mean * 255).round().to(torch.uint8)
    hidden = (view.images == grey).all(1)
    assert changed(step, view.images).logical_and(~hidden).sum() == 0
    areas = hidden.flatten(1).sum(1)
    assert areas.max() == 8 * 8  # the whole square, where its centre lies far from the edges
    assert areas.min() >= 4 * 4
    assert (hidden.any(1).sum(1) * hidden.any(2).sum(1)).equal(areas)  # a rectangle
    assert view.labels is step.labels


def test_cutmix_labels_by_area(step: Step) -> None:
    mix = CutMix()
    (view,) = mix.views(step)
    pasted = mix.pasted(step)
    assert view.images.equal(torch.where(pasted, step.images.roll(1, 0), step.images))
    kept = 1 - pasted[5].float().mean()
    expected = kept * step.targets[5] + (1 - kept) * step.targets[4]
    torch.testing.assert_close(view.labels[5], expected)
    assert step.labels[5] != step.labels[4]


def test_cutmix_draws_a_box_of_area_1_minus_lambda(step: Step) -> None:
    pasted = CutMix().pasted(step)[:, 0]
    share = 1 - step.draws("cutmix").beta(1.0, 1.0)
    rows, columns = pasted.any(2), pasted.any(1)
    whole = ~(rows[:, 0] | rows[:, -1] | columns[:, 0] | columns[:, -1]) & pasted.flatten(1).any(
        1
    )  # not cut at an edge
    assert whole.sum() > 10
    sides = rows.sum(1)[whole]
    assert sides.equal(columns.sum(1)[whole])
    assert sides.equal((32 * share[whole].sqrt()).long())


def test_random_erasing_replaces_areas_in_range_by_noise(step: Step) -> None:
    (view,) = create("random_erasing").views(step)
    different = changed(step, view.images)
    areas = different.flatten(1).sum(1)
    assert 35 < (areas > 0).sum() < 85  # 60 expected
    touched = areas[areas > 0] / 32**2
    assert touched.min() > 0.01
    assert 0.25 < touched.max() < 0.36  # rounding of the sides
    erased = view.images[areas > 0].movedim(1, -1)[different[areas > 0]]
    assert erased[:, 0].float().std() > 60  # uniform noise has 74; the red channel was flat
    (every,) = create("random_erasing", probability=1.0).views(step)
    assert (changed(step, every.images).flatten(1).any(1)).all()


def test_speckle_noise_is_proportional_to_the_value(step: Step) -> None:
    (view,) = create("speckle_noise", least=0.2, most=0.2).views(step)
    assert view.images[60:].equal(step.images[60:])
    dark, bright = step.labels[:60] == 0, step.labels[:60] == 1
    noise = view.images[:60, 0].float() - step.images[:60, 0].float()
    assert noise[dark].std() == pytest.approx(0.2 * 30, rel=0.05)
    assert noise[bright].std() == pytest.approx(0.2 * 130, rel=0.05)


def test_a_crop_is_torchvisions_crop(step: Step) -> None:
    top, left, height, width = (v.tolist() for v in crop_flip.boxes(step, 0.25))
    mirrored = step.draws("crop_flip:flip").integers(0, 2) == 0
    result = crop_flip.crop(step, 0.25)
    for at in range(10):
        box = (top[at], left[at], height[at], width[at])
        expected = transforms.resized_crop(step.images[at], *box, [32, 32], antialias=True)
        expected = expected.flip(-1) if mirrored[at] else expected
        assert (result[at].int() - expected.int()).abs().max() <= 1
    areas = torch.tensor(height) * torch.tensor(width) / 32**2
    assert 0.23 < areas.min() < 0.4 < 0.9 < areas.max() <= 1
    assert 40 < mirrored.sum() < 80


def test_syn_rob_corrupts_half_with_all_ten_and_anew_in_each_epoch(step: Step) -> None:
    (first,) = create("syn_rob").views(step)
    different = changed(step, first.images).flatten(1).any(1)
    assert different[:60].all()
    assert not different[60:].any()
    (again,) = create("syn_rob").views(dataclasses.replace(step, epoch=2))
    assert (again.images[:60] != first.images[:60]).flatten(1).any(1).sum() > 50
    assert (
        first.images[:60].ne(step.images[:60].flip(-2)).flatten(1).any(1).logical_not().any()
    )  # laugros_flip is there


@pytest.mark.parametrize("without", syn_rob.CORRUPTIONS)
def test_no_phi_never_calls_phi(step: Step, without: str, monkeypatch: pytest.MonkeyPatch) -> None:
    called: set[str] = set()

    def get(name: str) -> corruptions.Corruption:
        called.add(name)
        return corruptions._base.registry[name]

    monkeypatch.setattr(corruptions, "get", get)
    few = dataclasses.replace(step, images=step.images.repeat(3, 1, 1, 1), ids=torch.arange(360))
    made = create("syn_rob", without=without)
    assert made.label == f"no_{without.removeprefix('laugros_')}"
    called.clear()
    made.views(few)
    assert called == set(syn_rob.CORRUPTIONS) - {without}


def test_the_divergence_is_zero_where_all_views_agree_and_log_of_their_number_where_none_does() -> None:
    logits = torch.randn(6, 5, generator=torch.Generator().manual_seed(0))
    assert divergence([logits, logits, logits + 3]).item() == pytest.approx(0, abs=1e-6)
    certain = [50.0 * torch.eye(3)[k].expand(4, 3) for k in range(3)]
    assert divergence(certain).item() == pytest.approx(torch.tensor(3.0).log().item())
    # Two views, (1/2, 1/2) and (1/4, 3/4), by hand: mean (3/8, 5/8).
    p, q = torch.tensor([[0.5, 0.5]]), torch.tensor([[0.25, 0.75]])
    mean = (p + q) / 2
    expected = ((p * (p / mean).log()).sum() + (q * (q / mean).log()).sum()) / 2
    torch.testing.assert_close(divergence([p.log(), q.log()]), expected)


def test_augmix_loss_is_cross_entropy_and_divergence(step: Step) -> None:
    model = load_model("scenes/vgg?weights=none&classes=3")
    head = [p for p in model.parameters() if p.ndim == 2][-1]
    head.data.mul_(1000)  # so that an untrained network has opinions
    few = dataclasses.replace(step, model=model, images=step.images[:12], labels=step.labels[:12], ids=step.ids[:12])
    plain, heavy = (create("augmix", consistency=weight).loss(few) for weight in (0, 12))
    torch.testing.assert_close(plain.loss, F.cross_entropy(few.model(few.images), few.labels))
    mixed = [few.model(few.pixels), *(few.model(AugMix().mixture(few, view)) for view in (1, 2))]
    torch.testing.assert_close(heavy.loss, plain.loss + 12 * divergence(mixed))
    assert divergence(mixed) > 1e-3


def test_moment_exchange_gives_the_partners_moments_at_each_position() -> None:
    own, other = torch.randn(2, 4, 8, 5, 5, generator=torch.Generator().manual_seed(0)).unbind()
    moved = moex.exchanged(own, 3 * other + 2)
    torch.testing.assert_close(moved.mean(1), (3 * other + 2).mean(1))
    torch.testing.assert_close(moved.std(1), (3 * other).std(1), rtol=1e-4, atol=0)
    torch.testing.assert_close(moex.exchanged(own, own), own, rtol=1e-4, atol=1e-5)


def test_moex_mixes_features_and_labels_of_the_same_images_and_leaves_no_hook(step: Step) -> None:
    step = dataclasses.replace(step, model=load_model("scenes/resnet?weights=none&classes=3").eval())
    outcome = create("moex", share=0.75).loss(step)
    exchanged = outcome.labels.amax(1) < 1  # those that met an image of another class
    assert 20 < exchanged.sum() < 60  # half of the images, two thirds of them with another class
    assert set(outcome.labels[exchanged].flatten().tolist()) == {0.0, 0.25, 0.75}
    plain = step.model(step.images)
    same = torch.isclose(plain, outcome.logits, atol=1e-5).all(1)
    assert not same[exchanged].any()
    assert 40 < same.sum() < 80
    assert not moex.early_part(step.model.network)._forward_hooks


def test_moex_takes_the_normalised_first_convolution_and_needs_one() -> None:
    network = load_model("scenes/resnet?weights=none&classes=3").network
    assert moex.early_part(network) is network.stem[1]
    with pytest.raises(TrainingError, match="no convolution"):
        moex.early_part(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3, 2)))


def test_clahe_images_are_those_that_the_defended_model_sees(data: TrainingSet) -> None:
    few = dataclasses.replace(data, images=data.images[:9], labels=data.labels[:9], ids=data.ids[:9])
    made = create("clahe").prepare(few, seed=0, device=torch.device("cpu"))
    (seen,) = defences.create("clahe").views(few.images / 255, 32)
    assert made.images.equal((255 * seen).round().to(torch.uint8))
    assert not made.images.equal(few.images)


def test_augmix_with_robustnets_crop_mixes_what_crop_flip_shows(step: Step) -> None:
    cropped = dataclasses.replace(step, images=crop_flip.crop(step, 0.4))
    assert not cropped.images.equal(step.images)
    torch.testing.assert_close(AugMix(crop=0.4).loss(step).loss, AugMix().loss(cropped).loss)


def test_augmix_mixes_differently_in_each_view_and_epoch(step: Step) -> None:
    made = AugMix()
    first, other = made.mixture(step, 1), made.mixture(step, 2)
    later = made.mixture(dataclasses.replace(step, epoch=2), 1)
    for one in (other, later, step.pixels):
        assert not first.allclose(one)
    assert first.min() >= 0
    assert first.max() <= 1


def torchvisions(name: str, image: torch.Tensor, share: float) -> torch.Tensor:
    """An operation at a share of its greatest level, by torchvision."""
    if name == "posterize":
        return cast(torch.Tensor, transforms.posterize(image, 4 - int(4 * share)))
    if name == "solarize":
        return cast(torch.Tensor, transforms.solarize(image, 256 - int(256 * share)))
    if name in ("autocontrast", "equalize"):
        return cast(torch.Tensor, getattr(transforms, name)(image))
    sheared = math.degrees(math.atan(0.3 * share))
    shift = -image.shape[-1] * share / 3
    moves: dict[str, tuple[float, list[float], list[float]]] = {
        "rotate": (-30 * share, [0, 0], [0, 0]),
        "shear_x": (0, [0, 0], [sheared, 0]),
        "shear_y": (0, [0, 0], [0, sheared]),
        "translate_x": (0, [shift, 0], [0, 0]),
        "translate_y": (0, [0, shift], [0, 0]),
    }
    angle, translation, shear = moves[name]
    bilinear = transforms.InterpolationMode.BILINEAR
    return cast(torch.Tensor, transforms.affine(image, angle, translation, 1.0, shear, bilinear))


@pytest.mark.parametrize("level", [1.0, 2.7, 9.0])
@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_are_torchvisions(name: str, level: float) -> None:
    image = torch.randint(40, 200, (1, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    image[..., 8:24, 8:24] = 240
    result = image.clone()
    _apply(result, torch.tensor([OPERATIONS.index(name)]), torch.tensor([level]), torch.tensor([1]))
    difference = (result.int() - torchvisions(name, image, level / 10).int()).abs()
    assert (difference <= 1).float().mean() > 0.99
    assert not result.equal(image)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("cutout", {"size": 0}, "more than 0"),
        ("cutmix", {"alpha": 0}, "more than 0"),
        ("random_erasing", {"least": 0.5, "most": 0.2}, "at most the setting most"),
        ("speckle_noise", {"least": 0.5, "most": 0.2}, "at most the setting most"),
        ("crop_flip", {"least": 1.5}, "at most 1"),
        ("augmix", {"severity": 11}, "at most 10"),
        ("syn_rob", {"without": "laugros_flap"}, "laugros_flip"),
    ],
)
def test_impossible_settings_are_refused(name: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises((InvalidArgumentError, UnknownNameError), match=message):
        create(name, **settings)
