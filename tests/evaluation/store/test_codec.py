"""The packed form of predictions with one class an image: everything comes back, in few bytes, and damage is seen."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from robustcore.errors import StoreError
from robustcore.evaluation.store import codec
from robustcore.evaluation.store.predictions import Predictions


def drawn(classes: int, n: int = 256, *, frames: tuple[int, ...] = (), right: float = 0.8) -> Predictions:
    """Whole predictions of which that share are right."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(classes, (n,), generator=generator)
    logits = torch.randn(n, *frames, classes, generator=generator)
    boost = 10 * (torch.rand(n, *frames, generator=generator) < right)
    logits += boost[..., None] * torch.nn.functional.one_hot(labels, classes).view(n, *[1] * len(frames), classes)
    return Predictions.of(logits, labels, torch.arange(n))


def same(one: Predictions, two: Predictions) -> bool:
    """Whether all fields are equal, bit by bit and in the same types."""
    for name in ("ids", "labels", "classes", "logits", "log_sum_exp", "mean_logit"):
        a, b = getattr(one, name), getattr(two, name)
        if a is None or b is None:
            if a is not b:
                return False
        elif (a.dtype, a.shape) != (b.dtype, b.shape) or (a != b).any():
            return False
    return one.values.keys() == two.values.keys()


@pytest.mark.parametrize("scores", [False, True])
@pytest.mark.parametrize("frames", [(), (1,), (31,)], ids=["images", "one frame", "videos"])
@pytest.mark.parametrize("classes", [2, 12, 256, 257, 1000])
def test_everything_comes_back(classes: int, frames: tuple[int, ...], scores: bool) -> None:
    inputs = drawn(classes, 50, frames=frames).compact(scores=scores)
    encoded = codec.encode(inputs)
    assert encoded.labels
    assert same(codec.decode(encoded.data, encoded.labels), inputs)
    assert same(codec.decode_answers([(encoded.data, encoded.labels)])[0], inputs.compact())


def test_labels_need_not_be_classes_and_classes_none_of_the_labels() -> None:
    inputs = dataclasses.replace(drawn(12).compact(), labels=np.full(256, -1, np.int32))
    encoded = codec.encode(inputs)
    assert same(codec.decode(encoded.data, encoded.labels), inputs)
    inputs = Predictions(None, np.full(3, 300, np.int32), np.zeros((3, 1), np.int32))
    encoded = codec.encode(inputs)
    assert same(codec.decode(encoded.data, encoded.labels), inputs)


@pytest.mark.parametrize("what", ["whole", "values", "empty", "no class", "many classes"])
def test_what_has_no_place_in_it_is_kept_in_the_serial_form(what: str) -> None:
    short = drawn(12).compact()
    inputs = {
        "whole": drawn(12),
        "values": dataclasses.replace(short, values={"l2": np.ones(256, np.float32)}),
        "empty": short.prefix(0),
        "no class": dataclasses.replace(short, classes=short.classes - 1),
        "many classes": dataclasses.replace(short, classes=short.classes + (1 << 16)),
    }[what]
    encoded = codec.encode(inputs)
    assert (encoded.data, encoded.labels) == (inputs.to_bytes(), b"")
    assert same(codec.decode(encoded.data, b""), Predictions.from_bytes(inputs.to_bytes()))
    assert len(codec.decode_answers([(encoded.data, None)])[0]) == len(inputs)


def test_equal_predictions_have_equal_bytes_and_models_the_same_labels() -> None:
    one = codec.encode(drawn(12).compact())
    assert one == codec.encode(drawn(12).compact())
    other = codec.encode(drawn(12, right=0.3).compact())
    assert other.labels == one.labels
    assert other.data != one.data


@pytest.mark.parametrize(("right", "size"), [(0.0, 150), (0.5, 95), (0.9, 56), (1.0, 20)])
def test_it_is_small(right: float, size: int) -> None:
    """256 answers of 12 classes: at most a bit each, and half a byte for each wrong one."""
    inputs = drawn(12, right=right).compact()
    assert len(codec.encode(inputs).data) < size
    assert len(inputs.to_bytes()) > 2 * size
    assert len(codec.encode(drawn(12, right=right).compact(scores=True)).data) < size + 7 * 256


@pytest.mark.parametrize("right", [0.0, 0.01, 0.5, 0.99, 1.0])
@pytest.mark.parametrize("n", [1, 7, 240, 256])
def test_steps_come_back_in_either_coding(n: int, right: float) -> None:
    for classes in (2, 3, 4, 12, 17, 256, 1000, 1 << 16):
        generator = np.random.default_rng(n)
        labels = generator.integers(classes, size=n, dtype=np.int32)
        answers = np.where(generator.random(n) < right, labels, generator.integers(classes, size=n, dtype=np.int32))
        inputs = Predictions(None, labels, answers[:, None])
        encoded = codec.encode(inputs)
        assert same(codec.decode(encoded.data, encoded.labels), inputs)


def test_many_units_are_decoded_together_as_alone() -> None:
    inputs = [
        drawn(classes, n, frames=frames, right=right)
        for classes in (2, 12, 1000)
        for n in (7, 256)
        for frames in ((), (3,))
        for right in (0.0, 0.6, 1.0)
    ]
    encoded = [codec.encode(each.compact(scores=i % 2 == 0)) for i, each in enumerate(inputs)]
    encoded.insert(3, codec.encode(inputs[0]))
    read = codec.decode_answers([(each.data, each.labels or None) for each in encoded])
    wanted = [each.compact() for each in inputs]
    wanted.insert(3, wanted[0])
    assert all(np.array_equal(a.classes[..., 0], b.classes[..., 0]) for a, b in zip(read, wanted, strict=True))
    assert all(np.array_equal(a.labels, b.labels) for a, b in zip(read, wanted, strict=True))
    assert codec.decode_answers([]) == []


@pytest.mark.parametrize("damage", ["cut", "flipped", "foreign", "empty", "other labels", "no labels"])
def test_damage_is_an_error_and_never_other_numbers(damage: str) -> None:
    encoded = codec.encode(drawn(12).compact())
    data, labels = encoded.data, encoded.labels
    other = codec.encode(dataclasses.replace(drawn(12).compact(), labels=np.zeros(256, np.int32))).labels
    broken = {
        "cut": (data[:-5], labels),
        "flipped": (data[:30] + bytes([data[30] ^ 1]) + data[31:], labels),
        "foreign": (b"PK\3\4" + data, labels),
        "empty": (b"", labels),
        "other labels": (data, other),
        "no labels": (data, None),
    }[damage]
    with pytest.raises(StoreError, match="damaged"):
        codec.decode(*broken)
    with pytest.raises(StoreError, match="damaged"):
        codec.decode_answers([(data, labels), broken])
