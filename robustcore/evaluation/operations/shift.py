"""Natural shifts: other images of the same classes, scored as they are, and compared with the clean dataset.

A condition names the shifted set and, under `clean`, what it is a shift of: "scenes" or "imagenet". That dataset is the one
that is evaluated, so that its clean accuracy stands in the table, the denominator of APP. A limit takes the first images
of each set: n of the clean ones, n of the shifted ones. Unknown shapes have no right answer: their accuracy is undefined,
and a model's stored answers show how well it notices them (`metrics.detection`).

A controlled shift changes one factor of the test images of scenes, "factor/size" say, with a strength (`datasets.scenes.factors`); one
without a strength stands for those of its levels.

A shift of one's own is a folder of the same classes: its name begins with "own/", and its parameter "folder" is the folder's path,
which suite files write relative to themselves. It is a shift of whatever dataset is evaluated. Its fingerprint is that of the images,
wherever they are.
"""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from robustcore.corruptions import suites
from robustcore.datasets import imagenet_shifts
from robustcore.datasets._base import Dataset, Preparable
from robustcore.datasets.folder import Folder, FolderShift
from robustcore.datasets.imagenet_shifts import ImageNetShift
from robustcore.datasets.scenes import FACTORS, SHIFTS, FactorScenes, Scenes, ShiftedScenes, check_factors
from robustcore.errors import DatasetError, InvalidArgumentError, UnknownNameError
from robustcore.evaluation.condition import Condition
from robustcore.evaluation.operations._base import Operation, registry
from robustcore.images.preparation import Preparation

_SCENES = tuple(f"scenes/{name}" for name in SHIFTS)
FACTOR = "factor/"  # before the names of controlled shifts
FACTORS_SUITE = "factors"
_FACTORS = tuple(f"{FACTOR}{name}" for name in FACTORS)
_KEPT = 16
OWN = "own/"  # before the names of shifts of one's own
FOLDER = "folder"

suites.register(
    "scenes-shifts",
    title="Shifted scenes",
    order=310,
    kind="shift",
    description="Scenes under natural shifts: replication, sketch, rendition, viewpoint, filtered; and unknown shapes.",
    conditions=lambda: [_condition(name) for name in _SCENES],
)
suites.register(
    FACTORS_SUITE,
    title="Controlled factors of scenes",
    order=315,
    kind="shift",
    description="The test images of scenes with one factor changed: size, viewpoint, country, occlusion, year, camera, zoom.",
    conditions=lambda: [controlled(name, level) for name in FACTORS for level in FACTORS[name].levels],
)
suites.register(
    "imagenet-shifts",
    title="ImageNet shifts",
    order=320,
    kind="shift",
    description="ImageNet's natural shifts, -A, -R, -Sketch, -V2 and ObjectNet, from folders of this machine.",
    conditions=lambda: [_condition(name) for name in imagenet_shifts.here() or imagenet_shifts.LAYOUTS],
)


class NaturalShift(Operation):
    """A shifted set of scenes or of ImageNet."""

    kind = "shift"

    def __init__(self) -> None:
        self._sets: OrderedDict[tuple[Any, ...], Dataset] = OrderedDict()
        self._contents: dict[tuple[Any, ...], str] = {}

    def expand(self, condition: Condition, severities: Sequence[int] | None) -> Sequence[Condition]:
        if condition.name in _FACTORS and not condition.params:
            levels = FACTORS[_short(condition.name)].levels if condition.strength is None else [condition.strength]
            open_ = dataclasses.replace(condition, params=(("clean", "scenes"),))
            return [dataclasses.replace(open_, strength=level) for level in levels]
        if condition.params or condition.name not in (*_SCENES, *imagenet_shifts.LAYOUTS):
            return [condition]
        return [dataclasses.replace(condition, params=(("clean", _clean(condition.name)),))]

    def check(self, condition: Condition) -> None:
        if _is_own(condition):
            _check_own(condition)
            return
        names = (*_SCENES, *_FACTORS, *imagenet_shifts.LAYOUTS)
        if condition.name not in names:
            raise UnknownNameError("shift", condition.name, names)
        if condition.name in _FACTORS:
            _check_strength(condition)
        elif condition.severity is not None or condition.strength is not None or condition.variant is not None:
            raise InvalidArgumentError(f"The shift {condition.name} has no severity, strength or variant.")
        if condition.storage != "memory":
            raise InvalidArgumentError("Shifted images are scored as they are: their storage is 'memory'.")
        if condition.parameters != {"clean": _clean(condition.name)}:
            raise InvalidArgumentError(
                f"A shift names its clean dataset and nothing else; {condition.name} is one of {_clean(condition.name)!r}, "
                f"and was given {condition.parameters}."
            )

    def portable(self, condition: Condition) -> Condition:
        return dataclasses.replace(condition, params=()) if _is_own(condition) else condition

    def missing(self, condition: Condition, base: Dataset) -> str:
        if _is_own(condition):
            try:
                self.dataset(condition, base)
            except DatasetError as error:
                return str(error).removesuffix(".")
        return super().missing(condition, base)

    def identity(self, condition: Condition) -> Mapping[str, Any]:
        if _is_own(condition):
            return {"revision": 1, "set": self._own_content(condition.parameters[FOLDER])}
        return {"revision": 1, "set": self._content(condition.name)}

    def is_random(self, condition: Condition) -> bool:
        return False

    def unlabelled(self, condition: Condition) -> str:
        if condition.name == "scenes/unknown":
            return "unknown shapes have no right answer: see how well they are detected"
        return ""

    def dataset(self, condition: Condition, base: Dataset) -> Dataset:
        """The shifted set, at the clean dataset's side and for scenes of its seed."""
        if _is_own(condition):
            folder = condition.parameters[FOLDER]
            key: tuple[Any, ...] = (folder, base.fingerprint, self._own_content(folder))
        elif condition.name in (*_SCENES, *_FACTORS):
            if not isinstance(base, Scenes) or base.split != "test":
                what = f"{base.name} ({base.split})"
                raise DatasetError(f"{condition.name} is a shift of scenes (test), and is not evaluated with {what}.")
            key = (condition.name, condition.strength, base.side, base.seed)
        else:
            if base.name == "scenes" or base.name in _SCENES:
                raise DatasetError(f"{condition.name} is a shift of ImageNet, and is not evaluated with {base.name}.")
            key = (condition.name, base.side, _preparation(base), tuple(base.classes), *_seen(condition.name))
        if key not in self._sets:
            own = _is_own(condition)
            self._sets[key] = _load_own(condition, base) if own else _load(condition, base)
            while len(self._sets) > _KEPT:
                self._sets.popitem(last=False)
        return self._sets[key]

    def among(
        self, condition: Condition, dataset: Dataset
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] | None:
        if isinstance(dataset, ImageNetShift) and len(dataset.among) < len(dataset.classes):
            return dataset.among, dataset.counted_as
        return None

    def _own_content(self, folder: str) -> str | None:
        """The digest of a folder's images; None where it is not here, which `missing` says in a sentence. It is taken anew
        each time: only files that have changed are read again."""
        try:
            return Folder(folder).fingerprint
        except DatasetError:
            return None

    def _content(self, name: str) -> str | None:
        """The digest of a set; None for a folder that is not here, which `dataset` says in a sentence."""
        if name in (*_SCENES, *_FACTORS):
            key: tuple[Any, ...] = (name,)
        else:
            try:
                key = (name, *_seen(name))
            except DatasetError:
                return None
        if key not in self._contents:
            self._contents[key] = _digest(name)
        return self._contents[key]


def controlled(factor: str, strength: float) -> Condition:
    """The condition of a controlled shift of scenes.

    Args:
        factor: a key of `datasets.scenes.FACTORS`.
        strength: in the factor's range.
    """
    return Condition("shift", f"{FACTOR}{factor}", strength=strength, params=(("clean", "scenes"),))


def own(name: str, folder: str) -> Condition:
    """The condition of a shift of one's own.

    Args:
        name: what it is called, without "own/".
        folder: the absolute path of its folder.
    """
    condition = Condition("shift", f"{OWN}{name.removeprefix(OWN)}", params=((FOLDER, folder),))
    _check_own(condition)
    return condition


def folders(conditions: Iterable[Condition]) -> list[str]:
    """The folders of the shifts of one's own among some conditions."""
    return list(dict.fromkeys(c.parameters[FOLDER] for c in conditions if c.kind == "shift" and _is_own(c)))


def _is_own(condition: Condition) -> bool:
    return condition.name.startswith(OWN)


def _check_own(condition: Condition) -> None:
    others = (condition.severity, condition.strength, condition.variant)
    if (
        set(condition.parameters) != {FOLDER}
        or any(each is not None for each in others)
        or condition.storage != "memory"
    ):
        raise InvalidArgumentError(
            f"A shift of one's own has a name and a folder and nothing else; {condition.name} has {condition.to_dict()}. Suite files "
            'write it as kind = "shift", name = "night", folder = "night".'
        )


def _check_strength(condition: Condition) -> None:
    if condition.severity is not None or condition.variant is not None:
        raise InvalidArgumentError(f"The shift {condition.name} has a strength, and no severity or variant.")
    if not isinstance(condition.strength, float):
        raise InvalidArgumentError(
            f"The shift {condition.name} has a number as its strength, not {condition.strength!r}."
        )
    check_factors({_short(condition.name): condition.strength})


def _load_own(condition: Condition, base: Dataset) -> Dataset:
    return FolderShift(
        condition.parameters[FOLDER], base.classes, base.side, preparation=_preparation(base), name=condition.name
    )


def _condition(name: str) -> Condition:
    return Condition("shift", name, params=(("clean", _clean(name)),))


def _clean(name: str) -> str:
    return "scenes" if name in (*_SCENES, *_FACTORS) else "imagenet"


def _short(name: str) -> str:
    return name.rpartition("/")[2]


def _digest(name: str) -> str:
    """Of a set's images; of a factor's without the strength, which is the condition's."""
    if name in _FACTORS:
        return FactorScenes({_short(name): 0.0}, 1).fingerprint
    return ShiftedScenes(_short(name)).fingerprint if name in _SCENES else imagenet_shifts.content(name)


def _load(condition: Condition, base: Dataset) -> Dataset:
    if condition.name in _FACTORS and isinstance(base, Scenes):
        assert isinstance(condition.strength, float)
        return FactorScenes({_short(condition.name): condition.strength}, side=base.side, seed=base.seed)
    if isinstance(base, Scenes):
        return ShiftedScenes(_short(condition.name), side=base.side, seed=base.seed)
    return ImageNetShift(condition.name, base.classes, base.side, preparation=_preparation(base))


def _preparation(base: Dataset) -> Preparation | None:
    """How the clean folder's images are prepared, where they are prepared at all."""
    return base.preparation if isinstance(base, Preparable) else None


def _seen(name: str) -> tuple[str, int]:
    """A folder and its last change, so that one that was replaced is read again."""
    folder = imagenet_shifts.find(name)
    return str(folder), folder.stat().st_mtime_ns


registry.add("shift", NaturalShift())
