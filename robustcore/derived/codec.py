"""Values as JSON, and back: numbers, texts, sequences, mappings, notes, frozen dataclasses of robustcore, arrays, tensors and tables.

Nothing is pickled: a file can bring only values, never code. What JSON has no form for is an object with a field "is"; a
mapping is always one, so that no content of it can be taken for another kind of value.
"""

from __future__ import annotations

import base64
import dataclasses
import importlib
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from robustcore.errors import InvalidArgumentError
from robustcore.notes import Note

_OURS = ("robustcore.", "dashboard.workers.")  # packages whose dataclasses are written
_PLAIN_DTYPES = ("float64", "int64", "bool")  # of columns whose values are JSON's own


class OtherVersionError(InvalidArgumentError):
    """A dataclass of ours that has other fields today, or is no more."""


def encode(value: Any) -> Any:
    """A value as `json.dumps` takes it.

    Raises:
        InvalidArgumentError: a value of another kind.
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, np.generic):
        return encode(value.item())
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"is": "float", "of": repr(value)}
    if isinstance(value, list):
        return [encode(each) for each in value]
    if type(value).__module__ == "torch" and hasattr(value, "numpy"):
        return {"is": "tensor", "of": _array(value.detach().cpu().numpy())}
    for kind, (type_, written, _) in _KINDS.items():
        if isinstance(value, type_):
            return {"is": kind, "of": written(value)}
    if dataclasses.is_dataclass(value) and type(value).__module__.startswith(_OURS):
        fields = {field.name: encode(getattr(value, field.name)) for field in dataclasses.fields(value) if field.init}
        return {"is": f"{type(value).__module__}:{type(value).__qualname__}", "of": fields}
    raise InvalidArgumentError(f"A value of type {type(value).__name__} has no form in JSON here; derive plain values.")


def decode(value: Any) -> Any:
    """The inverse of `encode`.

    Raises:
        OtherVersionError: what another version of robustcore has written.
        InvalidArgumentError: what `encode` does not write.
    """
    if isinstance(value, list):
        return [decode(each) for each in value]
    if not isinstance(value, dict):
        return value
    kind, content = value.get("is"), value.get("of")
    try:
        if kind == "float":
            return float(content)  # type: ignore[arg-type]
        if kind == "tensor":
            import torch

            return torch.from_numpy(_read_array(content))  # type: ignore[arg-type]
        if kind in _KINDS:
            return _KINDS[kind][2](content)
        return _dataclass(str(kind), set(content))(**{name: decode(each) for name, each in content.items()})  # type: ignore[union-attr, arg-type]
    except OtherVersionError:
        raise
    except (AttributeError, ImportError, KeyError, TypeError, ValueError) as error:
        raise InvalidArgumentError(f"A derived value of kind {kind!r} cannot be read ({error}).") from error


def _dataclass(name: str, given: set[str]) -> Callable[..., Any]:
    """A dataclass of ours by "module:name", that takes the given fields; a file may name no other class."""
    module, _, qualified = name.partition(":")
    if not module.startswith(_OURS):
        raise ValueError("no class of ours")
    try:
        definition: Any = importlib.import_module(module)
        for part in qualified.split("."):
            definition = getattr(definition, part)
    except (AttributeError, ImportError) as error:
        raise OtherVersionError(f"another version of robustcore has written it, with a {name}") from error
    if not (isinstance(definition, type) and dataclasses.is_dataclass(definition)):
        raise ValueError("no dataclass")
    fields = {field.name: field for field in dataclasses.fields(definition) if field.init}
    nothing = dataclasses.MISSING
    needed = {n for n, f in fields.items() if f.default is nothing and f.default_factory is nothing}
    if not needed <= given <= set(fields):
        raise OtherVersionError(f"another version of robustcore has written it, with other fields of {qualified}")
    return definition


def _array(value: np.ndarray[Any, Any]) -> dict[str, Any]:
    if value.dtype.hasobject:
        return {"shape": list(value.shape), "values": [encode(each) for each in value.ravel().tolist()]}
    data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode("ascii")
    return {"shape": list(value.shape), "dtype": value.dtype.str, "data": data}


def _read_array(content: Mapping[str, Any]) -> np.ndarray[Any, Any]:
    shape = tuple(content["shape"])
    if "values" in content:
        values = np.empty(len(content["values"]), object)
        values[:] = [decode(each) for each in content["values"]]
        return values.reshape(shape)
    data = base64.b64decode(content["data"], validate=True)
    return np.frombuffer(data, np.dtype(content["dtype"])).reshape(shape).copy()


def _series(value: pd.Series[Any]) -> dict[str, Any]:
    return {"name": encode(value.name), "index": _index(value.index), **_column(value)}


def _read_series(content: Mapping[str, Any]) -> pd.Series[Any]:
    column = _read_column(content)
    return pd.Series(column, index=_read_index(content["index"]), name=decode(content["name"]))


def _table(value: pd.DataFrame) -> dict[str, Any]:
    columns = [_column(value.iloc[:, place]) for place in range(value.shape[1])]
    return {"index": _index(value.index), "names": _index(value.columns), "columns": columns}


def _read_table(content: Mapping[str, Any]) -> pd.DataFrame:
    columns = dict(enumerate(_read_column(each) for each in content["columns"]))
    index = _read_index(content["index"])
    table = pd.DataFrame(
        {place: pd.Series(column, index=index) for place, column in columns.items()}, index=index, columns=list(columns)
    )
    table.columns = _read_index(content["names"])
    return table


def _index(index: pd.Index[Any]) -> dict[str, Any]:
    if isinstance(index, pd.RangeIndex) and index.name is None and (index.start, index.step) == (0, 1):
        return {"range": len(index)}
    if isinstance(index, pd.MultiIndex):
        return {"levels": [encode(each) for each in index.to_list()], "names": [encode(name) for name in index.names]}
    return {"name": encode(index.name), **_column(index.to_series())}


def _read_index(content: Mapping[str, Any]) -> pd.Index[Any]:
    if "range" in content:
        return pd.RangeIndex(content["range"])
    if "levels" in content:
        levels = [decode(each) for each in content["levels"]]
        return pd.MultiIndex.from_tuples(levels, names=[decode(name) for name in content["names"]])
    index: pd.Index[Any] = pd.Index(_read_column(content), name=decode(content["name"]))
    return index


def _column(values: pd.Series[Any]) -> dict[str, Any]:
    if str(values.dtype) in _PLAIN_DTYPES:
        # None is NaN there: most of such tables are read by people too.
        written = [None if each != each else encode(each) for each in values.tolist()]
    else:
        written = [None if each is pd.NA else encode(each) for each in values.tolist()]
    return {"dtype": str(values.dtype), "values": written}


def _read_column(content: Mapping[str, Any]) -> Any:
    dtype, written = content["dtype"], content["values"]
    if dtype == "float64":
        return np.array([math.nan if each is None else decode(each) for each in written], float)
    values = [decode(each) for each in written]
    if dtype == "object":
        column = np.empty(len(values), object)
        column[:] = values
        return column
    return pd.array(values, dtype=dtype) if dtype not in _PLAIN_DTYPES else np.array(values, dtype)


# Kind -> type, how it is written, how it is read.
_KINDS: dict[str, tuple[type, Callable[[Any], Any], Callable[[Any], Any]]] = {
    "tuple": (tuple, lambda v: [encode(each) for each in v], lambda c: tuple(decode(each) for each in c)),
    "mapping": (
        dict,
        lambda v: [[encode(key), encode(each)] for key, each in v.items()],
        lambda c: {decode(key): decode(each) for key, each in c},
    ),
    "note": (
        Note,
        lambda v: [v.kind, v.home, [[name, encode(each)] for name, each in v.fields]],
        lambda c: Note(c[0], tuple((name, decode(each)) for name, each in c[2]), c[1]),
    ),
    "array": (np.ndarray, _array, _read_array),
    "series": (pd.Series, _series, _read_series),
    "table": (pd.DataFrame, _table, _read_table),
}
