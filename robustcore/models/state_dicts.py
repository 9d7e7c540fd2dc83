"""State dicts as training scripts leave them: which of a file's tensors are a network's, whatever they are called around it.

A file may hold its weights under an entry ("state_dict", "net", "model_ema"), behind a prefix ("module.", "backbone."), twice
(a network and its mean), next to a loss, a profiler's counts or a normaliser. What fits the architecture is taken. Where
two different tables fit, the reader is asked: `weights_from` names one of them.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import dataclasses
import importlib
import os
import pathlib
import pickle
import re
import struct
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from robustcore.errors import ModelError

WEIGHTS_FROM = "weights_from"  # the option of a model's name
_DEPTH = 4  # of entries within entries
_COUNTER = "num_batches_tracked"  # of batch normalisation; files before 2018 lack it, and no answer depends on it
# Put between the parts of a name by DataParallel and torch.compile.
_WRAPPERS = ("module", "_orig_mod")
# Beside or within the network, and no part of its answers: a profiler's counts, auxiliary training heads of GoogLeNet and
# Inception, a loss, how many states a mean was taken over.
_NO_PART = re.compile(
    r"(.*\.)?(total_ops|total_params|num_batches_tracked)$|(AuxLogits|aux1|aux2)\.|(criterion|loss(_?f(n|unc))?)(\.|$)|n_averaged$"
)
_MEAN = re.compile(r"(?P<before>(?:.*\.)?)(?P<new>(?:new_)?)(?P<name>mean|mu)$")
_STD = {"mean": "std", "mu": "sigma"}


@dataclasses.dataclass(frozen=True)
class Weights:
    """A network's tensors, found in a file.

    Attributes:
        state: the network's names -> tensors.
        source: the entry and the prefix they were under, such as "state_dict_ema/module"; "" for neither.
        left_out: names of tensors beside the network that may have belonged to it, sorted.
        mean, std: of the normaliser that the file holds, for pixels in [0, 1]; None where it holds none.
    """

    state: Mapping[str, Tensor]
    source: str
    left_out: tuple[str, ...] = ()
    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None


@dataclasses.dataclass(frozen=True)
class _Table:
    """The tensors of one entry of a file.

    Attributes:
        name: the entries on the way to it, joined by "/"; "" for the file itself.
        tensors: by their names, without wrappers' parts, in the file's order.
    """

    name: str
    tensors: Mapping[str, Tensor]


@dataclasses.dataclass(frozen=True)
class _Fit:
    """How well the tensors behind one prefix of a table are a network's."""

    table: _Table
    prefix: str
    state: Mapping[str, Tensor]
    missing: Sequence[str] = ()
    unexpected: Sequence[str] = ()
    reshaped: Sequence[str] = ()

    @property
    def is_whole(self) -> bool:
        return not (self.missing or self.unexpected or self.reshaped)

    @property
    def source(self) -> str:
        return "/".join(filter(None, (self.table.name, self.prefix.removesuffix("."))))

    @property
    def names(self) -> set[str]:
        """What the option `weights_from` may call it."""
        return {self.source, self.table.name, self.prefix.removesuffix(".")} - {""}


# What unpickling raises that meets bytes which are no pickle's.
_DAMAGED = (
    RuntimeError,
    EOFError,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    ArithmeticError,
    AssertionError,
    struct.error,
)


def contents_of(path: Path) -> Any:
    """What is in a `torch.save` file; only tensors and plain values are unpickled.

    Raises:
        ModelError: the file is missing or damaged, or holds Python objects.
    """
    with reading(path), warnings.catch_warnings(), torch.serialization.safe_globals(_plain_values()):
        warnings.simplefilter("ignore")  # about old file formats; the errors below are clearer
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as error:
            raise ModelError(
                f"The file {path} is damaged or contains Python objects besides the weights, which could run code when read, "
                "so it is not opened. In the program that wrote it, save torch.save(model.state_dict(), FILE), or a "
                ".safetensors file, and load that with its architecture."
            ) from error
        except _DAMAGED as error:
            raise ModelError(
                f"The checkpoint {path} is damaged, incomplete or not a PyTorch file ({first_sentence(error)})."
            ) from error


def _plain_values() -> list[Any]:
    """Plain values beside the weights that torch does not read by itself: settings, paths, NumPy's numbers."""
    multiarray = importlib.import_module("numpy._core.multiarray")
    dtypes = importlib.import_module("numpy.dtypes")
    numpy = importlib.import_module("numpy")
    settings = (
        "pytorch_lightning.utilities.parsing",
        "lightning_fabric.utilities.data",
        "lightning.fabric.utilities.data",
    )
    return [
        argparse.Namespace,
        *((pathlib.PurePosixPath, f"{module}.PosixPath") for module in ("pathlib", "pathlib._local")),
        *((collections.OrderedDict, f"{module}.AttributeDict") for module in settings),
        *((multiarray.scalar, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")),
        numpy.dtype,
        *(getattr(dtypes, f"{kind}DType") for kind in ("Float64", "Float32", "Int64", "Int32", "Bool")),
    ]


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn errors of the file system into one-sentence `ModelError`s."""
    if os.path.isdir(path):  # also handles invalid paths
        raise ModelError(f"{path} is a folder; a checkpoint is a file.")
    try:
        yield
    except FileNotFoundError as error:
        raise ModelError(f"There is no checkpoint at {path}.") from error
    except OSError as error:
        raise ModelError(f"The checkpoint {path} cannot be read ({error.strerror or error}).") from error


def first_sentence(error: Exception) -> str:
    """An error of another library in a few words."""
    return str(error).strip().split(". ")[0].split("\n")[0] or type(error).__name__


def weights(
    contents: Any,
    network: Mapping[str, Tensor],
    *,
    path: Path,
    architecture: str,
    classes: int,
    weights_from: str | None = None,
    by_order: bool = False,
) -> Weights:
    """A network's tensors among the contents of a file.

    Args:
        contents: mappings of tensors, within mappings.
        network: the architecture's state, with random weights.
        path, architecture: for errors.
        classes: of `network`: a tensor with one row for each may have another number of rows in the file.
        weights_from: the entry, the prefix, or both ("state_dict_ema/module"), where several fit.
        by_order: take tensors by their place and shape, whatever they are called.

    Raises:
        ModelError: nothing fits, or two different tables do.
    """
    tables = list(_tables(contents, "", frozenset(_WRAPPERS) - _parts(network)))
    if not tables:
        entries = ", ".join(map(str, list(contents)[:8])) if isinstance(contents, Mapping) else type(contents).__name__
        raise ModelError(
            f"The file {path} contains no state dict (a mapping from names to tensors); its entries are: {entries or 'none'}."
        )
    fits = [
        fit
        for table in tables
        for fit in (_in_order(table, network, classes) if by_order else _named(table, network, classes))
    ]
    whole = sorted((fit for fit in fits if fit.is_whole), key=lambda fit: (fit.source.count("/"), len(fit.source)))
    everywhere = whole
    if weights_from is not None:
        named = [fit for fit in fits if weights_from in fit.names]
        whole = [fit for fit in whole if weights_from in fit.names]
        if not named:
            fitting = ", ".join(sorted({fit.source for fit in fits if fit.is_whole} - {""})) or "no others"
            raise ModelError(
                f"The file {path} has no weights under {weights_from!r} that resemble {architecture}; those that fit are "
                f"under: {fitting}."
            )
        fits = named
    if not whole:
        raise ModelError(_misfit(max(fits, key=_likeness), path, architecture, by_order))
    fit = whole[0]
    others = [other for other in whole[1:] if not _same(fit.state, other.state)]
    if others:
        sources = [each.source or "the file's own tensors" for each in (fit, *others)]
        example = next(each.source for each in (*others, fit) if each.source)
        raise ModelError(
            f"The file {path} holds {len(sources)} different sets of weights that fit {architecture}: {', '.join(sources)}. Name "
            f"the one that is meant: '{path.name}?{WEIGHTS_FROM}={example}'."
        )
    return _with_normaliser(fit, everywhere, network, path)


def _parts(network: Mapping[str, Tensor]) -> set[str]:
    return {part for name in network for part in name.split(".")}


def _tables(contents: Any, name: str, wrappers: frozenset[str]) -> Iterator[_Table]:
    """The entries of a file that have tensors in them, the file itself first."""
    if not isinstance(contents, Mapping):
        return
    tensors = {
        ".".join(part for part in key.split(".") if part not in wrappers): value
        for key, value in contents.items()
        if isinstance(key, str) and isinstance(value, Tensor)
    }
    if tensors:
        yield _Table(name, tensors)
    if name.count("/") < _DEPTH:
        for key, value in contents.items():
            if isinstance(key, str):
                yield from _tables(value, f"{name}/{key}" if name else key, wrappers)


def _named(table: _Table, network: Mapping[str, Tensor], classes: int) -> list[_Fit]:
    """The prefixes behind which a table has the network's names; the best one where none has all."""
    counts: collections.Counter[str] = collections.Counter({"": 0})
    for key in table.tensors:
        pieces = key.split(".")
        counts.update(
            "".join(f"{piece}." for piece in pieces[:at])
            for at in range(len(pieces))
            if ".".join(pieces[at:]) in network
        )
    needed = [name for name in network if not name.endswith(_COUNTER)]
    prefixes = [prefix for prefix, count in counts.items() if count >= len(needed)]
    if not prefixes:
        prefixes = [max(counts, key=lambda prefix: (counts[prefix], -len(prefix)))]
    return [_behind(table, prefix, prefixes, network, classes) for prefix in prefixes]


def _behind(table: _Table, prefix: str, prefixes: Sequence[str], network: Mapping[str, Tensor], classes: int) -> _Fit:
    inside = {key.removeprefix(prefix): value for key, value in table.tensors.items() if key.startswith(prefix)}
    further = tuple(other.removeprefix(prefix) for other in prefixes if other != prefix and other.startswith(prefix))
    roots = {name.partition(".")[0] for name in network}
    state = {name: inside[name] for name in network if name in inside}
    unexpected = [
        key
        for key in inside
        if key not in network
        and not _NO_PART.match(key)
        and not (key.partition(".")[0] not in roots and (key.startswith(further) or _is_normaliser(key, inside)))
    ]
    return _Fit(
        table,
        prefix,
        state,
        missing=sorted(name for name in network if name not in inside and not name.endswith(_COUNTER)),
        unexpected=sorted(unexpected),
        reshaped=sorted(name for name, value in state.items() if not _alike(network[name], value, classes)),
    )


def _in_order(table: _Table, network: Mapping[str, Tensor], classes: int) -> list[_Fit]:
    """A table's tensors by place: the n-th of the network is the n-th of the table, if all shapes agree."""
    names = [name for name in network if not name.endswith(_COUNTER)]
    values = {
        key: value
        for key, value in table.tensors.items()
        if not _NO_PART.match(key) and not _is_normaliser(key, table.tensors)
    }
    state = dict(zip(names, values.values(), strict=False))
    return [
        _Fit(
            table,
            "",
            state,
            missing=names[len(values) :],
            unexpected=list(values)[len(names) :],
            reshaped=[name for name, value in state.items() if not _alike(network[name], value, classes)],
        )
    ]


def _alike(built: Tensor, stored: Tensor, classes: int) -> bool:
    """Whether a tensor has the network's shape, up to the number of classes."""
    if built.shape == stored.shape:
        return True
    return built.ndim > 0 and built.shape[0] == classes and built.shape[1:] == stored.shape[1:]


def _same(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> bool:
    return all(
        name.endswith(_COUNTER) or (value.shape == second[name].shape and torch.equal(value, second[name]))
        for name, value in first.items()
    )


def _likeness(fit: _Fit) -> tuple[int, int]:
    """More of the network's tensors, then fewer others."""
    return len(fit.state) - len(fit.reshaped), -len(fit.unexpected)


def _misfit(fit: _Fit, path: Path, architecture: str, by_order: bool) -> str:
    example = (fit.missing or fit.unexpected or fit.reshaped)[0]
    problem = "lacks" if fit.missing else "has an unexpected" if fit.unexpected else "has a different shape of"
    hint = (
        ""
        if by_order
        else " Where only the names differ, the option keys=order takes the tensors by their order and shape."
    )
    return (
        f"The checkpoint {path} does not fit the architecture {architecture}: it {problem} {example!r}. "
        f"Name the architecture that it was trained with.{hint}"
    )


def _with_normaliser(fit: _Fit, whole: Sequence[_Fit], network: Mapping[str, Tensor], path: Path) -> Weights:
    """The weights, with the normaliser in their table, and what else is in it that may have belonged to them."""
    tensors = fit.table.tensors
    ours = {id(value) for value in fit.state.values()}
    prefixes = tuple(other.prefix for other in whole if other.table is fit.table and other.prefix)
    rest = [
        key
        for key, value in tensors.items()
        if id(value) not in ours and not _NO_PART.match(key.removeprefix(fit.prefix))
    ]
    pairs = {(key, _partner(key)) for key in rest if _is_normaliser(key, tensors) and _MEAN.match(key)}
    values = {
        (_three(tensors[mean]), _three(tensors[std])): mean for mean, std in sorted(pairs, key=lambda p: -len(p[0]))
    }
    if len(values) > 1:
        raise ModelError(
            f"The file {path} holds different normalisers ({', '.join(sorted(values.values()))}); name the values that count with "
            "the options mean= and std=."
        )
    mean, std = next(iter(values), (None, None))
    if std is not None and not all(value > 0 for value in std):
        raise ModelError(
            f"The normaliser in {path} divides by {min(std):g}; name its values with the options mean= and std=."
        )
    matched = {key for pair in pairs for key in pair}
    copies = {key for key in rest if key.startswith(prefixes) and any(key.removeprefix(p) in network for p in prefixes)}
    left_out = tuple(sorted(set(rest) - matched - copies))
    return Weights(fit.state, fit.source, left_out, mean, std)


def _is_normaliser(key: str, tensors: Mapping[str, Tensor]) -> bool:
    """Whether a tensor is the mean or the standard deviation of three channels, and the other one is there too."""
    partner = _partner(key)
    return bool(partner) and partner in tensors and {tensors[key].numel(), tensors[partner].numel()} <= {1, 3}


def _partner(key: str) -> str:
    """The name of the standard deviation that goes with a mean, and the other way round; "" for other names."""
    if match := _MEAN.match(key):
        return f"{match['before']}{match['new']}{_STD[match['name']]}"
    for mean, std in _STD.items():
        if match := re.match(rf"(?P<before>(?:.*\.)?)(?P<new>(?:new_)?){std}$", key):
            return f"{match['before']}{match['new']}{mean}"
    return ""


def _three(value: Tensor) -> tuple[float, float, float]:
    red, green, blue = value.detach().float().flatten().expand(3).tolist()
    return red, green, blue
