"""What a corruption is, and the promise that all of them keep.

A corruption's author writes the idea: a function of a float32 [0, 1] batch, its draws and its named parameters. The base
turns a severity or a strength into those parameters for the image's size, makes the draws, converts, clips, truncates
and checks, in slices small enough to bound the memory. Source of the constants: Hendrycks & Dietterich (ImageNet-C) and
the theses named at each corruption.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from robustcore import arguments, devices, plugins
from robustcore.corruptions import families
from robustcore.corruptions import suites as suites_
from robustcore.corruptions.kernels.host import keep_freed_memory
from robustcore.corruptions.kernels.levels import to_bytes
from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.randomness import Draws
from robustcore.registry import Registry

SEVERITIES = (1, 2, 3, 4, 5)
VARIANTS = {"imagenet": 224, "tiny": 64, "cifar": 32}  # name -> the side that the constants were made for
STORAGES = ("memory", "jpeg85")  # as computed, or through the second JPEG of the released sets
MIN_SIDE = 32
TRUNCATION_SLACK = 1 / 1024  # of a grey level, see `truncate`

Params = dict[str, Any]
# A batch is worked through in slices of about this many values, which bounds the memory on every device and keeps a
# slice near the processor's caches. Draws belong to images, so the slicing changes no bit.
_VALUES_PER_SLICE = {"cpu": 2 * 3 * 224 * 224, "cuda": 128 * 3 * 224 * 224}


@dataclasses.dataclass(frozen=True)
class Size:
    """The size that a corruption runs at, and the table of constants that applies there."""

    height: int
    width: int
    variant: str

    @property
    def scale(self) -> float:
        """The factor by which the variant's lengths in pixels are multiplied here; 1 at the variant's own side."""
        return min(self.height, self.width) / VARIANTS[self.variant]

    @property
    def share_of_224(self) -> float:
        """The factor for lengths that are given for 224 pixels, whatever the variant."""
        return min(self.height, self.width) / 224


@dataclasses.dataclass(frozen=True)
class Corruption:
    """One corruption, as registered.

    Attributes:
        name: registry key; equals the function's name.
        family: one of `families.names()`.
        suites: the suites that it belongs to; it may be none.
        source: document and section that the definition and its constants come from.
        summary: what it does, one sentence for people.
        names: names of the parameters, in the order of the tables.
        tables: variant -> five tuples of parameters, severities 1..5. Ranged corruptions and those without severities
            have none.
        strengths: for ranged corruptions (least, greatest) strength, larger is harder; severities are five equally
            spaced strengths, and "uniform" draws between the two.
        limits: for ranged corruptions the strengths that make sense at all, from none to the most; a fixed strength may
            be any of them, so that a range can be calibrated for other data than the source's.
        lengths: those parameters that are lengths in pixels and scale with the image side.
        deterministic: whether no draw is made.
        takes: "float" gets float32 [0, 1]; "uint8" gets the images as they are.
        revision: raised whenever an output changes.
        content: for corruptions that read files: () -> a hash of what is read.
        calibrated: whether `strengths` come from a calibration, so that severities and "uniform" mean them.
        published: for calibrated ones the range of the document that defines them, in the same unit: (least or None where it
            has none, greatest).
        plugin: SHA-256 of its plug-in's .py files; "" for the package's own.
        plain_name: the name in its suite, without the registry's prefix.
        function: (x, draws, size, **params) -> (N, 3, H, W): float32 in [0, 1], a tensor of its own that the base clips and
            truncates, or uint8, which is kept.
    """

    name: str
    family: str
    suites: tuple[str, ...]
    source: str
    summary: str
    names: tuple[str, ...]
    tables: Mapping[str, Sequence[tuple[Any, ...]]]
    strengths: tuple[float, float] | None
    limits: tuple[float, float] | None
    lengths: frozenset[str]
    deterministic: bool
    takes: Literal["float", "uint8"]
    revision: int
    content: Callable[[], str] | None
    plain_name: str
    function: Callable[..., Tensor]
    calibrated: bool = False
    plugin: str = ""
    published: tuple[float | None, float] | None = None

    @property
    def ranged(self) -> bool:
        """Whether it has a continuous strength."""
        return self.strengths is not None

    @property
    def severities(self) -> tuple[int, ...]:
        """1..5, or () for a corruption that its source defines without severities.

        Such a one is applied as defined: its parameters, where it has any, are drawn in fixed ranges for each image. It
        takes neither a severity nor a strength, and a condition of it has None for both.
        """
        return SEVERITIES if self.ranged or self.tables else ()

    def revision_text(self, strength: float | str | None = None) -> str:
        """What the outputs depend on beside the arguments: part of every fingerprint.

        A calibrated range is part of it, except at a `strength` that is a number and means the same in every range.
        """
        text = str(self.revision) if self.content is None else f"{self.revision}:{self.content()}"
        if self.plugin:
            text = f"{text}:{self.plugin}"
        if not self.calibrated or isinstance(strength, (int, float)):
            return text
        assert self.strengths is not None
        return "{}:{:g}..{:g}".format(text, *self.strengths)

    def strength_of(self, severity: int) -> float:
        """The strength of a severity of a ranged corruption: five equally spaced ones, the ends included."""
        assert self.strengths is not None
        low, high = self.strengths
        return low + (high - low) * (severity - 1) / 4

    def parameters(self, severity: int, size: Size) -> Params:
        """The named parameters of a severity at a size; lengths scaled from the size variant's table."""
        check_severity(severity)
        if not self.severities:
            raise InvalidArgumentError(f"{self.name} is defined without severities; leave the severity out.")
        if self.ranged:
            return {"strength": self.strength_of(severity)}
        if size.variant not in self.tables:
            size = dataclasses.replace(size, variant="imagenet")
        params = dict(zip(self.names, self.tables[size.variant][severity - 1], strict=True))
        if size.scale == 1:
            return params
        return {k: v * size.scale if k in self.lengths else v for k, v in params.items()}

    def __call__(
        self,
        images: Tensor,
        *,
        severity: int | None = None,
        strength: float | Tensor | Literal["uniform"] | None = None,
        seed: int = 0,
        ids: Tensor,
        variant: str | None = None,
        epoch: int = 0,
        view: int = 0,
    ) -> Tensor:
        """Corrupt uint8 (N, 3, H, W) images; the arguments are those of `robustcore.corrupt`.

        `strength` may also be an (N,) tensor, one for each image, or "uniform": drawn in the range for each image, or among
        the five severities where the constants are tables.
        """
        if not devices.is_exact(images.device):
            result = self(
                images.cpu(),
                severity=severity,
                strength=strength,
                seed=seed,
                ids=ids,
                variant=variant,
                epoch=epoch,
                view=view,
            )
            return result.to(images.device)
        severity = None if severity is None else check_severity(severity)
        if isinstance(strength, str) and strength == "uniform" and self.tables and severity is None:
            return self._at_drawn_severities(images, seed=seed, ids=ids, variant=variant, epoch=epoch, view=view)
        if not images.is_cuda:
            keep_freed_memory()
        size = size_of(images, variant)
        params: Params
        if strength is None:
            if severity is None and not self.severities:
                params = {}
            elif severity is None:
                raise InvalidArgumentError(
                    f"{self.name} needs a severity, 1 to 5" + (", or a strength." if self.ranged else ".")
                )
            else:
                params = self.parameters(severity, size)
        elif severity is not None:
            raise InvalidArgumentError("Give a severity or a strength, not both.")
        else:
            params = {"strength": self._check_strength(strength, len(images))}
        key = 0 if self.ranged else (severity or 0)
        step = max(1, _VALUES_PER_SLICE["cuda" if images.is_cuda else "cpu"] // max(1, images.shape[1:].numel()))
        parts = []
        for start in range(0, len(images), step):
            part = slice(start, start + step)
            draws = _NO_DRAWS
            if not self.deterministic:
                draws = Draws(seed, self.name, ids[part], severity=key, epoch=epoch, view=view, device=images.device)
            values = params
            if self.ranged:
                # Drawn under a key of its own: the pattern is that of a fixed strength.
                own = Draws(seed, f"{self.name}:strength", ids[part], epoch=epoch, view=view, device=images.device)
                values = {"strength": self._strengths(params["strength"], part, own)}
            parts.append(self._run(images[part], draws, size, values))
        if len(parts) == 1:
            return parts[0]
        return torch.cat(parts) if parts else images.clone()

    def _at_drawn_severities(self, images: Tensor, *, seed: int, ids: Tensor, epoch: int, **further: Any) -> Tensor:
        """Each image at a severity of its own, drawn for its id; what it shows is that severity's very image."""
        view = further["view"]
        drawn = Draws(seed, f"{self.name}:severity", ids, epoch=epoch, view=view).integers(1, 6)
        result = images.clone()
        for severity in SEVERITIES:
            chosen = (drawn == severity).nonzero().flatten()
            if len(chosen):
                place = chosen.to(images.device)
                result[place] = self(
                    images[place], severity=severity, seed=seed, ids=ids[chosen], epoch=epoch, **further
                )
        return result

    def _run(self, images: Tensor, draws: Draws, size: Size, params: Params) -> Tensor:
        x = images if self.takes == "uint8" else images.to(torch.float32).div_(255)
        result = self.function(x, draws, size, **params)
        assert result.shape == images.shape, f"{self.name} changed the shape to {tuple(result.shape)}"
        if result.dtype == torch.uint8:
            # The caller owns what it gets, also where a function had nothing to do.
            return result.clone() if result.data_ptr() == images.data_ptr() else result.contiguous()
        return truncate(result.mul_(255))

    def _check_strength(self, strength: float | Tensor | str, n: int) -> float | Tensor | str:
        if self.strengths is None or self.limits is None:
            instead = "give a severity, 1 to 5" if self.severities else "it is applied as defined, without a severity"
            raise InvalidArgumentError(f"{self.name} has no continuous strength; {instead}.")
        low, high = self.limits
        if isinstance(strength, str):
            if strength != "uniform":
                raise InvalidArgumentError(f"A strength is a number or 'uniform', not {strength!r}.")
            return strength
        values = arguments.real_numbers(strength, "A strength is a number, one for each image, or 'uniform'")
        if values.ndim and values.shape != (n,):
            raise InvalidArgumentError(f"Strengths are one number or one for each of the {n} images.")
        slack = 1e-9 * max(abs(low), abs(high))
        if not bool(((values >= low - slack) & (values <= high + slack)).all()):
            outside = values[~((values >= low - slack) & (values <= high + slack))].flatten()
            raise InvalidArgumentError(
                f"The strength of {self.name} is {low:g} to {high:g}, not {float(outside[0]):g}."
            )
        return values if values.ndim else float(values)

    def _strengths(self, strength: float | Tensor | str, part: slice, draws: Draws) -> Tensor:
        """(n,) float32 strengths of one slice of the batch."""
        assert self.strengths is not None
        if strength == "uniform":
            return draws.uniform(low=self.strengths[0], high=self.strengths[1])
        values = torch.as_tensor(strength, dtype=torch.float32, device=draws.device)
        return values[part] if values.ndim else values.expand(len(draws))


_NO_DRAWS = Draws(0, "none", [])  # what deterministic corruptions are given

registry: Registry[Corruption] = Registry("corruption")


def truncate(levels: Tensor) -> Tensor:
    """float32 grey levels -> uint8, in place: clipped to 0..255, then truncated as in the reference, never rounded.

    Truncation is fragile where a level should be a whole number, in flat areas above all: a sum of weights one bit below
    1 loses a level. A thousandth of a level is added first, far above the rounding of float32 and far below anything
    that counts, so that every device and every order of a sum keeps the whole numbers.
    """
    return to_bytes(levels.add_(TRUNCATION_SLACK))


def corruption(
    *,
    family: str,
    suites: Sequence[str] = (),
    source: str,
    summary: str,
    names: Sequence[str] = (),
    imagenet: Sequence[Any] = (),
    tiny: Sequence[Any] = (),
    cifar: Sequence[Any] = (),
    strengths: tuple[float, float] | None = None,
    limits: tuple[float, float] | None = None,
    lengths: Sequence[str] = (),
    deterministic: bool = False,
    takes: Literal["float", "uint8"] = "float",
    revision: int = 1,
    content: Callable[[], str] | None = None,
    plain_name: str | None = None,
    name: str | None = None,
    calibrated: bool = False,
    published: tuple[float | None, float] | None = None,
) -> Callable[[Callable[..., Tensor]], Callable[..., Tensor]]:
    """Register a function as a corruption under its own name (or `name`).

    The function takes (x, draws, size, one argument for each of `names`) and gives the corrupted images. x is float32
    (n, 3, H, W) in [0, 1] and may be changed; what comes back is clipped, truncated to uint8 and checked by the base.
    Random numbers come from `draws` alone (`draws.normal(3, H, W)` is one (3, H, W) block for each image), so that an image
    is the same in every batch. With `strengths=(least, greatest)` there is one argument, `strength`, (n,).

    The tables `imagenet`, `tiny` and `cifar` hold, for severities 1..5, a tuple in the order of `names`, or the bare
    value where there is one parameter. A missing table falls back to the imagenet one, its lengths scaled. With neither
    tables nor `strengths` it is a corruption without severities. `limits` are the `strengths` where they are not given.
    All other arguments are explained at `Corruption`.
    """
    if family not in families.registry:
        raise UnknownNameError("family of corruptions", family, families.names())
    for suite in suites:
        if suite not in suites_.names("corruption"):
            raise UnknownNameError("suite of corruptions", suite, suites_.names("corruption"))
    tables = {
        variant: tuple(row if isinstance(row, tuple) else (row,) for row in table)
        for variant, table in {"imagenet": imagenet, "tiny": tiny, "cifar": cifar}.items()
        if table
    }

    def register(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
        key = name or function.__name__
        for variant, table in tables.items():
            if len(table) != 5 or any(len(row) != len(names) for row in table):
                raise InvalidArgumentError(
                    f"The table {variant} of the corruption {key} has five rows, one a severity, each with a value for "
                    f"{' and '.join(names) or 'no name'}; this one is {list(table)}."
                )
        if strengths is not None:
            least, greatest = limits or strengths
            if not least <= strengths[0] < strengths[1] <= greatest:
                raise InvalidArgumentError(
                    f"The strengths of the corruption {key} are (least, greatest) within {least:g} .. {greatest:g}, not {strengths}."
                )
        registry.add(
            key,
            Corruption(
                key,
                family,
                tuple(suites),
                source,
                summary,
                tuple(names),
                tables,
                strengths,
                limits or strengths,
                frozenset(lengths),
                deterministic,
                takes,
                revision,
                content,
                plain_name or key,
                function,
                calibrated,
                plugins.digest_of(function),
                published,
            ),
            function,
        )
        return function

    return register


def check_severity(severity: object) -> int:
    """The severity, if it is one of 1..5."""
    return arguments.whole(
        severity, "A severity is 1, 2, 3, 4 or 5", low=1, high=5, hint="clean is a condition of its own"
    )


def size_of(images: Tensor, variant: str | None = None) -> Size:
    """The size of a batch and the variant whose constants apply: the named one, else the nearest in log(side)."""
    height, width = images.shape[-2:]
    side = min(height, width)
    if side < MIN_SIDE:
        raise InvalidArgumentError(
            f"Corruptions need images of {MIN_SIDE} pixels a side or more; these are {width} x {height}."
        )
    if variant is None:
        variant = min(VARIANTS, key=lambda v: abs(math.log(side / VARIANTS[v])))
    else:
        variant = arguments.choice(variant, VARIANTS, "size variant")
    return Size(height, width, variant)
