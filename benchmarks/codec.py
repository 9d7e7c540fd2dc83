"""The store's codec against numcodecs: bytes of a unit of the shipped results, and microseconds to write and read one.

Every 32nd unit of the shipped file is encoded by both. numcodecs gets each unit twice: as plain arrays (labels and
classes in one byte each, scores in four), and modelled as our codec does it (labels kept once for all units, classes as
their distance from them, log-sum-exps exclusive-or logits), each stream by each compressor at its highest level. "Best of
each unit" is the smallest of all of these, unit by unit. The six bytes of check sum and header that our codec
has are counted in for numcodecs too; the lengths of its streams and the choice of the compressor are not.
"""

from __future__ import annotations

import lzma
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from numcodecs import BZ2, LZMA, Blosc, Delta, PackBits, Shuffle, Zlib, Zstd

from robustcore.evaluation import demo
from robustcore.evaluation.store import codec
from robustcore.evaluation.store.predictions import Predictions
from robustcore.evaluation.store.store import Store

_EVERY = 32
_HEADER = 6  # bytes
Array = npt.NDArray[Any]
Stages = Sequence[Any]  # numcodecs codecs, applied one after the other

COMPRESSORS: dict[str, Callable[[int], Stages]] = {
    "zlib 9": lambda size: [Shuffle(size), Zlib(9)],
    "bz2 9": lambda size: [Shuffle(size), BZ2(9)],
    "lzma raw": lambda size: [
        Shuffle(size),
        LZMA(
            format=lzma.FORMAT_RAW,
            filters=[{"id": lzma.FILTER_LZMA1, "preset": 9, "lc": 0, "pb": 0, "dict_size": 1 << 16}],
        ),
    ],
    "zstd 22": lambda size: [Shuffle(size), Zstd(22)],
    "delta, zstd 22": lambda size: [Delta(f"<u{size}"), Shuffle(size), Zstd(22)],
    "blosc zstd 9, bitshuffle": lambda size: [Blosc("zstd", 9, Blosc.BITSHUFFLE)],
    "blosc zstd 9, shuffle": lambda size: [Blosc("zstd", 9, Blosc.SHUFFLE)],
    "blosc lz4hc 9, bitshuffle": lambda size: [Blosc("lz4hc", 9, Blosc.BITSHUFFLE)],
}


def plain(unit: Predictions) -> list[Array]:
    """A unit's arrays as they are, integers in the smallest type."""
    return [unit.labels.astype("<u1"), unit.classes.reshape(-1).astype("<u1"), *scores(unit, xor=False)]


def modelled(unit: Predictions) -> list[Array]:
    """A unit's arrays as our codec sees them: steps from the labels, and from frame to frame."""
    return [steps(unit), *scores(unit, xor=True)]


def split(unit: Predictions) -> list[Array]:
    """The same with the steps in two streams: a bit for each whether it is zero, and those that are not."""
    away = steps(unit)
    bits = np.frombuffer(PackBits().encode(away == 0), np.uint8)
    return [bits, away[away != 0], *scores(unit, xor=True)]


def steps(unit: Predictions) -> Array:
    """The classes of a unit as distances from the labels, each further frame's from the frame before."""
    classes = unit.classes.reshape(len(unit), -1)
    many = int(max(classes.max(), unit.labels.max())) + 1
    away = np.diff(classes, axis=1, prepend=unit.labels[:, None]) % many
    return away.T.reshape(-1).astype("<u1")


def scores(unit: Predictions, *, xor: bool) -> list[Array]:
    """A unit's logits and log-sum-exps as unsigned integers, if it has them."""
    if unit.logits is None or unit.log_sum_exp is None:
        return []
    logits, sums = (np.ascontiguousarray(a).reshape(-1).view("<u4") for a in (unit.logits, unit.log_sum_exp))
    return [logits, logits ^ sums if xor else sums]


def encode(streams: Sequence[Array], compressor: Callable[[int], Stages]) -> list[bytes]:
    """Every stream, compressed; one that compression would not shorten stays as it is."""
    results = []
    for stream in streams:
        data: Any = stream
        for stage in compressor(stream.itemsize):
            data = stage.encode(data)
        results.append(min(bytes(data), stream.tobytes(), key=len))
    return results


def decode(data: Sequence[bytes], streams: Sequence[Array], compressor: Callable[[int], Stages]) -> None:
    """Decompress what `encode` returned for these streams, and hold it against them."""
    for packed, stream in zip(data, streams, strict=True):
        if len(packed) < stream.nbytes:
            value: Any = packed
            for stage in reversed(compressor(stream.itemsize)):
                value = stage.decode(value)
            assert bytes(value) == stream.tobytes()


def units() -> list[Predictions]:
    """Every 32nd unit of the shipped results."""
    with Store(demo.path(), shipped=False) as store, store.layers()[0].open() as connection:
        rows = connection.execute(
            "SELECT predictions.data, labels.data FROM predictions LEFT JOIN labels ON labels.id = predictions.labels "
            "ORDER BY predictions.id"
        ).fetchall()
    return [codec.decode(*row) for row in rows[::_EVERY]]


def main() -> None:
    """Print the table."""
    sample = units()
    began = time.perf_counter()
    packed = [codec.encode(unit) for unit in sample]
    middle = time.perf_counter()
    for each in packed:
        codec.decode(each.data, each.labels)
    ended = time.perf_counter()
    ours = np.array([len(each.data) for each in packed])
    file = demo.path().stat().st_size / 1e6
    whole = ours.sum() * _EVERY / 1e6
    print(f"{len(sample)} units; the shipped file has {file:.2f} MB, about {whole:.2f} of them predictions.\n")
    print(f"{'codec':44} {'bytes a unit':>12} {'of ours':>8} {'file, MB':>9} {'write, us':>10} {'read, us':>9}")

    def line(name: str, sizes: Array, write: float, read: float) -> None:
        share = sizes.sum() / ours.sum()
        speeds = "".join(f"{1e6 * s / len(sample):{w}.0f}" if s else " " * w for s, w in ((write, 11), (read, 10)))
        print(f"{name:44} {sizes.mean():12.1f} {share:8.0%} {file + (share - 1) * whole:9.2f}{speeds}")

    line("store.codec", ours, middle - began, ended - middle)
    best = np.full(len(sample), 1 << 30)
    for form in (plain, modelled, split):
        streams = [form(unit) for unit in sample]
        for name, compressor in COMPRESSORS.items():
            began = time.perf_counter()
            data = [encode(each, compressor) for each in streams]
            middle = time.perf_counter()
            for some, each in zip(data, streams, strict=True):
                decode(some, each, compressor)
            ended = time.perf_counter()
            sizes = np.array([_HEADER + sum(map(len, some)) for some in data])
            best = np.minimum(best, sizes)
            line(f"numcodecs {name}, {form.__name__}", sizes, middle - began, ended - middle)
    line("numcodecs, best of each unit", best, 0, 0)
