"""Random numbers as a function of (seed, operation, severity, image id, draw) and of nothing else.

A number does not depend on the other images in the batch, on their order, on the number of processes or on earlier
draws in the program. The generator is counter-based: SplitMix64 with an odd increment for each stream
(Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators"), written in 64-bit integer operations, which
are exact on every device: tensor operations in general, and on the CPU the same ones in NumPy, whose unsigned shifts
save half of the passes. CPU and CUDA give the same integers and uniforms; normal and Beta draws agree up to the last
bits of the transcendental functions.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore import arguments, devices
from robustcore.errors import InvalidArgumentError

Words = npt.NDArray[np.uint64]

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB
_RESOLUTION = 1 << 24  # uniforms are multiples of 2**-24: every one of them is exact in float32
_BLOCK = 1 << 15  # words that the CPU generates at a time: they and their scratch space fit a core's own cache
_FEW = 8  # images whose keys Python mixes faster than tensor operations do
_MAX_ROUNDS = 64  # of rejection; the chance that a Gamma draw needs more is below 1e-70


def stable_hash(text: str) -> int:
    """A 63-bit hash of a text that is the same in every process, on every machine and in every version."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def _signed(value: int) -> int:
    """A 64-bit pattern as a signed integer, the form that int64 tensors accept."""
    value &= _MASK
    return value - (1 << 64) if value >> 63 else value


def _mix(z: Tensor) -> Tensor:
    """The SplitMix64 finaliser of int64. The masks make torch's arithmetic shifts logical."""
    z ^= (z >> 30).bitwise_and_((1 << 34) - 1)
    z *= _signed(_MIX_1)
    z ^= (z >> 27).bitwise_and_((1 << 37) - 1)
    z *= _signed(_MIX_2)
    z ^= (z >> 31).bitwise_and_((1 << 33) - 1)
    return z


def _mix_numpy(z: Words, scratch: Words) -> None:
    """The same finaliser, in place."""
    for shift, factor in ((30, _MIX_1), (27, _MIX_2)):
        np.right_shift(z, np.uint64(shift), out=scratch)
        np.bitwise_xor(z, scratch, out=z)
        np.multiply(z, np.uint64(factor), out=z)
    np.right_shift(z, np.uint64(31), out=scratch)
    np.bitwise_xor(z, scratch, out=z)


_COUNTER = np.arange(1, _BLOCK + 1, dtype=np.uint64)


def _word_blocks(key: Tensor, gamma: Tensor, count: int) -> Iterator[tuple[slice, slice, Words]]:
    """(rows, columns, words) of parts of the (N, count) mixed values of key + gamma * (1 .. count), on the CPU. The words stay as they
    are until the next part: what is made of them meanwhile is made in a core's own cache."""
    keys, gammas = (t.numpy().view(np.uint64)[:, None] for t in (key, gamma))
    if not count:
        return
    columns = min(count, _BLOCK)
    rows = max(1, _BLOCK // columns)
    first, words, scratch = (np.empty((min(rows, len(keys)), columns), dtype=np.uint64) for _ in range(3))
    for top in range(0, len(keys), rows):
        some = keys[top : top + rows]
        start = first[: len(some)]
        np.multiply(_COUNTER[:columns], gammas[top : top + rows], out=start)
        np.add(start, some, out=start)
        for left in range(0, count, columns):
            right = min(left + columns, count)
            block, free = (a[: len(some), : right - left] for a in (words, scratch))
            np.add(start[:, : right - left], gammas[top : top + rows] * np.uint64(left), out=block)
            _mix_numpy(block, free)
            yield slice(top, top + len(some)), slice(left, right), block


def _mix_int(z: int) -> int:
    z &= _MASK
    z = ((z ^ (z >> 30)) * _MIX_1) & _MASK
    z = ((z ^ (z >> 27)) * _MIX_2) & _MASK
    return z ^ (z >> 31)


def _few(ids: Tensor) -> bool:
    return len(ids) <= _FEW and ids.device.type == "cpu"


def _integers(patterns: Iterable[int]) -> Tensor:
    """64-bit patterns as int64 on the CPU."""
    return torch.from_numpy(np.array(list(patterns), dtype=np.uint64).view(np.int64))


@functools.lru_cache(maxsize=256)
def _state(seed: int, operation: str, severity: int, epoch: int, view: int) -> int:
    """What all images of a batch have in common."""
    state = 0
    for part in (seed, stable_hash(operation), severity, epoch, view):
        state = _mix_int(state + _GOLDEN + part)
    return state


class Draws:
    """The random numbers of one operation on a batch of images.

    Every call takes the next draw; the first axis of every result is the batch. Two `Draws` made from equal arguments
    give equal numbers, call for call.

    Args:
        seed: the run's seed, 0 .. 2**63 - 1.
        operation: the operation's registered name.
        ids: (N,) image ids, 0 .. 2**63 - 1; a tensor or a sequence of int.
        severity: 1..5, or 0 for operations whose strength is left out of the key, so that a strength slider moves the
            strength and not the noise.
        epoch, view: training adds them, so that an epoch's noise is new.
        device: where the numbers are; by default the device of `ids` if that is a tensor. They are generated there, or on the
            CPU for a device without 64-bit arithmetic.

    >>> Draws(0, "gaussian_noise", [7, 8, 9]).normal(3, 64, 64).shape
    torch.Size([3, 3, 64, 64])
    """

    def __init__(
        self,
        seed: int,
        operation: str,
        ids: Tensor | Sequence[int],
        *,
        severity: int = 0,
        epoch: int = 0,
        view: int = 0,
        device: torch.device | str | None = None,
    ) -> None:
        seed = arguments.seed(seed)
        ids = torch.as_tensor(ids, dtype=torch.int64, device=device)
        self._device = ids.device
        if not devices.is_exact(ids.device):
            ids = ids.cpu()
        if ids.ndim != 1:
            raise InvalidArgumentError(f"Image ids are one-dimensional, (N,); these have shape {tuple(ids.shape)}.")
        state = _state(seed, operation, severity, epoch, view)
        # The ids are mixed before they are combined with the state, so that neighbouring ids share nothing.
        if _few(ids):
            spread_out = (_mix_int(id_ * _GOLDEN + _mix_int(state)) for id_ in ids.tolist())
            self._streams = _integers(_mix_int(spread ^ state) for spread in spread_out)
        else:
            self._streams = _mix(_mix(ids * _signed(_GOLDEN) + _signed(_mix_int(state))) ^ _signed(state))
        self._draw = 0

    def __len__(self) -> int:
        return len(self._streams)

    @property
    def device(self) -> torch.device:
        """Where the numbers are."""
        return self._device

    def take(self, rows: Tensor, *, after: Draws | None = None) -> Draws:
        """The draws of some of the images, by position, (M,): the same numbers as in the whole batch.

        They continue with the next draw here, or the next one of `after`.
        """
        part = copy.copy(self)
        part._streams = self._streams[rows.to(self._streams.device)]
        part._draw = (after or self)._draw
        return part

    def ahead(self, times: int, stride: int) -> Draws:
        """The draws of `times` rounds at once, each of `stride` draws, of which this skips all: (N * times, ...), those of an image side by
        side, the same numbers as round after round."""
        offsets = torch.arange(times, dtype=torch.int64, device=self._streams.device) * _signed(stride * _GOLDEN)
        wide = copy.copy(self)
        wide._streams = (self._streams[:, None] + offsets).flatten()
        self.skip(times * stride)
        return wide

    def skip(self, count: int) -> None:
        """Skip some draws, so that later ones do not depend on how many were needed."""
        self._draw += count

    def _key(self, round_: int) -> tuple[Tensor, Tensor]:
        """(N,) int64 keys and odd increments of the current draw, in its `round_`."""
        if _few(self._streams):
            keys = [_mix_int(s + self._draw * _GOLDEN + round_ * _MIX_1) for s in self._streams.tolist()]
            return _integers(keys), _integers(_mix_int(key + _GOLDEN) | 1 for key in keys)
        key = _mix(self._streams + _signed(self._draw * _GOLDEN + round_ * _MIX_1))
        return key, _mix(key + _signed(_GOLDEN)) | 1

    def _words(self, count: int, round_: int = 0) -> Tensor:
        """(N, count) int64 words of 64 random bits: the current draw, in its `round_`."""
        key, gamma = self._key(round_)
        if key.device.type == "cpu":
            words = np.empty((len(key), count), dtype=np.uint64)
            for rows, columns, block in _word_blocks(key, gamma, count):
                words[rows, columns] = block
            return torch.from_numpy(words.view(np.int64))
        counter = torch.arange(1, count + 1, dtype=torch.int64, device=key.device)
        return _mix((counter[None] * gamma[:, None]).add_(key[:, None]))

    def _next(self) -> None:
        self._draw += 1

    def _bits(self, count: int, round_: int = 0) -> Tensor:
        """(N, count) int32 in 0 .. 2**24 - 1, two from each word."""
        half = (count + 1) // 2
        if self._streams.device.type == "cpu":
            bits = np.empty((len(self), 2 * half), dtype=np.uint32)
            for rows, columns, block in _word_blocks(*self._key(round_), half):
                part = bits[rows, 2 * columns.start : 2 * columns.stop]
                np.right_shift(block.view(np.uint32), np.uint32(8), out=part)
            return torch.from_numpy(bits.view(np.int32))[:, :count]
        words = self._words(half, round_)
        return (words.view(torch.int32) >> 8).bitwise_and_(_RESOLUTION - 1)[:, :count]

    def _unit(self, count: int) -> Tensor:
        """(N, count) float32 on [0, 1): the bits of the current draw as a fraction."""
        if self._streams.device.type != "cpu":
            return self._bits(count).to(torch.float32).mul_(1 / _RESOLUTION)
        half = (count + 1) // 2
        unit = np.empty((len(self), 2 * half), dtype=np.float32)
        for rows, columns, block in _word_blocks(*self._key(0), half):
            part, bits = unit[rows, 2 * columns.start : 2 * columns.stop], block.view(np.uint32)
            np.right_shift(bits, np.uint32(8), out=bits)
            np.copyto(part, bits.view(np.int32), casting="same_kind")
            np.multiply(part, np.float32(1 / _RESOLUTION), out=part)
        return torch.from_numpy(unit)[:, :count]

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        """(N, *shape) float32, uniform on the half-open interval [low, high)."""
        unit = self._unit(math.prod(shape)).reshape(len(self), *shape).to(self._device)
        self._next()
        if (low, high) == (0.0, 1.0):
            return unit
        # Rounding may lift the last step to `high` itself, which the half-open interval excludes.
        return unit.mul_(high - low).add_(low).clamp_(max=float(np.nextafter(np.float32(high), np.float32(low))))

    def normal(self, *shape: int, mean: float = 0.0, std: float = 1.0) -> Tensor:
        """(N, *shape) float32 from N(mean, std**2), by Box-Muller: |z| <= 5.77."""
        count = math.prod(shape)
        flat = self._gauss(count)
        self._next()
        if std != 1.0:
            flat.mul_(std)
        if mean != 0.0:
            flat.add_(mean)
        return flat[:, :count].reshape(len(self), *shape).to(self._device)

    def _gauss(self, count: int, round_: int = 0) -> Tensor:
        """(N, count rounded up to even) float32 standard normals of the current draw."""
        half = (count + 1) // 2
        bits = self._bits(2 * half, round_).view(len(self), 2, half)
        # Contiguous intermediates: torch's strided kernels may round a transcendental differently.
        radius, angle = (bits[:, part].to(torch.float32).contiguous() for part in (0, 1))
        # 1 - u is in (0, 1], so the logarithm is finite.
        radius = radius.mul_(-1 / _RESOLUTION).add_(1).log_().mul_(-2).sqrt_()
        angle.mul_(2 * math.pi / _RESOLUTION)
        out = torch.empty(len(self), 2, half, dtype=torch.float32, device=radius.device)
        torch.mul(angle.cos(), radius, out=out[:, 0])
        torch.mul(angle.sin_(), radius, out=out[:, 1])
        return out.view(len(self), 2 * half)

    def integers(self, low: int, high: int, *shape: int, dtype: torch.dtype = torch.int64) -> Tensor:
        """(N, *shape) integers, int64 by default, uniform on low .. high - 1, by multiply-shift.

        Up to 128 values: two numbers from each word, with a bias below 2**-17. More values: one number from each word,
        with a bias below (high - low) / 2**32.
        """
        if not low < high or high - low > 1 << 31:
            raise InvalidArgumentError(
                f"Integers are drawn from low .. high - 1; {low} .. {high} - 1 is not a valid range."
            )
        count = math.prod(shape)
        if high - low <= 128:
            values = self._bits(count).mul_(high - low).bitwise_right_shift_(24).to(dtype)
        else:
            words = (self._words(count) >> 32).bitwise_and_((1 << 32) - 1)
            values = words.mul_(high - low).bitwise_right_shift_(32).to(dtype)
        self._next()
        return values.add_(low).reshape(len(self), *shape).to(self._device)

    def permutation(self, n: int) -> Tensor:
        """(N, n) int64: for each image a permutation of 0 .. n - 1."""
        words = self._words(n)
        self._next()
        return words.argsort(dim=1, stable=True).to(self._device)

    def poisson(self, rates: Sequence[float] | Tensor, levels: Tensor) -> Tensor:
        """Poisson draws whose rates come from a table.

        An 8-bit image has at most 256 rates, so one inverse distribution function for each is enough.

        Args:
            rates: (K,) rates, each 0 .. 2000.
            levels: (N, ...) indices into `rates`, any integer dtype.

        Returns:
            float32 counts in the shape of `levels`.
        """
        if isinstance(rates, Tensor):
            rates = rates.tolist()
        table = _poisson_table(tuple(float(r) for r in rates))
        bits = self._bits(math.prod(levels.shape[1:])).reshape(-1)
        self._next()
        return table.invert(bits, levels.reshape(-1).to(bits.device)).reshape(levels.shape).to(self._device)

    def beta(self, a: float, b: float, *shape: int) -> Tensor:
        """(N, *shape) float32 from Beta(a, b); a and b > 0."""
        if not (a > 0 and b > 0):
            raise InvalidArgumentError(f"Beta needs a > 0 and b > 0, not a = {a}, b = {b}.")
        count = math.prod(shape)
        # Logarithms: for small a and b both Gamma draws underflow long before their ratio does.
        first, second = self._log_gamma_draw(a, count), self._log_gamma_draw(b, count)
        return torch.sigmoid(first - second).to(torch.float32).reshape(len(self), *shape).to(self._device)

    def _log_gamma_draw(self, a: float, count: int) -> Tensor:
        """(N, count) float64: the logarithm of a Gamma(a) draw, by Marsaglia & Tsang (2000)."""
        boost: Tensor | float = 0.0
        if a < 1:
            unit = (self._bits(count).to(torch.float64) + 0.5) / _RESOLUTION
            self._next()
            boost, a = unit.log() / a, a + 1
        d = a - 1 / 3
        c = 1 / math.sqrt(9 * d)
        result = torch.full((len(self), count), math.nan, dtype=torch.float64, device=self._streams.device)
        for round_ in range(_MAX_ROUNDS):
            z = self._gauss(count, 2 * round_)[:, :count].to(torch.float64)
            log_u = ((self._bits(count, 2 * round_ + 1).to(torch.float64) + 0.5) / _RESOLUTION).log()
            v = (1 + c * z).clamp(min=0) ** 3
            accepted = (v > 0) & (log_u < 0.5 * z * z + d - d * v + d * v.log())
            result = torch.where(result.isnan() & accepted, (d * v).log(), result)
            if not bool(result.isnan().any()):
                break
        self._next()
        return result + boost


class _PoissonTable:
    """Inverse distribution functions of K Poisson distributions on the grid of 24-bit uniforms.

    The result for a draw is the number of thresholds at or below it. The upper bits of the draw choose a cell of the
    distribution. A cell packs the count at its start and what the lower bits have to reach, from its first threshold on, to
    raise the count by one: the sum of both is the answer. A cell with further thresholds is negative; what is drawn there, in
    the tails, needs a search.
    """

    _CELL = 15  # bits below the cell
    _COUNT = _CELL + 1  # bits below the count
    _STRIDE = _RESOLUTION << 1  # between the distributions' thresholds in the common sorted list

    def __init__(self, rates: tuple[float, ...]) -> None:
        if not rates or min(rates) < 0 or max(rates) > 2000 or any(math.isnan(r) for r in rates):
            raise InvalidArgumentError("Poisson rates are numbers from 0 to 2000.")
        rate = np.asarray(rates, dtype=np.float64)[:, None]
        top = int(rate.max() + 12 * math.sqrt(rate.max()) + 24)
        k = np.arange(top + 1, dtype=np.float64)
        log_factorial = np.concatenate([[0.0], np.cumsum(np.log(k[1:]))])
        with np.errstate(divide="ignore", invalid="ignore"):
            log_p = np.where(rate > 0, k * np.log(rate) - rate - log_factorial, np.where(k == 0, 0.0, -np.inf))
        distribution = np.cumsum(np.exp(log_p), axis=1)
        thresholds = np.minimum(np.ceil(distribution * _RESOLUTION), _RESOLUTION).astype(np.int64)
        thresholds[:, -1] = _RESOLUTION  # never reached
        starts = np.arange(0, _RESOLUTION + 1, 1 << self._CELL, dtype=np.int64)
        counts = np.stack([np.searchsorted(row, starts, side="right") for row in thresholds])
        first = np.take_along_axis(thresholds, np.minimum(counts[:, :-1], top), axis=1) - starts[:-1]
        position = np.minimum(first, 1 << self._CELL)
        several = np.diff(counts, axis=1) > 1
        cells = (counts[:, :-1] << self._COUNT) + ((1 << self._COUNT) - position)
        cells[several] += np.iinfo(np.int32).min
        ordered = thresholds + np.arange(len(rate))[:, None] * self._STRIDE
        self._width = top + 1
        self._tables = (torch.from_numpy(cells.astype(np.int32).reshape(-1)), torch.from_numpy(ordered.reshape(-1)))
        self._on: dict[torch.device, tuple[Tensor, ...]] = {}

    def invert(self, bits: Tensor, levels: Tensor) -> Tensor:
        """(M,) float32 counts for (M,) draws, int32, and levels, any integer dtype."""
        if bits.device.type == "cpu":
            return self._invert_host(bits.numpy(), levels.numpy())
        if bits.device not in self._on:
            self._on[bits.device] = tuple(t.to(bits.device) for t in self._tables)
        cells, ordered = self._on[bits.device]
        levels = levels.to(torch.int32)
        cell = (bits >> self._CELL).add_(levels << (24 - self._CELL))
        total = cells.index_select(0, cell).add_(bits & ((1 << self._CELL) - 1))
        several = (total < 0).nonzero().flatten()
        level = levels.index_select(0, several).to(torch.int64)
        targets = bits.index_select(0, several).to(torch.int64) + level * self._STRIDE
        searched = torch.searchsorted(ordered, targets, right=True) - level * self._width
        return (total >> self._COUNT).index_copy_(0, several, searched.to(torch.int32)).to(torch.float32)

    def _invert_host(self, bits: npt.NDArray[np.int32], levels: npt.NDArray[Any]) -> Tensor:
        """The same in blocks, so that intermediate results stay in a core's own cache."""
        cells, ordered = self._tables
        counts = np.empty(len(bits), dtype=np.float32)
        for start in range(0, len(bits), _BLOCK):
            some, level = bits[start : start + _BLOCK], levels[start : start + _BLOCK]
            cell = np.left_shift(level, 24 - self._CELL, dtype=np.int32)
            cell += np.right_shift(some, self._CELL)
            total = cells.index_select(0, torch.from_numpy(cell)).numpy()
            total += np.bitwise_and(some, (1 << self._CELL) - 1)
            several = np.flatnonzero(total < 0)
            part = counts[start : start + _BLOCK]
            np.copyto(part, np.right_shift(total, self._COUNT), casting="same_kind")
            beside = level[several].astype(np.int64)
            targets = torch.from_numpy(some[several] + beside * self._STRIDE)
            part[several] = torch.searchsorted(ordered, targets, right=True).numpy() - beside * self._width
        return torch.from_numpy(counts)


@functools.lru_cache(maxsize=64)
def _poisson_table(rates: tuple[float, ...]) -> _PoissonTable:
    return _PoissonTable(rates)
