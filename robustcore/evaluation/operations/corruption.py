"""Corruptions: what `robustcore.corrupt` does, on a shard.

An open corruption, one without severity and strength, stands for the severities that are asked for. If none are, it
stands for 1..5 where its constants are tables, and for one condition with a strength drawn uniformly in the range for
each image where it has a continuous range, as Laugros' thesis evaluates those. A corruption that is defined without
severities is one condition, whatever severities are asked for.

With the storage "released" the images are not made but read: from the released set whose folder is the parameter "set".
Then the fingerprint is that of the files, wherever they are.
"""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

from robustcore import corruptions
from robustcore.datasets._base import Dataset
from robustcore.datasets.released.released_set import ReleasedImages, ReleasedSet, absent_note
from robustcore.errors import DatasetError, InvalidArgumentError, UnknownNameError
from robustcore.evaluation.condition import RELEASED, SET, Condition
from robustcore.evaluation.operations._base import Applied, Operation, Part, registry
from robustcore.models.classifier import Classifier
from robustcore.notes import Note

# Raised when the second JPEG of storage "jpeg85" gives other pixels.
STORAGE_REVISION = 1
_KEPT = 256  # released conditions whose images are matched


class Corrupt(Operation):
    """A registered corruption at a severity or a strength."""

    kind = "corruption"

    def __init__(self) -> None:
        self._matched: OrderedDict[tuple[str, ...], ReleasedImages] = OrderedDict()

    def expand(self, condition: Condition, severities: Sequence[int] | None) -> Sequence[Condition]:
        if condition.severity is not None or condition.strength is not None:
            return [condition]
        corruption = corruptions.get(condition.name)
        if not corruption.severities:
            return [condition]
        if severities is None and corruption.ranged:
            return [dataclasses.replace(condition, strength="uniform")]
        return [dataclasses.replace(condition, severity=s) for s in severities or corruptions.SEVERITIES]

    def check(self, condition: Condition) -> None:
        corruption = corruptions.get(condition.name)
        if condition.storage == RELEASED:
            _check_released(condition)
        elif condition.params:
            raise InvalidArgumentError(
                f"A corruption has no further parameters; {condition.name} was given {condition.params[0][0]!r}."
            )
        if condition.variant is not None and condition.variant not in corruptions.VARIANTS:
            raise UnknownNameError("size variant", condition.variant, corruptions.VARIANTS)
        if condition.strength is None:
            if condition.severity is not None and not corruption.severities:
                raise InvalidArgumentError(f"{condition.name} is defined without severities; leave the severity out.")
            if condition.severity is None and corruption.severities:
                raise InvalidArgumentError(
                    f"The corruption {condition.name} needs a severity, 1 to 5"
                    + (", or a strength." if corruption.ranged else ".")
                )
            return
        if corruption.tables and condition.strength == "uniform":
            return
        if corruption.limits is None:
            instead = (
                "give a severity, 1 to 5" if corruption.severities else "it is applied as defined, without a severity"
            )
            raise InvalidArgumentError(f"{condition.name} has no continuous strength; {instead}.")
        low, high = corruption.limits
        if not isinstance(condition.strength, str) and not low <= condition.strength <= high:
            raise InvalidArgumentError(
                f"The strength of {condition.name} is in {low:g} .. {high:g}; {condition.strength:g} is not."
            )

    def portable(self, condition: Condition) -> Condition:
        return dataclasses.replace(condition, params=()) if condition.storage == RELEASED else condition

    def identity(self, condition: Condition) -> Mapping[str, Any]:
        if condition.storage == RELEASED:
            return {"set": _content(condition)}
        identity: dict[str, Any] = {"revision": corruptions.get(condition.name).revision_text(condition.strength)}
        if condition.storage != "memory":
            identity["storage_revision"] = STORAGE_REVISION
        return identity

    def missing(self, condition: Condition, base: Dataset) -> str:
        if condition.storage != RELEASED:
            return super().missing(condition, base)
        try:
            images = self.dataset(condition, base)
        except DatasetError as error:
            return str(error).removesuffix(".")
        return "" if len(images) else "it has no images"

    def left_out(self, condition: Condition, base: Dataset) -> Sequence[Note]:
        if condition.storage != RELEASED or self.missing(condition, base):
            return ()
        images = self._images(condition, base)
        return absent_note(images, _set(condition).name, condition.name, _severity(condition))

    def dataset(self, condition: Condition, base: Dataset) -> Dataset:
        """The released images where they are read and not made, else the clean ones."""
        return self._images(condition, base) if condition.storage == RELEASED else base

    def _images(self, condition: Condition, base: Dataset) -> ReleasedImages:
        place = Path(condition.parameters[SET])
        seen = str(place.stat().st_mtime_ns) if place.is_dir() else ""
        key = (str(place), seen, condition.name, str(condition.severity), base.fingerprint, str(len(base)))
        if key not in self._matched:
            self._matched[key] = _set(condition).images(base, condition.name, _severity(condition))
            while len(self._matched) > _KEPT:
                self._matched.popitem(last=False)
        return self._matched[key]

    def plugin(self, condition: Condition) -> str:
        if condition.storage == RELEASED:
            return ""
        return corruptions.get(condition.name).plugin

    def is_random(self, condition: Condition) -> bool:
        if condition.storage == RELEASED:
            return False
        # A strength that is drawn for each image is random even where the operation is not.
        return condition.strength == "uniform" or not corruptions.get(condition.name).deterministic

    def apply(
        self,
        condition: Condition,
        part: Part,
        seed: int,
        model: Classifier | None = None,
        surrogates: Mapping[str, Classifier] | None = None,
    ) -> Applied:
        if condition.storage == RELEASED:
            return Applied(part.images)
        images = corruptions.corrupt(
            part.images,
            condition.name,
            condition.severity,
            strength=cast("float | Literal['uniform'] | None", condition.strength),
            seed=seed,
            ids=part.ids,
            variant=condition.variant,
            storage=condition.storage,
        )
        return Applied(images)


def with_released(conditions: Sequence[Condition], folder: str, *, alone: bool = False) -> list[Condition]:
    """The conditions, and behind each corruption with a severity the same one as it was released.

    Args:
        folder: of the released set.
        alone: whether the released ones replace the others, which cannot be made without the clean images.

    Raises:
        DatasetError: a folder that is no released set.
    """
    root = str(ReleasedSet.at(folder).root)
    joined: dict[Condition, None] = {}
    for condition in conditions:
        makes = condition.kind == "corruption" and condition.storage != RELEASED and condition.severity is not None
        if not (alone and makes):
            joined[condition] = None
        if makes:
            joined[dataclasses.replace(condition, storage=RELEASED, variant=None, params=((SET, root),))] = None
    return list(joined)


def _check_released(condition: Condition) -> None:
    if condition.severity is None or set(condition.parameters) != {SET} or condition.variant is not None:
        raise InvalidArgumentError(
            f"A released corruption has a severity and the folder of its set, nothing else: evaluate {condition.name} with "
            "--released DIR."
        )


def _set(condition: Condition) -> ReleasedSet:
    return ReleasedSet.at(condition.parameters[SET])


def _severity(condition: Condition) -> int:
    assert condition.severity is not None
    return condition.severity


def _content(condition: Condition) -> str | None:
    """The digest of the condition's files; None where they are not here, which `missing` says in a sentence."""
    try:
        files = _set(condition)
    except DatasetError:
        return None
    if _severity(condition) not in files.severities(condition.name):
        return None
    return files.content(condition.name, _severity(condition))


registry.add("corruption", Corrupt())
