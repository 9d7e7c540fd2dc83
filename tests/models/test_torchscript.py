"""TorchScript files: scripted, traced and frozen networks as models."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import robustcore as rc
from robustcore.errors import InvalidArgumentError, ModelError
from robustcore.images.preparation import Preparation
from robustcore.models.classifier import Card

CLASSES = rc.load_dataset("scenes").classes


def network(classes: int = 12) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(3, 8, 3, 2),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(32, classes),
        ).eval()


def write(module: nn.Module, path: Path, how: str = "scripted", **extra: str) -> Path:
    """A file of `torch.jit.save`, which torch calls deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        script = torch.jit.trace(module, torch.rand(1, 3, 64, 64)) if how == "traced" else torch.jit.script(module)  # type: ignore[no-untyped-call]
        if how == "frozen":
            script = torch.jit.freeze(script)
        torch.jit.save(script, str(path), _extra_files={k.replace("_", "."): v for k, v in extra.items()})
    return path


@pytest.mark.parametrize("how", ["scripted", "traced", "frozen"])
def test_answers_gradients_and_fingerprints(how: str, tmp_path: Path) -> None:
    path = write(network(), tmp_path / "net.pt", how)
    model = rc.load_model(f"{path}?side=64")
    images = torch.rand(2, 3, 64, 64, requires_grad=True)
    logits = model(images)
    torch.testing.assert_close(logits, network()(images))
    (gradient,) = torch.autograd.grad(logits.sum(), images)
    assert gradient.abs().sum() > 0
    assert (model.card.side, len(model.card.classes), model.card.architecture) == (64, 12, "torchscript")
    assert model.unreadable == ()
    assert rc.load_model(f"{path}?side=64").fingerprint() == model.fingerprint()
    other = network()
    with torch.no_grad():
        other[5].bias[3] += 1e-3
    assert rc.load_model(f"{write(other, path, how)}?side=64").fingerprint() != model.fingerprint()


@pytest.mark.slow
def test_a_fingerprint_is_that_of_another_process(tmp_path: Path) -> None:
    path = write(network(), tmp_path / "net.ts", "frozen")
    code = f"import robustcore as rc; print(rc.load_model('{path}?side=64').fingerprint())"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == rc.load_model(f"{path}?side=64").fingerprint()


@pytest.mark.parametrize("how", ["scripted", "frozen"])
def test_an_evaluation_with_attacks(how: str, tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("\n".join(CLASSES))
    path = write(network(), tmp_path / "net.pt", how)
    table = rc.evaluate(f"{path}?side=64&classes={names}", "scenes", ["gaussian_noise", "fgsm"], severities=3, limit=8)
    reference = rc.evaluate(network(), "scenes", ["gaussian_noise", "fgsm"], severities=3, limit=8, classes=CLASSES)
    assert list(table["accuracy"]) == list(reference["accuracy"])
    assert not table["accuracy"].isna().any()


def test_a_frozen_one_stays_on_the_cpu(tmp_path: Path) -> None:
    model = rc.load_model(f"{write(network(), tmp_path / 'net.pt', 'frozen')}?side=64")
    with pytest.raises(ModelError, match="frozen"):
        model.network(torch.empty(1, 3, 64, 64, device="meta"))


def test_classes_come_from_the_card_in_the_file(tmp_path: Path) -> None:
    card = Card("x", CLASSES, 64, "scenes", preparation=Preparation(64, 70))
    model = rc.load_model(write(network(), tmp_path / "net.pt", card_json=card.to_json()))
    assert (model.card.classes, model.card.side, model.card.preparation) == (CLASSES, 64, Preparation(64, 70))
    assert rc.load_model(write(network(1000), tmp_path / "big.pt")).card.classes[0] == "tench"
    with pytest.raises(ModelError, match="12 classes"):
        rc.load_model(f"{tmp_path / 'net.pt'}?classes=10")


Refused = Callable[[Path], str]


class ReadsFiles(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3)) + torch.from_file("/etc/hostname", False, 1, dtype=torch.uint8)


class Pair(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x.mean((2, 3)), x


@pytest.mark.parametrize(
    ("name", "part"),
    [
        (lambda p: write(ReadsFiles(), p / "a.pt"), "other files"),
        (lambda p: write(Pair(), p / "a.pt"), "logits"),
        (lambda p: write(nn.Flatten(2), p / "a.pt"), "logits"),
        (lambda p: write(nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 10)), p / "a.pt"), "side=32"),
        (lambda p: f"{write(network(), p / 'a.pt')}?architecture=torchvision/resnet18", "architecture"),
        (lambda p: write(network(), p / "a.pt", card_json="{"), "card"),
    ],
)
def test_what_is_refused_in_one_sentence(name: Refused, part: str, tmp_path: Path) -> None:
    with pytest.raises((ModelError, InvalidArgumentError), match=part):
        rc.load_model(name(tmp_path))


def test_a_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    path = write(network(), tmp_path / "net.pt")
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(20):
        place = int(rng.integers(len(whole)))
        path.write_bytes(whole[:place] + bytes(rng.integers(0, 256, 8, dtype=np.uint8)) + whole[place + 8 :])
        with contextlib.suppress(ModelError):
            rc.load_model(f"{path}?side=64")
