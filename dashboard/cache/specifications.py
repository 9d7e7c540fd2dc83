"""Specifications judged on what is stored."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from dashboard.cache import datasets, overlaps, results
from dashboard.cache.datasets import Data
from dashboard.cache.expiry import reads_results
from dashboard.session import roots

if TYPE_CHECKING:
    import pandas as pd

    from robustcore.datasets import Dataset
    from robustcore.evaluation import Subject
    from robustcore.evaluation.request import EvaluationRequest
    from robustcore.reports.provenance import Provenance
    from robustcore.reports.specification import Specification
    from robustcore.reports.specification.promise import Promise


@dataclasses.dataclass(frozen=True)
class Judged:
    """A specification, and whether models meet it.

    Attributes:
        spec: the specification, on the chosen dataset.
        table: as `robustcore.reports.specification.judge` returns it.
        missing: evaluations that are still needed.
        provenance: where the results come from.
    """

    spec: Specification
    table: pd.DataFrame
    missing: tuple[EvaluationRequest, ...]
    provenance: Provenance


def judged(text: str, file: str, models: tuple[str, ...], data: Data) -> Judged:
    """A specification's text judged for some models; `file` is what errors call it.

    Raises:
        RobustcoreError: a specification that cannot be used, a dataset or a reference that is not here.
    """
    from robustcore.reports import specification

    images = datasets.evaluated_dataset(data)
    spec = dataclasses.replace(specification.parse(text, file), dataset=data.name, split=images.split)
    subjects = tuple(results.subject(name, data) for name in models)
    # A reference is a name that somebody wrote into a file: it is confined as one that is typed on a page.
    references = tuple(
        dataclasses.replace(results.subject(roots.model(name), data), name=name)
        for name in spec.references
        if name not in models
    )
    return _judged(text, file, data.name, images.fingerprint, subjects, references, _spec=spec, _dataset=images)


@reads_results(max_entries=8)
def _judged(
    text: str,
    file: str,
    dataset: str,
    fingerprint: str,
    subjects: tuple[Subject, ...],
    references: tuple[Subject, ...],
    *,
    _spec: Specification,
    _dataset: Dataset,
) -> Judged:
    from robustcore.reports import specification

    evidence = specification.gather(_spec, subjects, references=references, dataset=_dataset)
    assert evidence.provenance is not None
    missing = tuple(specification.request(_spec, need) for need in specification.missing(_spec, evidence))
    return Judged(_spec, specification.judge(_spec, evidence), missing, evidence.provenance)


def promise(spec: Specification, images: int) -> Promise:
    """What a specification promises, by the atlas of overlaps that has most of its corruptions.

    Args:
        spec: the specification.
        images: how many images its rows are judged on.
    """
    from robustcore.errors import InvalidArgumentError
    from robustcore.reports.overlap.atlas import MEAN
    from robustcore.reports.specification import promise

    entry = promise.entry_for(spec, overlaps.entries()[0])
    if entry is None:
        return promise.of(spec, images)
    key = overlaps.key(entry, "residual", MEAN)
    matrix = overlaps.measured(key)
    try:
        found = overlaps.categories(key, "k-means", overlaps.RULE, 0)
    except InvalidArgumentError:
        return promise.of(spec, images, entry, matrix)
    return promise.of(spec, images, entry, matrix, found, promise.category_names(entry, found))
