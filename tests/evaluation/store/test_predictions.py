"""Compact predictions: what is kept, what is counted, and that the serial form gives it back."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from robustcore.errors import StoreError
from robustcore.evaluation.store.predictions import Predictions

LOGITS = torch.tensor([[1.0, 3.0, 2.0, 0.0, -1.0, 5.0, 4.0], [9.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]])


def of(logits: torch.Tensor, labels: list[int]) -> Predictions:
    return Predictions.of(logits, torch.tensor(labels), torch.arange(len(labels)) + (1 << 40))


def test_the_best_five_stand_first_and_ties_in_the_order_of_the_classes() -> None:
    result = of(LOGITS, [5, 1])
    assert result.classes.tolist() == [[5, 6, 1, 2, 0], [0, 1, 2, 3, 4]]
    assert result.logits is not None
    assert result.logits[0].tolist() == [5, 4, 3, 2, 1]


def test_what_is_kept_of_the_other_logits() -> None:
    result = of(LOGITS, [5, 1])
    assert result.log_sum_exp is not None
    assert result.mean_logit is not None
    assert result.log_sum_exp[0] == pytest.approx(math.log(sum(math.exp(v) for v in LOGITS[0].tolist())))
    assert result.mean_logit[0] == pytest.approx(2.0)


def test_counts_by_hand() -> None:
    counts = of(LOGITS, [5, 1]).counts()
    assert (counts.n, counts.answers, counts.correct, counts.top5) == (2, 2, 1, 2)
    softmax = [math.exp(5) / sum(math.exp(v) for v in LOGITS[0].tolist()), math.exp(9) / (math.exp(9) + 6)]
    assert counts.confidence == pytest.approx(sum(softmax))


def test_a_model_with_few_classes_has_empty_places() -> None:
    result = of(torch.tensor([[1.0, 2.0, 3.0]]), [0])
    assert result.classes.tolist() == [[2, 1, 0, -1, -1]]
    assert result.logits is not None
    assert result.logits[0, 3:].tolist() == [-math.inf, -math.inf]
    assert result.counts().top5 == 1


def test_frames_are_counted_one_by_one() -> None:
    logits = torch.zeros(2, 3, 7)  # two videos of three frames
    logits[0, :, 4] = 1
    logits[1, 0, 4] = 1
    counts = of(logits, [4, 4]).counts()
    assert (counts.n, counts.answers, counts.correct) == (2, 6, 4)


@pytest.mark.parametrize("frames", [(), (3,)], ids=["images", "videos"])
def test_the_serial_form_gives_everything_back(frames: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    inputs = Predictions.of(
        torch.randn(50, *frames, 1000),
        torch.randint(1000, (50,)),
        torch.randint(1 << 62, (50,)),
        {"l2": torch.rand(50)},
    )
    result = Predictions.from_bytes(inputs.to_bytes())
    for name in ("ids", "labels", "classes", "logits", "log_sum_exp", "mean_logit"):
        one, two = getattr(inputs, name), getattr(result, name)
        assert one.dtype == two.dtype
        np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(inputs.values["l2"], result.values["l2"])
    assert result.counts() == inputs.counts()


def test_equal_predictions_have_equal_bytes_and_few_of_them() -> None:
    torch.manual_seed(0)
    logits, labels, ids = torch.randn(256, 12), torch.randint(12, (256,)), torch.arange(256)
    data = Predictions.of(logits, labels, ids).to_bytes()
    assert data == Predictions.of(logits.clone(), labels, ids).to_bytes()
    assert len(data) < 45 * 256  # what the price tag counts with


def test_the_shipped_form_holds_the_label_and_one_class() -> None:
    whole = of(LOGITS, [5, 1])
    result = Predictions.from_bytes(whole.compact().to_bytes())
    assert result.classes.tolist() == [[5], [0]]
    counts = result.counts()
    assert (counts.correct, counts.top5, counts.confidence) == (1, None, None)


def test_parts_are_joined_and_cut() -> None:
    whole = of(LOGITS, [5, 1])
    joined = Predictions.concatenate([whole.prefix(1), whole])
    assert joined.labels.tolist() == [5, 5, 1]
    assert joined.prefix(2).counts().correct == 2
    mixed = Predictions.concatenate([whole, whole.compact()])
    assert mixed.logits is None
    assert mixed.counts().correct == 2


@pytest.mark.parametrize("damage", ["cut", "flipped", "foreign"])
def test_damage_is_an_error_and_never_other_numbers(damage: str) -> None:
    data = of(LOGITS, [5, 1]).to_bytes()
    broken = {"cut": data[:-5], "flipped": data[:-9] + bytes([data[-9] ^ 255]) + data[-8:], "foreign": b"PK\3\4" + data}
    with pytest.raises(StoreError, match="damaged"):
        Predictions.from_bytes(broken[damage])
