"""Arguments as people write them, brought into one form: NumPy's numbers, 3.0 for 3, Series, one name for a list of one.

Every public function reads its arguments here. What stands for no value is refused in one sentence: it says what is
allowed and what came. True and False are no numbers.
"""

from __future__ import annotations

import math
import numbers
import os
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn

from robustcore.errors import InvalidArgumentError, UnknownNameError

LARGEST_SEED = (1 << 63) - 1
SEED = "A seed is an integer from 0 to 2**63 - 1"
_TIMES = (np.datetime64, np.timedelta64)  # NumPy counts the second among its integers


def refuse(rule: str, value: object, hint: str = "") -> InvalidArgumentError:
    """The error for a value: the rule is a sentence without its full stop."""
    return InvalidArgumentError(f"{rule}, not {describe(value)}{'; ' + hint if hint else ''}.")


def describe(value: object) -> str:
    """A value in a few signs: plain values as they are written, large things by their type."""
    plain = scalar(value)
    if plain is None or isinstance(plain, (bool, int, float, str)):
        return reprlib.repr(plain)
    if isinstance(plain, (list, tuple)):
        return reprlib.repr([item if item is None else scalar(item) for item in plain[:7]])
    if isinstance(plain, (np.ndarray, Tensor, pd.Series, pd.DataFrame)):
        return f"{_article(plain)} of shape {tuple(plain.shape)}"
    return _article(plain)


def _article(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


def scalar(value: Any) -> Any:
    """The plain value of a number, text or flag of NumPy or torch, or of an array without axes; anything else as it is."""
    if isinstance(value, (bool, int, float)) and type(value) in (bool, int, float):
        return value
    if isinstance(value, (np.generic, np.ndarray, Tensor)) and not isinstance(value, _TIMES) and value.ndim == 0:
        try:
            value = value.item()
        except (RuntimeError, NotImplementedError):  # a tensor without values, as on the device "meta"
            return value
        if isinstance(value, np.longdouble):  # what NumPy has no plain form of
            return float(value)
    if isinstance(value, str):
        return str(value)
    return value


def real(value: Any) -> int | float | None:
    """The value as a plain int or float; None if it is no number. NaN and infinity are floats."""
    value = scalar(value)
    if isinstance(value, (bool, *_TIMES)) or not isinstance(value, numbers.Real):
        return None
    if isinstance(value, numbers.Integral):
        return int(value)
    try:
        return float(value)
    except (OverflowError, ValueError, TypeError):
        return None


def integer(value: Any) -> int | None:
    """The value as a plain int, 3.0 as 3; None if it is no whole number."""
    plain = real(value)
    if plain is None or isinstance(plain, int):
        return plain
    return int(plain) if math.isfinite(plain) and plain == int(plain) else None


def whole(value: Any, rule: str, *, low: int = 0, high: int | None = None, hint: str = "") -> int:
    """A whole number from `low` to `high`."""
    plain = integer(value)
    if plain is None or plain < low or (high is not None and plain > high):
        raise refuse(rule, value, hint)
    return plain


def number(value: Any, rule: str, *, low: float = -math.inf, high: float = math.inf) -> float:
    """A finite number from `low` to `high`."""
    plain = real(value)
    if plain is None or not math.isfinite(plain) or not low <= plain <= high:
        raise refuse(rule, value)
    return float(plain)


def seed(value: Any) -> int:
    """The seed of random draws."""
    return whole(value, SEED, high=LARGEST_SEED)


def limit(value: Any) -> int | None:
    """How many images to take, or None for all."""
    if value is None:
        return None
    return whole(value, "A limit is a number of images, 1 or more", low=1, hint="leave it out for all")


def share(value: Any, what: str) -> float:
    """A number between 0 and 1, neither of them."""
    rule = f"A {what} is between 0 and 1"
    if not 0 < (plain := number(value, rule)) < 1:
        raise refuse(rule, value)
    return plain


def flag(value: Any, rule: str) -> bool:
    """True or False."""
    plain = scalar(value)
    if not isinstance(plain, bool):
        raise refuse(rule, value)
    return plain


def text(value: Any, rule: str) -> str:
    """A text that names something."""
    plain = scalar(value)
    if not isinstance(plain, str):
        raise refuse(rule, value)
    return plain


def choice(value: Any, allowed: Iterable[str], kind: str) -> str:
    """One of some names; an unknown one is answered with the nearest."""
    plain, names = scalar(value), list(allowed)
    if not isinstance(plain, str) or plain not in names:
        raise UnknownNameError(kind, plain if isinstance(plain, str) else describe(value), names)
    return plain


def one_of(value: Any, allowed: Sequence[str], what: str) -> str:
    """One of a few names; the others are listed."""
    plain = scalar(value)
    if not isinstance(plain, str) or plain not in allowed:
        raise refuse(f"{what} is one of {', '.join(allowed)}", value)
    return plain


def is_name(value: Any) -> bool:
    """Whether it is a name or a path."""
    return isinstance(value, (str, os.PathLike))


def name(value: Any, rule: str) -> str:
    """A name, or a path as text."""
    if is_name(value):
        text = os.fspath(value)
        if isinstance(text, str):
            return str(text)
    raise refuse(rule, value)


def several(value: Any, rule: str, *, one: type | tuple[type, ...] = ()) -> list[Any]:
    """A list of things; a name, a path, a number or one thing of the types `one` stands for a list of itself."""
    plain = scalar(value)
    if is_name(plain) or real(plain) is not None or isinstance(plain, one):
        return [plain]
    if isinstance(plain, (pd.Series, pd.Index)):
        return [scalar(item) for item in plain]
    if isinstance(plain, (np.ndarray, Tensor)) and plain.ndim == 1:
        return [scalar(item) for item in plain]
    # A network that is a list of layers is one thing, and a table of things has no order that counts.
    if not isinstance(plain, Iterable) or isinstance(
        plain, (bytes, bytearray, Mapping, np.ndarray, Tensor, pd.DataFrame, nn.Module)
    ):
        raise refuse(rule, value)
    return [item if isinstance(item, one) else scalar(item) for item in plain]


def names(value: Any, rule: str) -> list[str]:
    """A list of names; one name stands for a list of itself."""
    return [name(item, rule) for item in several(value, rule)]


def array(values: Any, rule: str) -> npt.NDArray[Any]:
    """The values of a list, array, tensor, Series or table of one column, in their order."""
    if isinstance(values, pd.DataFrame) and values.shape[1] == 1:
        values = values.iloc[:, 0]
    try:
        if isinstance(values, Tensor):
            tensor = values.detach().cpu()
            return (tensor.double() if tensor.dtype == torch.bfloat16 else tensor).numpy()
        if isinstance(values, (pd.Series, pd.Index)):
            return values.to_numpy()
        if isinstance(values, np.ndarray):
            return np.asarray(values)
        if isinstance(values, Iterable) and not isinstance(values, (str, bytes, bytearray, Mapping, set, frozenset)):
            plain = [scalar(item) for item in values]
            joined = np.array(plain)
            # Numbers among texts became texts: what stands in the list is what counts.
            return np.array(plain, dtype=object) if joined.dtype.kind in "US" else joined
        if real(values) is not None:
            return np.asarray(scalar(values))
    except (TypeError, ValueError, OverflowError, RuntimeError, NotImplementedError):
        pass  # ragged lists, numbers beyond 64 bits, tensors without values
    raise refuse(rule, values)


def whole_numbers(values: Any, n: int, what: str, *, classes: Sequence[str] | None = None) -> Tensor:
    """(N,) int64 on the CPU from N whole numbers, 0 or more; with `classes` also from the classes' names."""
    rule = f"{what.capitalize()}s are one whole number for each of the {n} images"
    numbers = array(values, rule)
    if numbers.shape != (n,):
        raise InvalidArgumentError(f"There are {n} images, but the {what}s have shape {numbers.shape}.")
    if numbers.dtype.kind in "OUST":
        numbers = np.array([_number_of(item, what, classes) for item in numbers], dtype=object)
    elif numbers.dtype.kind == "f":
        if not (np.isfinite(numbers) & (numbers == np.floor(numbers))).all():
            worst = numbers[~(np.isfinite(numbers) & (numbers == np.floor(numbers)))][0]
            raise InvalidArgumentError(f"{what.capitalize()}s are whole numbers; {worst:g} is among these.")
    elif numbers.dtype.kind not in "iu":
        raise InvalidArgumentError(f"{what.capitalize()}s are whole numbers; these are {numbers.dtype}.")
    if n and numbers.min() < 0:
        raise InvalidArgumentError(f"A {what} is 0 or more, not {int(numbers.min())}.")
    if n and int(numbers.max()) > LARGEST_SEED:
        raise InvalidArgumentError(f"A {what} is at most 2**63 - 1, not {int(numbers.max())}.")
    return torch.from_numpy(numbers.astype(np.int64))


def _number_of(item: Any, what: str, classes: Sequence[str] | None) -> int:
    if isinstance(item, str) and classes is not None:
        return list(classes).index(choice(item, classes, "class of the model"))
    if isinstance(item, str):
        raise InvalidArgumentError(
            f"{what.capitalize()}s are whole numbers; {item[:80]!r} is a name, and there are no class names to look it up "
            "among: a robustcore.models.Classifier has them on its Card."
        )
    plain = integer(item)
    if plain is None:
        raise InvalidArgumentError(f"{what.capitalize()}s are whole numbers; {describe(item)} is among these.")
    return plain


def real_numbers(values: Any, rule: str) -> Tensor:
    """float64 of any shape on the CPU from one number or many."""
    numbers = array(values, rule)
    if numbers.dtype.kind == "O":
        plain = [real(item) for item in numbers.ravel()]
        if any(item is None for item in plain):
            raise refuse(rule, values)
        numbers = np.array(plain, dtype=np.float64).reshape(numbers.shape)
    if numbers.dtype.kind not in "iuf":
        raise refuse(rule, values)
    return torch.from_numpy(numbers.astype(np.float64))


def table(value: Any, what: str = "table") -> pd.DataFrame:
    """A table of pandas."""
    if not isinstance(value, pd.DataFrame):
        raise refuse(f"The {what} is a DataFrame of pandas", value)
    return value


def no_plain_module(value: Any) -> None:
    """Raise one sentence for a network that nothing is known of: neither its classes nor its input side."""
    if isinstance(value, nn.Module):
        raise InvalidArgumentError(
            f"{type(value).__name__} is a network alone; an evaluation needs to know its classes and its normalisation too: "
            "robustcore.evaluate(network, ..., classes=10, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25)), where classes are a "
            "number, names in the order of the logits, 'imagenet' or a file; or wrap it yourself: "
            "robustcore.models.Classifier(network, robustcore.models.Card(name, classes, side, dataset), mean=..., std=...)."
        )
