"""The softmax of many images in parts, which takes less memory and less time than all at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]
Doubles = npt.NDArray[np.float64]

_AT_ONCE = 256  # images: their probabilities of 1,000 classes stay in a core's cache


def in_parts(logits: Array, function: Callable[[Array], Array], at_once: int = _AT_ONCE) -> Doubles:
    """(n,) what a function of (m, K) logits, at most `at_once` images, gives for each of n images."""
    values = np.empty(len(logits))
    for start in range(0, len(logits), at_once):
        part = slice(start, start + at_once)
        values[part] = function(logits[part])
    return values


def softmax(logits: Array) -> Doubles:
    """(n, K) probabilities, float64."""
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=1, keepdims=True)
    np.exp(shifted, out=shifted)
    shifted /= shifted.sum(axis=1, keepdims=True)
    return shifted


def others(logits: Array) -> Doubles:
    """(n,) the sum of exp(logit - greatest logit) over all classes but one of the greatest logit.

    Without the one that is 1 exactly the sum is precise however small it is, so that it may be summed in float32.
    """
    top = logits.argmax(axis=1)[:, None]
    exps = np.exp(logits - np.take_along_axis(logits, top, axis=1))
    np.put_along_axis(exps, top, 0, axis=1)
    return np.asarray(exps.sum(axis=1), np.float64)
