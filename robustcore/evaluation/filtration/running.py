"""All answers to a dataset, part by part; what is kept or ships is not asked again."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from robustcore import arguments, derived
from robustcore.datasets import Dataset
from robustcore.evaluation.filtration import scores, shipped
from robustcore.models.classifier import Classifier


def run(
    dataset: Dataset,
    models: Sequence[Classifier],
    *,
    crop_count: int = 10,
    limit: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> scores.Scores:
    """Ask the networks about every image; what was asked before is not asked again, in whatever process it was.

    Args:
        dataset: with labels, as it was loaded.
        models: that know its classes; 1 to 5.
        crop_count: 1, 5 or 10.
        limit: the first images only.
        progress: called with (images done, all images).

    Raises:
        InvalidArgumentError: another number of models or crops; a dataset without labels.
        DatasetError: a model that does not know the classes.
    """
    scores.check(dataset, models, crop_count)
    limit = arguments.limit(limit)
    total = len(dataset) if limit is None else min(limit, len(dataset))
    key = scores.key_of(dataset, models, crop_count)
    if (kept := shipped.of_key(key)) is not None:
        return kept.first(total)
    several = []
    for start, stop in scores.parts(total):
        part_key = scores.part_of(key, start, stop)
        several.append(
            derived.once(
                scores.KIND, part_key, functools.partial(scores.score, dataset, models, start, stop, crop_count)
            )
        )
        if progress is not None:
            progress(stop, total)
    return scores.Scores.joined(several)
