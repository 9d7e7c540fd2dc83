"""The codec of predictions in a results file: one class per image takes a fifth of the bytes of the serial form.

numcodecs was measured against it on the shipped results (`python -m benchmarks codec`): 87 bytes a unit here; 311 with its best
compressor on the plain arrays, 103 with this codec's modelling of them (zstd 22), and 101 if each unit had the compressor
that suits it best. The shipped file would grow from 11.5 to 12.4 MB.

Labels are the same for every model and nearly every condition, so they are kept once, separately (`Encoded.labels`), and
predicted classes are kept as differences: the first class as (class - label) mod K, each further frame's as
(class - class of the frame before) mod K. Correct predictions are zeros, which cost about a bit.

In order, little-endian: CRC-32 of the labels and of all that follows; one byte 0x20, plus 1 with scores, 2 where K is more
than 256, 4 with frames, 8 with digits; K - 1 in one byte, or in two; with frames their number in two bytes; the differences;
with scores the logits, and the logits' bits exclusive-or the log-sum-exps'. Numbers are byte planes, the highest bytes
first, each a raw deflate stream of its own. Differences are such numbers, or, where it is shorter, a bit for each whether it
is zero and the others less one as digits of base K - 1, as many to a word of 64 bits as it holds. Anything else than one
class per image is kept in the serial form of `Predictions.to_bytes`, labels included.
"""

from __future__ import annotations

import dataclasses
import functools
import struct
import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from robustcore.evaluation.store.predictions import Ints, Predictions, damage_as_store_error, narrow

_FORM = 0x20
_SCORES, _WIDE, _FRAMES, _DIGITS = 1, 2, 4, 8


@dataclasses.dataclass(frozen=True)
class Encoded:
    """Predictions as a results file has them.

    Attributes:
        data: the compact form, or the serial one.
        labels: the labels that the compact form is relative to; b"" with the serial form, which has its own.
    """

    data: bytes
    labels: bytes = b""


def encode(predictions: Predictions) -> Encoded:
    """The smallest form that `decode` can read. Equal predictions give equal bytes."""
    if not _fits(predictions):
        return Encoded(predictions.to_bytes())
    labels = _encode_labels(predictions.labels)
    classes = predictions.classes.reshape(len(predictions), -1)  # (n, F)
    class_count = int(max(classes.max(), predictions.labels.max())) + 1
    steps = np.diff(classes, axis=1, prepend=predictions.labels[:, None]) % class_count
    steps = steps.T.reshape(-1)  # frame after frame: neighbours in time are more alike than neighbours in the data
    form = _FORM | _WIDE * (class_count > 1 << 8)
    body = struct.pack("<H" if form & _WIDE else "<B", class_count - 1)
    if predictions.classes.ndim > 2:
        form |= _FRAMES
        body += struct.pack("<H", classes.shape[1])
    planes, digits = _planes(steps.astype("<u2" if form & _WIDE else "<u1")), _digits(steps, class_count - 1)
    form |= _DIGITS * (len(digits) < len(planes))
    body += digits if form & _DIGITS else planes
    if predictions.logits is not None and predictions.log_sum_exp is not None:
        form |= _SCORES
        logits, sums = _bits(predictions.logits), _bits(predictions.log_sum_exp)
        body += _planes(logits) + _planes(logits ^ sums)
    body = bytes([form]) + body
    return Encoded(struct.pack("<I", zlib.crc32(body, zlib.crc32(labels))) + body, labels)


def decode(data: bytes, labels: bytes | None) -> Predictions:
    """The inverse of `encode`; a `StoreError` for anything else."""
    return _decode(data, labels, answers=False) if labels else Predictions.from_bytes(data)


def decode_answers(units: Sequence[tuple[bytes, bytes | None]]) -> list[Predictions]:
    """Labels and best classes alone of many (data, labels); the rest is not decompressed.

    Most units are digits relative to the same labels: those are decoded together, in a tenth of the time.
    """
    decoded: list[Predictions | None] = [None] * len(units)
    together: dict[tuple[bytes, int], list[tuple[int, bytes]]] = {}
    for place, (data, labels) in enumerate(units):
        if not labels:
            decoded[place] = Predictions.answers_from_bytes(data)
            continue
        with damage_as_store_error():
            header = _header(data, labels)
        if header.form & _DIGITS and not header.form & _FRAMES:
            together.setdefault((labels, header.class_count), []).append((place, data[header.end :]))
        else:
            decoded[place] = _decode(data, labels, answers=True)
    for (labels, class_count), members in together.items():
        with damage_as_store_error():
            true = _true(labels)
            steps = _from_digits([rest for _, rest in members], len(true), class_count - 1)
        for (place, _), classes in zip(members, (steps + true) % class_count, strict=True):
            decoded[place] = Predictions(None, true, classes[:, None])
    return [predictions for predictions in decoded if predictions is not None]


def _fits(predictions: Predictions) -> bool:
    """Whether the compact form can hold every field of these predictions."""
    classes, logits, sums = predictions.classes, predictions.logits, predictions.log_sum_exp
    if predictions.ids is not None or predictions.mean_logit is not None or predictions.values:
        return False
    if classes.shape[-1] != 1 or not 2 <= classes.ndim <= 3 or not classes.size or (logits is None) != (sums is None):
        return False
    if classes.ndim == 3 and classes.shape[1] >= 1 << 16:
        return False
    return bool(classes.min() >= 0 and max(classes.max(), predictions.labels.max()) < 1 << 16)


class _Header(NamedTuple):
    """What stands before the differences; `end` is where it ends."""

    form: int
    class_count: int
    frames: int
    end: int


def _header(data: bytes, labels: bytes) -> _Header:
    if len(data) < 6 or data[4] & ~15 != _FORM:
        raise ValueError("they have no header of predictions")
    if struct.unpack("<I", data[:4])[0] != zlib.crc32(data[4:], zlib.crc32(labels)):
        raise ValueError("their check sum does not agree")
    # What follows is what `encode` wrote, from here on.
    form, class_count, frames, end = data[4], data[5] + 1, 1, 6
    if form & _WIDE:
        class_count, end = class_count + (data[6] << 8), 7
    if form & _FRAMES:
        frames, end = struct.unpack("<H", data[end : end + 2])[0], end + 2
    return _Header(form, class_count, frames, end)


def _true(labels: bytes) -> Ints:
    """The labels that `_encode_labels` wrote."""
    return np.frombuffer(labels, f"<i{labels[0]}", offset=1).astype(np.int32)


def _decode(data: bytes, labels: bytes, *, answers: bool) -> Predictions:
    with damage_as_store_error():
        form, class_count, frames, end = _header(data, labels)
        true, rest = _true(labels), data[end:]
        n = len(true)
        if form & _DIGITS:
            steps = _from_digits([rest], n * frames, class_count - 1)
            zeros = int((steps == 0).sum())
            rest = rest[-(-n * frames // 8) + _digits_size(n * frames - zeros, class_count - 1) :]
        else:
            steps, rest = _from_planes(rest, n * frames, 2 if form & _WIDE else 1)
        classes = steps.astype(np.int32).reshape(frames, n)
        classes[0] += true
        classes = (classes.cumsum(axis=0, dtype=np.int32) if frames > 1 else classes) % class_count
        shape = (n, frames) if form & _FRAMES else (n,)
        predictions = Predictions(None, true, np.ascontiguousarray(classes.T).reshape(*shape, 1))
        if answers or not form & _SCORES:
            return predictions
        logits, rest = _from_planes(rest, n * frames, 4)
        sums, rest = _from_planes(rest, n * frames, 4)
        return dataclasses.replace(
            predictions,
            logits=logits.view(np.float32).reshape(*shape, 1),
            log_sum_exp=(logits ^ sums).view(np.float32).reshape(shape),
        )


def _encode_labels(labels: Ints) -> bytes:
    """One byte that says how many bytes a label has, and the labels."""
    small = narrow(labels)
    return bytes([small.dtype.itemsize]) + small.astype(small.dtype.newbyteorder("<")).tobytes()


def _bits(floats: npt.NDArray[np.float32]) -> npt.NDArray[np.uint32]:
    return np.ascontiguousarray(floats).reshape(-1).view(np.uint32)


def _planes(array: npt.NDArray[Any]) -> bytes:
    """The array's bytes, the highest ones of all its values first, each plane deflated."""
    flat = np.ascontiguousarray(array).reshape(-1)
    streams = b""
    for plane in flat.view(np.uint8).reshape(-1, flat.itemsize).T[::-1]:
        # So few bytes have no longer repeats: run lengths and frequencies are enough.
        stream = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_RLE)
        streams += stream.compress(plane.tobytes()) + stream.flush()
    return streams


def _from_planes(data: bytes, n: int, size: int) -> tuple[npt.NDArray[Any], bytes]:
    """n integers of so many bytes each, and the data after their planes."""
    planes = np.empty((size, n), np.uint8)
    for plane in planes:
        stream = zlib.decompressobj(-15)
        plane[:] = np.frombuffer(stream.decompress(data), np.uint8)
        data = stream.unused_data
    return np.ascontiguousarray(planes[::-1].T).reshape(-1).view(f"<u{size}"), data


def _digits(steps: npt.NDArray[Any], base: int) -> bytes:
    """A bit for each step whether it is zero, and the others, 1 .. base, as digits."""
    zero = steps == 0
    digits = steps[~zero].astype(np.uint64) - np.uint64(1)
    places = _places(base)
    words = np.pad(digits, (0, -len(digits) % len(places))).reshape(-1, len(places)) * places
    data: bytes = words.sum(axis=1, dtype=np.uint64).astype("<u8").tobytes()
    zeros: bytes = np.packbits(zero).tobytes()
    return zeros + data[: _digits_size(len(digits), base)]


def _from_digits(units: Sequence[bytes], n: int, base: int) -> Ints:
    """(units, n) the steps that several units begin with."""
    bits, places = -(-n // 8), _places(base)
    heads = np.frombuffer(b"".join([data[:bits] for data in units]), np.uint8).reshape(len(units), bits)
    zero = np.unpackbits(heads, axis=1, count=n).view(np.bool_)
    others = n - zero.sum(axis=1)
    ends = [bits + _digits_size(count, base) for count in others.tolist()]
    # Whole words: of a unit's last one only the bytes that are not zero are kept.
    parts = [data[bits:end] + bytes((bits - end) % 8) for data, end in zip(units, ends, strict=True)]
    digits = np.frombuffer(b"".join(parts), "<u8")[:, None] // places % np.uint64(max(base, 1))  # (words, places)
    lengths = np.array([len(part) for part in parts]) // 8 * len(places)  # digits that each unit has room for
    place = np.arange(digits.size) - np.repeat(lengths.cumsum() - lengths, lengths)
    steps = np.zeros((len(units), n), np.int32)
    steps[~zero] = digits.reshape(-1)[place < np.repeat(others, lengths)] + np.uint64(1)
    return steps


@functools.cache
def _digits_size(count: int, base: int) -> int:
    """The bytes of so many digits: whole words, and of the last one as many as its digits can fill."""
    words, rest = divmod(count, len(_places(base)))
    last = int(base**rest) - 1
    return 8 * words + (max(last, 0).bit_length() + 7) // 8


@functools.cache
def _places(base: int) -> npt.NDArray[np.uint64]:
    """1, base, base**2 and so on: what the digits of a word of 64 bits count."""
    places = 1
    while base > 1 and base ** (places + 1) <= 1 << 64:
        places += 1
    return np.array([base**place for place in range(places)], np.uint64)
