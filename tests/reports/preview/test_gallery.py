"""Looking at one image: which cells a corruption has, that they are what is scored, and what is counted about them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import robustcore as rc
from robustcore.calls import Variable
from robustcore.datasets.photographs import photograph
from robustcore.models import Card, Classifier
from robustcore.reports.preview import gallery


@pytest.mark.parametrize("name", rc.corruptions.names())
def test_every_corruption_has_cells(name: str) -> None:
    corruption = rc.corruptions.get(name)
    cells = gallery.cells(name, seed=7)
    assert len({cell.key for cell in cells}) == len(cells)
    assert len({cell.caption for cell in cells}) == len(cells)
    if corruption.severities:
        assert [cell.severity for cell in cells] == [1, 2, 3, 4, 5]
        assert {cell.seed for cell in cells} == {7}
    else:
        assert [cell.seed for cell in cells] == ([7] if corruption.deterministic else [7, 8, 9, 10, 11])


def test_a_cell_is_the_image_that_a_batch_would_hold() -> None:
    item = photograph("china", 64)
    cells = [*gallery.cells("shot_noise", seed=3), *gallery.cells("laugros_rotation")]
    made = gallery.corrupted(item, cells)
    assert made.shape == (10, 3, 64, 64)
    image = item.image
    batch = torch.stack([torch.zeros_like(image), image])
    assert torch.equal(made[1], rc.corrupt(batch, "shot_noise", 2, seed=3, ids=[0, item.id])[1])
    assert torch.equal(
        gallery.corrupted(item, cells, "jpeg85")[1],
        rc.corrupt(batch, "shot_noise", 2, seed=3, ids=[0, item.id], storage="jpeg85")[1],
    )


def test_a_strength_of_its_own() -> None:
    item = photograph("flower", 64)
    cell = gallery.GalleryImage("laugros_contrast", 3, None, 0.5, 0)
    call = cell.call(Variable("image", item.image), Variable("image_id", item.id))
    assert call.text() == "rc.corrupt(image, 'laugros_contrast', strength=0.5, seed=0, ids=[image_id])"
    assert cell.caption == "strength 0.5"
    wanted = rc.corrupt(item.image, "laugros_contrast", strength=0.5, ids=[item.id])
    assert torch.equal(gallery.corrupted(item, [cell])[0], wanted)


def test_no_cells_are_no_images() -> None:
    assert gallery.corrupted(photograph("china", 64), []).shape == (0, 3, 64, 64)


class ByRed(torch.nn.Module):
    """Seven classes; the redder the image, the more it is class 6."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.arange(7.0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 4 * x[:, 0].mean((1, 2))[:, None] * self.scale


@pytest.fixture
def model() -> Classifier:
    return Classifier(ByRed(), Card("by-red", tuple("abcdefg"), 32, "colours")).eval()


def test_answers_are_the_five_most_probable_classes(model: Classifier) -> None:
    images = torch.zeros(2, 3, 32, 32, dtype=torch.uint8)
    images[1, 0] = 255
    answered = gallery.answers(model, images)
    assert answered.classes.shape == answered.probabilities.shape == (2, 5)
    assert answered.classes[1].tolist() == [6, 5, 4, 3, 2]
    assert answered.probabilities[0].tolist() == pytest.approx([1 / 7] * 5)
    expected = torch.softmax(4 * torch.arange(7.0), 0)
    assert answered.probabilities[1].tolist() == pytest.approx(expected.flip(0)[:5].tolist(), rel=1e-5)
    assert len(gallery.Answers.joined([answered, answered[[1]]])) == 3


def answered(*classes: int) -> gallery.Answers:
    return gallery.Answers(np.array([[c] for c in classes]), np.ones((len(classes), 1), np.float32))


def test_verdict_counts_against_the_label() -> None:
    cells = [*gallery.cells("fog")[:2], *gallery.cells("snow")[:2]]
    result = gallery.verdict(cells, answered(1, 0, 2, 2), answered(1), right={1})
    assert (result.total, result.wrong, result.worst, result.worst_wrong, result.clean_wrong) == (
        4,
        3,
        ("snow",),
        2,
        False,
    )
    assert gallery.verdict(cells, answered(1, 1, 1, 1), answered(0), right={1}) == gallery.Verdict(4, 0, (), 0, True)


def test_without_a_label_the_clean_answer_counts() -> None:
    cells = gallery.cells("fog")[:2]
    result = gallery.verdict(cells, answered(3, 4), answered(3), right=())
    assert (result.wrong, result.clean_wrong) == (1, False)
