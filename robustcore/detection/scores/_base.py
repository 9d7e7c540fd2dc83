"""`@score`: a number for each image that is higher the stranger the image seems to a model, and the facts about it.

A score is a function of arrays, whose parameters say what it reads:

    logits      (n, K) float32
    features    (n, D) float32, what enters the last linear layer
    passes      (T, n, K) float32, probabilities of passes with dropout on
    head        the last linear layer (`outputs.Head`), with `features`

A score that is fitted takes `validation_logits`, `validation_features` or `validation_labels`, the outputs for in-distribution validation
images, and returns the function that scores. The unknown image is the positive class, as in Basart's thesis (4.3).

    @score("margin", title="Margin", formula="second greatest logit - greatest logit")
    def margin(logits):
        best = np.sort(logits, axis=1)
        return best[:, -2] - best[:, -1]
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from robustcore.detection.outputs import Outputs
from robustcore.errors import InvalidArgumentError
from robustcore.registry import Registry

Scores = npt.NDArray[np.float64]


class Predictions(Protocol):
    """What results keep of answers (`evaluation.store.predictions.Predictions`)."""

    @property
    def logits(self) -> npt.NDArray[np.float32] | None: ...
    @property
    def log_sum_exp(self) -> npt.NDArray[np.float32] | None: ...
    @property
    def mean_logit(self) -> npt.NDArray[np.float32] | None: ...


Function = Callable[..., Any]

_READS = ("logits", "features", "passes", "head")
_VALIDATION = {f"validation_{name}": name for name in ("logits", "features", "labels")}


@dataclasses.dataclass(frozen=True)
class Score:
    """One anomaly score.

    Attributes:
        name: key.
        function: as its author wrote it.
        title: for people.
        formula: in words and signs, without a full stop.
        document: where it comes from; "" for what no document of this project has.
        summary: one sentence.
        least: the least number of validation images that it can be fitted on; 0 for a score that is not fitted.
        stored: (best logit, log-sum-exp, mean logit) -> the score, from what results keep of every answer; None where it needs more.
    """

    name: str
    function: Function
    title: str
    formula: str
    document: str
    summary: str
    least: int
    stored: Function | None = None

    @property
    def fitted(self) -> bool:
        """Whether it needs the outputs for validation images."""
        return any(name in _VALIDATION for name in self._parameters)

    @property
    def features(self) -> bool:
        """Whether it reads features, of the scored or of validation images."""
        return bool({"features", "head", "validation_features"} & self.reads)

    @property
    def passes(self) -> bool:
        """Whether it reads passes with dropout on."""
        return "passes" in self.reads

    @property
    def reads(self) -> set[str]:
        """All that it reads. What the scoring function of a fitted one reads is not known before; it may read whatever was kept."""
        return set(self._parameters)

    @property
    def _parameters(self) -> tuple[str, ...]:
        return tuple(inspect.signature(self.function).parameters)

    def bound(self, validation: Outputs | None = None) -> Callable[[Outputs], Scores]:
        """The score as a function of outputs, fitted where it has to be.

        Args:
            validation: the outputs for in-distribution validation images.

        Returns:
            outputs -> (n,) float64, NaN where the score is undefined.

        Raises:
            InvalidArgumentError: no validation images, or too few of them.
        """
        function = self.function
        if self.fitted:
            if validation is None:
                raise InvalidArgumentError(f"{self.title} is fitted on in-distribution validation images: name some.")
            if len(validation) < self.least:
                raise InvalidArgumentError(
                    f"{self.title} is fitted on at least {self.least} validation images; there are {len(validation)}."
                )
            given = {name: head_or_array(validation, _VALIDATION.get(name, name)) for name in self._parameters}
            function = self.function(**given)
        names = tuple(inspect.signature(function).parameters)
        if wrong := [name for name in names if name not in _READS]:
            raise InvalidArgumentError(
                f"The score {self.name!r} gives a function of {', '.join(wrong)}; it reads some of {', '.join(_READS)}."
            )

        def score(outputs: Outputs) -> Scores:
            values = function(**{name: head_or_array(outputs, name) for name in names})
            return np.asarray(values, np.float64).reshape(len(outputs))

        return score


def from_stored(score: Score, predictions: Predictions) -> Scores | None:
    """A score from stored predictions, (n,); None where they do not hold what it reads."""
    if score.stored is None:
        return None
    arrays = {
        "best_logit": None if predictions.logits is None else predictions.logits[..., 0],
        "log_sum_exp": predictions.log_sum_exp,
        "mean_logit": predictions.mean_logit,
    }
    read = {name: arrays[name] for name in inspect.signature(score.stored).parameters}
    if any(array is None for array in read.values()):
        return None
    return np.asarray(score.stored(**{name: np.float64(array) for name, array in read.items()}), np.float64)


def head_or_array(outputs: Outputs, name: str) -> Any:
    """One of the things that a score reads.

    Raises:
        InvalidArgumentError: it was not kept.
    """
    value = getattr(outputs, name)
    if value is None:
        raise InvalidArgumentError(f"The outputs hold no {name}, which the score reads.")
    return value


registry: Registry[Score] = Registry("score")


def score(
    name: str, *, title: str, formula: str, document: str = "", least: int = 0, stored: Function | None = None
) -> Callable[[Function], Function]:
    """Register an anomaly score; the decorated function is returned as it is.

    Args:
        name: key, in small letters.
        title: for people.
        formula: in words and signs, without a full stop.
        document: where it comes from.
        least: for a fitted score: the least number of validation images.
        stored: a function of some of best_logit, log_sum_exp and mean_logit, (n,) each, that gives the same: then the score
            needs no pass through the network where answers are stored.

    Raises:
        InvalidArgumentError: a parameter that is nothing a score can read.
    """

    def register(function: Function) -> Function:
        parameters = tuple(inspect.signature(function).parameters)
        if not parameters or any(each not in (*_READS, *_VALIDATION) for each in parameters):
            raise InvalidArgumentError(
                f"The score {name!r} takes {parameters}; a score takes some of {', '.join((*_READS, *_VALIDATION))}."
            )
        summary = (inspect.getdoc(function) or "").split("\n")[0]
        registry.add(name, Score(name, function, title, formula, document, summary, least, stored), function)
        return function

    return register
