"""What every model promises, over all that load without a network, and over both networks of ours."""

from __future__ import annotations

import pytest
import torch

from robustcore.models import card, load_model, names

OURS = ["scenes/resnet?weights=none&classes=12", "scenes/vgg?weights=none&classes=12"]
NAMES = [name for name in names(offline=True) if not name.startswith("torchvision/")] + OURS


@pytest.mark.parametrize("name", NAMES)
class TestModel:
    def test_it_is_a_function_of_each_image_alone(self, name: str) -> None:
        model = load_model(name)
        images = torch.randint(0, 256, (3, 3, model.card.side, model.card.side), dtype=torch.uint8)
        with torch.inference_mode():
            together, alone = model(images), torch.cat([model(image[None]) for image in images])
        assert together.shape == (3, len(model.card.classes))
        assert together.dtype == torch.float32
        assert together.isfinite().all()
        torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-4)

    def test_it_is_in_evaluation_mode_and_repeatable(self, name: str) -> None:
        first, second = load_model(name), load_model(name)
        assert not any(module.training for module in first.modules())
        assert first.fingerprint() == second.fingerprint()
        assert len(first.fingerprint()) == 64

    def test_its_card_is_read_without_its_weights(self, name: str) -> None:
        model = load_model(name)
        assert card(name) == model.card
        assert model.card.name == name
        assert model.card.architecture
        assert len(set(model.card.classes)) == len(model.card.classes) >= 2

    def test_it_takes_images_of_other_sizes(self, name: str) -> None:
        model = load_model(name)
        with torch.inference_mode():
            assert model(torch.rand(1, 3, 100, 70)).shape == (1, len(model.card.classes))

    def test_gradients_reach_the_pixels(self, name: str) -> None:
        model = load_model(name)
        x = torch.rand(1, 3, model.card.side, model.card.side, requires_grad=True)
        (gradient,) = torch.autograd.grad(model(x)[0, 0], x)
        assert gradient.abs().max() > 0
