"""Compact predictions: what is kept of a model's answer to each image, and their serial form.

The serial form is a header (magic, length, JSON with names, types and shapes), then one zlib stream with the arrays'
bytes, every array split into byte planes first, since the high bytes of neighbouring floats resemble each other.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore.errors import StoreError

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

TOP = 5
LABELLED = "labelled"  # among the further numbers of an image where not all have a label: 1 for one that has, else 0
_MAGIC = b"RCP1"
_FIELDS = ("ids", "labels", "classes", "logits", "log_sum_exp", "mean_logit")


@dataclasses.dataclass(frozen=True)
class Counts:
    """The sums of one unit that tables are made of.

    Attributes:
        n: images.
        answers: predictions, n times the number of frames.
        correct: predictions whose best class is the label.
        top5: predictions with the label among the best five; None where only one class is kept.
        confidence: sum of the greatest softmax probabilities; None where no logits are kept.
        values: sums over the images of further per-image numbers.
    """

    n: int
    answers: int
    correct: int
    top5: int | None
    confidence: float | None
    values: Mapping[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Predictions:
    """What is kept for n images; with a frame axis F for sequences.

    Attributes:
        ids: (n,) int64 image ids, or None in the shipped form.
        labels: (n,) int32, in the model's classes; -1 without a label. Of several right classes the one that was answered.
        classes: (n, [F,] k) int32, best first, -1 where the model has fewer classes; k is 5, or 1 in the shipped form.
        logits: (n, [F,] k) float32 of those classes, -inf where there are fewer; None in the shipped form but for clean
            images and those of unknown classes.
        log_sum_exp: (n, [F]) float32 over all logits; None where there are no logits.
        mean_logit: (n, [F]) float32 over all logits; None in the shipped form.
        values: name -> (n,) float32, further per-image numbers (an attack's success and norms, say).
    """

    ids: npt.NDArray[np.int64] | None
    labels: Ints
    classes: Ints
    logits: Floats | None = None
    log_sum_exp: Floats | None = None
    mean_logit: Floats | None = None
    values: Mapping[str, Floats] = dataclasses.field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def confidence(self) -> Floats | None:
        """(n, [F]) the softmax probability of the best class."""
        if self.logits is None or self.log_sum_exp is None:
            return None
        confidence: Floats = np.exp(self.logits[..., 0] - self.log_sum_exp)
        return confidence

    @property
    def judged(self) -> npt.NDArray[np.bool_]:
        """(m, [F]) whether the best class is the label, of the images that have one: what accuracy is the mean of."""
        labelled = self.labels >= 0
        return self.correct if labelled.all() else self.correct[labelled]

    @property
    def correct(self) -> npt.NDArray[np.bool_]:
        """(n, [F]) whether the best class is the label; not so for an image without one."""
        return np.asarray(self.classes[..., 0] == self._labels_over_frames())

    def _labels_over_frames(self) -> Ints:
        return self.labels.reshape(-1, *([1] * (self.classes.ndim - 2)))

    def counts(self) -> Counts:
        """The sums that a unit's row holds."""
        correct = self.correct
        top5 = None
        if self.classes.shape[-1] == TOP:
            labels = self._labels_over_frames()[..., None]
            top5 = int(((self.classes == labels) & (labels >= 0)).any(axis=-1).sum())
        confidence = self.confidence
        return Counts(
            n=len(self),
            answers=correct.size,
            correct=int(correct.sum()),
            top5=top5,
            confidence=None if confidence is None else float(confidence.sum(dtype=np.float64)),
            values={name: float(v.sum(dtype=np.float64)) for name, v in self.values.items()},
        )

    def judged_by(self, right: Mapping[int, tuple[int, ...]]) -> Predictions:
        """The same where several classes may be right: the label becomes the first of them among the answers.

        Args:
            right: label -> all classes that are right where it is, in the model's classes.
        """
        labels = self.labels.copy()
        first = self.classes.reshape(len(self), -1)[:, : self.classes.shape[-1]]  # of a sequence's first frame
        for place, label in enumerate(self.labels):
            answered = [answer for answer in first[place] if answer in right.get(int(label), ())]
            labels[place] = answered[0] if answered else label
        return dataclasses.replace(self, labels=labels)

    def prefix(self, n: int) -> Predictions:
        """The first n images."""
        return self.part(0, n)

    def part(self, start: int, stop: int) -> Predictions:
        """The images from `start` to before `stop`."""
        return self._map(lambda array: array[start:stop])

    def compact(self, *, scores: bool = False) -> Predictions:
        """The shipped form: the label and one predicted class per image; with `scores` also that class's logit and the
        log-sum-exp, which the anomaly scores are made of."""
        short = Predictions(None, self.labels, self.classes[..., :1])
        if not scores or self.logits is None:
            return short
        return dataclasses.replace(short, logits=self.logits[..., :1], log_sum_exp=self.log_sum_exp)

    def _map(self, function: Any) -> Predictions:
        fields: dict[str, Any] = {name: None if (a := getattr(self, name)) is None else function(a) for name in _FIELDS}
        return Predictions(**fields, values={name: function(v) for name, v in self.values.items()})

    @classmethod
    def concatenate(cls, parts: Sequence[Predictions]) -> Predictions:
        """Predictions of several parts, one after the other; a field that one of them lacks is left out."""
        fields: dict[str, Any] = {}
        for name in _FIELDS:
            arrays = [getattr(part, name) for part in parts]
            fields[name] = None if any(a is None for a in arrays) else arrays
        width = min(part.classes.shape[-1] for part in parts)
        fields["classes"] = [part.classes[..., :width] for part in parts]
        joined: dict[str, Any] = {
            name: arrays if arrays is None else np.concatenate(arrays) for name, arrays in fields.items()
        }
        shared = set.intersection(*(set(part.values) for part in parts))
        values = {name: np.concatenate([part.values[name] for part in parts]) for name in sorted(shared)}
        return cls(**joined, values=values)

    @classmethod
    def of(
        cls,
        logits: Tensor,
        labels: Tensor,
        ids: Tensor,
        values: Mapping[str, Tensor] | None = None,
        among: tuple[Tensor, Tensor] | None = None,
    ) -> Predictions:
        """From a model's logits (n, [F,] K), labels (n,) and ids (n,).

        Args:
            among: (m,) the classes that may be predicted, all others left out, and (m,) the class that each counts as.
        """
        logits = logits.to(torch.float32)
        if among is not None:
            logits = logits[..., among[0]]
        # A stable sort, so that equal logits are in the order of their classes on every device.
        best, classes = (part[..., :TOP] for part in logits.sort(dim=-1, descending=True, stable=True))
        if among is not None:
            classes = among[1][classes]
        missing = TOP - best.shape[-1]
        if missing:
            best = torch.nn.functional.pad(best, (0, missing), value=-torch.inf)
            classes = torch.nn.functional.pad(classes, (0, missing), value=-1)
        # One transfer from the device, not six.
        joined = torch.cat(
            [best, classes.to(torch.float32), logits.logsumexp(-1, keepdim=True), logits.mean(-1, keepdim=True)], dim=-1
        )
        host = joined.cpu().numpy()
        return cls(
            ids=ids.cpu().numpy().astype(np.int64),
            labels=labels.cpu().numpy().astype(np.int32),
            classes=host[..., TOP : 2 * TOP].astype(np.int32),
            logits=np.ascontiguousarray(host[..., :TOP]),
            log_sum_exp=np.ascontiguousarray(host[..., 2 * TOP]),
            mean_logit=np.ascontiguousarray(host[..., 2 * TOP + 1]),
            values={name: v.detach().to("cpu", torch.float32).numpy() for name, v in (values or {}).items()},
        )

    def to_bytes(self) -> bytes:
        """The serial form; equal predictions give equal bytes."""
        arrays = [(name, getattr(self, name)) for name in _FIELDS]
        arrays += [(f"values.{name}", v) for name, v in sorted(self.values.items())]
        header, planes = [], []
        for name, array in arrays:
            if array is None:
                continue
            stored = narrow(array)
            header.append([name, stored.dtype.str, list(stored.shape), array.dtype.str])
            planes.append(_split(stored))
        head = json.dumps(header, separators=(",", ":")).encode()
        return _MAGIC + struct.pack("<I", len(head)) + head + zlib.compress(b"".join(planes), 1)

    @classmethod
    def from_bytes(cls, data: bytes) -> Predictions:
        """The inverse of `to_bytes`; a `StoreError` for anything else."""
        with damage_as_store_error():
            header, body = _opened(data)
            fields: dict[str, Any] = {"ids": None}
            values: dict[str, Floats] = {}
            place = 0
            for name, stored, shape, wanted in header:
                array, place = _field(body, place, stored, shape, wanted)
                if name.startswith("values."):
                    values[name.removeprefix("values.")] = array
                else:
                    fields[name] = array
            if place != len(body):
                raise ValueError("they have bytes left over")
            return cls(**fields, values=values)

    @classmethod
    def answers_from_bytes(cls, data: bytes) -> Predictions:
        """Labels and best classes alone; the fields after them are not decompressed."""
        with damage_as_store_error():
            header, body = _opened(data, until="classes")
            fields: dict[str, Any] = {}
            place = 0
            for name, *form in header:
                fields[name], place = _field(body, place, *form)
                if name == "classes":
                    break
            return cls(None, fields["labels"], fields["classes"][..., :1])


@contextlib.contextmanager
def damage_as_store_error() -> Iterator[None]:
    """Turn the errors of damaged bytes into one `StoreError`."""
    try:
        yield
    except (ValueError, TypeError, KeyError, struct.error, zlib.error) as error:
        raise StoreError(
            f"Stored predictions are damaged ({error}). 'robustcore results verify' drops damaged units."
        ) from error


def _opened(data: bytes, until: str = "") -> tuple[list[Any], bytes]:
    """The header, and the arrays' bytes: all of them, or those up to the array `until` alone."""
    if data[:4] != _MAGIC:
        raise ValueError("they have no header of predictions")
    (length,) = struct.unpack("<I", data[4:8])
    header = json.loads(data[8 : 8 + length])
    if not until:
        return header, zlib.decompress(data[8 + length :])
    names = [name for name, *_ in header]
    wanted = sum(_size(stored, shape) for _, stored, shape, _ in header[: names.index(until) + 1])
    return header, zlib.decompressobj().decompress(data[8 + length :], wanted)


def _size(stored: str, shape: Sequence[int]) -> int:
    return np.dtype(stored).itemsize * math.prod(shape)


def _field(body: bytes, place: int, stored: str, shape: Sequence[int], wanted: str) -> tuple[Any, int]:
    """The array that begins at `place`, and where the next one does."""
    end = place + _size(stored, shape)
    return _join(body[place:end], np.dtype(stored), shape).astype(np.dtype(wanted), copy=False), end


def narrow(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Integers in the smallest type that holds them."""
    if array.dtype.kind != "i" or not array.size:
        return array
    low, high = int(array.min()), int(array.max())
    for dtype in (np.int8, np.int16, np.int32):
        if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
            return array.astype(dtype)
    return array


def _split(array: npt.NDArray[Any]) -> bytes:
    """The array's bytes, all first bytes of its values, then all second ones, and so on."""
    flat = np.ascontiguousarray(array).reshape(-1)
    return flat.view(np.uint8).reshape(-1, array.dtype.itemsize).T.tobytes()


def _join(data: bytes, dtype: np.dtype[Any], shape: Iterable[int]) -> npt.NDArray[Any]:
    planes = np.frombuffer(data, np.uint8).reshape(dtype.itemsize, -1)
    return np.ascontiguousarray(planes.T).reshape(-1).view(dtype).reshape(tuple(shape))
