"""The doctor: a model that is read the wrong way is found out, with what to do; one that is read rightly is well."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from robustcore import notes
from robustcore.cli import main
from robustcore.datasets import ArrayDataset
from robustcore.models import Card, Classifier
from robustcore.reports import doctor

SIDE = 16


class Channel(nn.Module):
    """Answers with the channel that is the brightest, in a given order; wants pixels in a given range."""

    def __init__(self, order: Sequence[int] = (0, 1, 2), *, greatest: float = 1.0, softmax: bool = False) -> None:
        super().__init__()
        self.order, self.greatest, self.softmax = tuple(order), greatest, softmax

    def forward(self, x: Tensor) -> Tensor:
        levels = x.mean(dim=(2, 3))[:, list(self.order)] / self.greatest
        # Pixels that are too dark for it look all alike: the last class.
        logits = torch.where(levels > 0.2, levels, torch.zeros_like(levels)) * 9 + torch.tensor([0.0, 0.0, 0.1])
        return logits.softmax(dim=1) if self.softmax else logits


def colours(classes: Sequence[str] = ("red", "green", "blue"), count: int = 60) -> ArrayDataset:
    labels = np.arange(count) % 3
    images = np.full((count, SIDE, SIDE, 3), 20, np.uint8)
    images[np.arange(count), :, :, labels] = 200
    return ArrayDataset("colours", images, labels, tuple(classes))


def examined(
    network: nn.Module, data: ArrayDataset | None = None, classes: Sequence[str] = ("red", "green", "blue")
) -> doctor.Report:
    return doctor.examine(Classifier(network, Card("mine", tuple(classes), SIDE, "mine")), data or colours())


def readings(report: doctor.Report) -> dict[str, float]:
    return {reading.name: reading.accuracy for reading in report.readings}


def test_a_model_that_is_read_rightly_is_well() -> None:
    report = examined(Channel())
    assert report.is_well
    assert report.readings[0].accuracy == 1
    assert [answer.answer for answer in report.overview.answers] == [answer.label for answer in report.overview.answers]


@pytest.mark.parametrize(
    ("network", "reading"),
    [(Channel((2, 1, 0)), "channels in BGR order"), (Channel(greatest=255.0), "pixels in 0 .. 255")],
    ids=["BGR", "255"],
)
def test_pixels_that_are_read_otherwise(network: nn.Module, reading: str) -> None:
    report = examined(network)
    assert report.readings[0].accuracy <= 1 / 3
    assert readings(report)[reading] == 1
    assert report.readings[1].name == reading  # the best of the others
    assert "reads_better" in notes.kinds(report.notes)


def test_classes_in_the_order_of_numbers_or_of_texts() -> None:
    # Folders 1, 2 and 10: as texts 1, 10, 2. The model was trained on them as ImageFolder counts them.
    data = colours(("1", "10", "2"))
    report = examined(Channel((0, 2, 1)), data, ("a", "b", "c"))
    # Robustcore itself refuses: numbers are no names of a, b and c.
    assert notes.kinds(report.notes) == ["classes_do_not_match", "reads_better"]
    assert dict(report.notes[1].fields)["reading"] == "the folders in the order of their numbers"
    assert readings(report)["the folders in the order of their numbers"] == 1


def test_probabilities_are_named_and_guessing_is_called_guessing() -> None:
    assert notes.kinds(examined(Channel(softmax=True)).notes) == ["answers_are_probabilities"]

    class Constant(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.tensor([[2.0, -1.0, 0.0]]).expand(len(x), 3)

    assert notes.kinds(examined(Constant()).notes) == ["near_chance"]


def test_the_command_says_it_in_a_few_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--model", "scenes/resnet-standard", "--dataset", "scenes", "--images", "40"]) == 0
    out = capsys.readouterr().out
    assert "12: star, heart" in out
    assert "channels in BGR order" in out
