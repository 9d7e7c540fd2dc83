"""Networks of one's own: handed over as they are, or made by a function of a .py file."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import robustcore as rc
from robustcore import cli, plugins
from robustcore.errors import InvalidArgumentError, ModelError
from robustcore.models import Classifier, load_model, wrapping

MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.3, 0.4)
NAMES = load_model("scenes/resnet-standard").card.classes


class Small(nn.Module):
    """A network of twelve classes."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.head = nn.Linear(3, 12)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(x.mean((2, 3)))
        return logits


@pytest.fixture
def factory(tmp_path: Path) -> str:
    """The file of a function that makes a network."""
    (tmp_path / "net.py").write_text(
        "import os\nimport torch\n\n\ndef make():\n    torch.manual_seed(0)\n"
        "    return torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(3, 12))\n\n\n"
        "def broken():\n    raise ValueError('no weights here')\n\n\ndef nothing():\n    return 3\n"
    )
    return str(tmp_path / "net.py")


def test_a_plain_network_is_evaluated_with_its_classes_and_normalisation(tmp_path: Path) -> None:
    network, store = Small().eval(), tmp_path / "r.sqlite"
    frame = rc.evaluate(
        network, "scenes", "clean", limit=32, store=store, device="cpu", classes=NAMES, mean=MEAN, std=STD
    )
    images = rc.load_dataset("scenes", limit=32)
    pixels = torch.stack([images[place][0] for place in range(32)]).float() / 255
    with torch.inference_mode():
        answers = network((pixels - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)).argmax(1)
    assert frame["model"].item() == "Small"
    assert frame["accuracy"].item() == pytest.approx(float((answers == torch.as_tensor(images.labels)).float().mean()))
    with pytest.raises(InvalidArgumentError, match="classes="):
        rc.evaluate(network, "scenes", "clean", store=store)


def test_a_plain_network_is_attacked_with_its_normalisation() -> None:
    network, images = Small().eval(), torch.rand(3, 3, 8, 8)
    classifier = wrapping.classifier(network, NAMES, 8, mean=MEAN, std=STD)
    wanted = rc.attack(classifier, images, [0, 1, 2], "fgsm", eps=0.1)
    result = rc.attack(network, images, list(NAMES[:3]), "fgsm", eps=0.1, classes=NAMES, mean=MEAN, std=STD)
    assert torch.equal(result.images, wanted.images)
    assert torch.allclose(result.logits, wanted.logits)
    with pytest.raises(InvalidArgumentError, match="std"):
        rc.attack(network, images, [0, 1, 2], std=(1, 0, 1))
    with pytest.raises(InvalidArgumentError, match="card"):
        rc.attack(classifier, images, [0, 1, 2], mean=MEAN)


@pytest.mark.parametrize(("classes", "count"), [(10, 10), ("imagenet", 1000), (["a", "b"], 2)])
def test_classes_are_a_number_names_or_imagenets(classes: wrapping.Classes, count: int) -> None:
    assert len(wrapping.classifier(Small(), classes, 32).card.classes) == count


def test_a_name_alone_loads_no_code(factory: str) -> None:
    with pytest.raises(ModelError, match="--plugin"):
        load_model(f"{factory}:make?classes=12")


def test_a_function_of_a_plugin_makes_a_model(factory: str) -> None:
    plugins.load(factory, remember=False)
    try:
        model = load_model(f"{factory}:make?classes=12&side=64&mean=0.5,0.5,0.5")
        assert isinstance(model, Classifier)
        assert model.plugin
        assert model.card.side == 64
        assert model(torch.rand(2, 3, 64, 64)).shape == (2, 12)
        for name, why in (
            ("make", "classes"),
            ("broken?classes=2", "no weights here"),
            ("nothing?classes=2", "int"),
            ("os?classes=2", "of its own"),
            ("gone?classes=2", "of its own"),
        ):
            with pytest.raises(ModelError, match=why):
                load_model(f"{factory}:{name}")
    finally:
        plugins.unload(factory)


def test_the_command_line_may_name_code(
    factory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ROBUSTCORE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv(plugins.VARIABLE, "")
    (tmp_path / "names.txt").write_text("\n".join(NAMES))
    model = f"mine={factory}:make?classes={tmp_path / 'names.txt'}&side=64"
    try:
        flags = ["--suite", "clean", "--limit", "4", "--device", "cpu", "--format", "csv"]
        assert cli.main(["evaluate", "--model", model, *flags]) == 0
    finally:
        plugins.unload(factory)
    assert "\nmine," in capsys.readouterr().out
