"""What worker processes do for the page Detection: keep outputs part by part, score them, and follow one image."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from dashboard.workers import tasks

if TYPE_CHECKING:
    from torch import Tensor

    from dashboard.workers.tasks import ImagesKey, ModelKey
    from robustcore.datasets import Dataset
    from robustcore.models import Classifier
    from robustcore.reports.detection import Course, DetectionReport, UnknownSet


@dataclasses.dataclass(frozen=True)
class Case:
    """What a detection is of.

    Attributes:
        model: that is asked.
        images: of classes that it knows.
        validation: those that scores are fitted on; None for none.
        limit: the number of images of each set, the first ones.
        dropout: whether scores of passes with dropout on are among them; each image then takes 20 passes more.
    """

    model: ModelKey
    images: ImagesKey
    validation: ImagesKey | None
    limit: int
    dropout: bool = False


@dataclasses.dataclass(frozen=True)
class SetKey:
    """A set of unknown images.

    Attributes:
        name: a kind of noise, a data set, the path of a folder, or what `images` are called.
        title: of `images`.
        images: uint8 (3, side, side) each, of a set that lies in memory.
    """

    name: str
    title: str = ""
    images: tuple[Tensor, ...] = ()


def keep_known(case: Case, stop: int) -> int:
    """Compute and keep the outputs for the first known images; the number of them."""
    return _keep(case, tasks.images_of(case.images), stop, passes=True)


def keep_validation(case: Case, stop: int) -> int:
    """The same for validation images."""
    assert case.validation is not None
    return _keep(case, tasks.images_of(case.validation), stop, passes=False)


def keep_unknown(case: Case, of_set: SetKey, stop: int) -> int:
    """The same for a set of unknown images."""
    from robustcore.datasets import prepared_for
    from robustcore.reports import detection

    known = prepared_for(tasks.images_of(case.images), tasks.model_of(case.model).card.own_preparation)
    (resolved,) = detection.resolved([_named(of_set)], known)
    return _keep(case, resolved.images, stop, passes=True)


def detected(case: Case, sets: tuple[SetKey, ...]) -> DetectionReport:
    """Scores x sets; the sets themselves, whose images nobody sends, are left out."""
    from robustcore.reports import detection

    report = detection.detect(
        tasks.model_of(case.model),
        tasks.images_of(case.images),
        [_named(each) for each in sets],
        score_names=_scores(case),
        validation=_validation(case),
        limit=case.limit,
    )
    return dataclasses.replace(report, sets=())


def followed(case: Case, images: Tensor, score: str, among: tuple[int, ...]) -> Course:
    """Answers and scores along the way of one image; `among`, as in the report."""
    from robustcore.reports import detection

    model = tasks.model_of(case.model)
    return detection.follow(model, images, score, validation=_validation(case), limit=case.limit, among=among)


def _keep(case: Case, images: Dataset, stop: int, *, passes: bool) -> int:
    from robustcore.datasets import prepared_for
    from robustcore.detection import kept_outputs
    from robustcore.reports import detection

    model: Classifier = tasks.model_of(case.model)
    needed = detection.needed(model, _validation(case), _scores(case))
    prepared = prepared_for(images, model.card.own_preparation)
    outputs = kept_outputs.outputs_of(
        model, prepared, stop, features=needed.features, passes=needed.passes if passes else 0
    )
    return len(outputs)


def _scores(case: Case) -> list[str]:
    from robustcore.detection import scores

    return [each.name for each in scores.registry.registered() if case.dropout or not each.passes]


def _validation(case: Case) -> Dataset | None:
    return None if case.validation is None else tasks.images_of(case.validation)


def _named(of_set: SetKey) -> str | UnknownSet:
    from robustcore.reports import detection

    return detection.of_images(of_set.name, of_set.title, of_set.images) if of_set.images else of_set.name
