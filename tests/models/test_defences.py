"""Input-side defences: what they do to an image, and what a defended model says of itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustcore import attacks
from robustcore.errors import InvalidArgumentError, ModelError, UnknownNameError
from robustcore.models import Card, Classifier, card, defences, load_model
from robustcore.models.defences import Defended, create, noise_level

NAME = "scenes/resnet?weights=none&classes=4"


def smooth(noise: float = 0.0) -> np.ndarray:
    """uint8 (64, 64, 3): slopes of another steepness in each channel, with white noise upon them."""
    rows, columns = np.mgrid[:64, :64].astype(float)
    image = np.stack([60 + rows, 120 + columns, 180 - rows / 2 - columns / 2], axis=-1)
    return (
        np.clip(image + np.random.default_rng(0).normal(0, noise or 1e-9, image.shape), 0, 255).round().astype(np.uint8)
    )


def batch(*images: np.ndarray) -> Tensor:
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 255


@pytest.mark.parametrize("noise", [5, 10, 20])
def test_the_noise_level_is_the_noises_standard_deviation(noise: float) -> None:
    assert noise_level(smooth(noise)) == pytest.approx(noise, rel=0.08)


def test_the_noise_level_of_a_smooth_image_is_0() -> None:
    assert noise_level(smooth()) == 0


def test_denoising_brings_a_noisy_image_nearer_and_leaves_a_clean_one() -> None:
    clean, noisy = batch(smooth(), smooth(15))
    (seen,) = create("nlm").views(torch.stack([clean, noisy]), 64)
    assert seen[0].equal(clean)
    assert (seen[1] - clean).square().mean() < 0.25 * (noisy - clean).square().mean()


def test_clahe_stretches_a_flat_contrast_and_keeps_the_range() -> None:
    flat = batch(smooth(30)) * 0.2 + 0.4
    (seen,) = create("clahe").views(flat, 64)
    assert seen.std() > 1.3 * flat.std()
    assert 0 <= seen.min() < seen.max() <= 1
    (again,) = create("clahe", clip=8.0).views(flat, 64)
    assert again.std() > seen.std()


class Corners(nn.Module):
    """Two classes; the odds are the logarithm of (level / (1 - level)) at the view's upper left pixel."""

    def forward(self, x: Tensor) -> Tensor:
        level = x[:, 0, 0, 0]
        return torch.stack([level.log(), (1 - level).log()], dim=1)


def test_ten_crops_are_the_corners_the_centre_and_their_mirrors_averaged_as_probabilities() -> None:
    model = Classifier(Corners(), Card("corners", ("a", "b"), 56, "none")).eval()
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 0.9 + 0.05
    top, left = [0, 0, 8, 8, 4], [0, 8, 0, 8, 4]  # 56 * 256 / 224 is 64: nothing is resized
    corners = [image[0, 0, r, c] for r, c in zip(top, left, strict=True)]
    corners += [image[0, 0, r, c + 55] for r, c in zip(top, left, strict=True)]
    expected = torch.stack(corners).mean()
    torch.testing.assert_close(Defended(model, create("tencrop"))(image).softmax(1)[0, 0], expected)


@pytest.mark.parametrize("name", defences.names())
def test_a_model_is_defended_by_its_name(name: str) -> None:
    plain, guarded = load_model(NAME), load_model(f"{NAME}&defence={name}")
    images = (torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 255).to(torch.uint8)
    with torch.no_grad():
        answer = guarded(images)
        assert answer.shape == (2, 4)
        assert answer.equal(guarded(images.float() / 255))
        assert not answer.equal(plain(images))
    assert guarded.card.name == f"{NAME}&defence={name}"
    assert guarded.card == card(f"{NAME}&defence={name}")
    assert guarded.card.intervention == f"untrained, {name}"
    assert guarded.card.recipe["defence"]["settings"] == create(name).settings
    assert not guarded.training


def test_every_defence_and_setting_has_a_fingerprint_of_its_own() -> None:
    model = load_model(NAME)
    guarded = [Defended(model, create(name)) for name in defences.names()]
    guarded.append(Defended(model, create("clahe", clip=3.0)))
    assert len({model.fingerprint(), *(each.fingerprint() for each in guarded)}) == 5
    assert guarded[0].fingerprint() == load_model(f"{NAME}&defence={defences.names()[0]}").fingerprint()


@pytest.mark.parametrize("name", ["clahe", "nlm"])
def test_an_attack_needs_gradients_and_the_error_says_what_to_do(name: str) -> None:
    guarded, plain = load_model(f"{NAME}&defence={name}"), load_model(NAME)
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 1])
    with pytest.raises(ModelError, match=f"The defence {name} has no gradient: craft .*surrogate="):
        attacks.attack(guarded, images, labels, "fgsm")
    result = attacks.attack(guarded, images, labels, "fgsm", surrogate=plain)
    assert (result.images - images).abs().max() > 0.03


def test_gradients_pass_through_the_ten_crops() -> None:
    guarded = load_model(f"{NAME}&defence=tencrop")
    x = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    (gradient,) = torch.autograd.grad(F.cross_entropy(guarded(x), torch.tensor([1])), x)
    assert (gradient != 0).float().mean() > 0.99


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="clahe"):
        load_model(f"{NAME}&defence=clahee")
    with pytest.raises(UnknownNameError, match="setting of clahe"):
        create("clahe", clips=2)
    with pytest.raises(InvalidArgumentError, match="clip of clahe is a number of more than 0 and at most 1000, not 0"):
        create("clahe", clip=0)
    with pytest.raises(InvalidArgumentError, match="strength of nlm"):
        create("nlm", strength=float("nan"))
