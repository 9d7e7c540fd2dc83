"""Results of released corruptions by what is stored alone: the set's folder may be on another machine."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Sequence

from robustcore.datasets._base import Dataset, prepared_for
from robustcore.evaluation.condition import RELEASED, Condition
from robustcore.evaluation.plan import Cell, Key, Subject
from robustcore.evaluation.store import queries
from robustcore.evaluation.store.store import Store


@dataclasses.dataclass(frozen=True)
class ReleasedResults:
    """What is stored of one released corruption at one severity.

    Attributes:
        condition: with the folder of the set where it was evaluated first.
        fingerprint: of the condition, by the files' content.
        models: how many have results under it.
        images: the most that one of them was scored on.
    """

    condition: Condition
    fingerprint: str
    models: int
    images: int


def listing(store: Store, datasets: Collection[str], models: Collection[str]) -> list[ReleasedResults]:
    """The released corruptions that some models have results under, by the fingerprints of models and data sets."""
    by_fingerprint: dict[str, ReleasedResults] = {}
    for layer in store.layers():
        with layer.open() as connection:
            for canonical, fingerprint, count, images in queries.released(connection, datasets, models):
                before = by_fingerprint.get(fingerprint)
                by_fingerprint[fingerprint] = ReleasedResults(
                    Condition.from_dict(json.loads(canonical)) if before is None else before.condition,
                    fingerprint,
                    count + (before.models if before else 0),
                    max(images, before.images if before else 0),
                )
    return list(by_fingerprint.values())


def most_evaluated(results: Sequence[ReleasedResults]) -> dict[tuple[str, int | None], ReleasedResults]:
    """(corruption, severity) -> its results; of several released files those with the most models, then images, count."""
    best: dict[tuple[str, int | None], ReleasedResults] = {}
    for each in results:
        place = (each.condition.name, each.condition.severity)
        before = best.get(place)
        if before is None or (each.models, each.images) > (before.models, before.images):
            best[place] = each
    return best


def cells(
    store: Store, subjects: Sequence[Subject], dataset: Dataset, conditions: Sequence[Condition], *, limit: int | None
) -> tuple[list[Cell], list[str]]:
    """The cells of released corruptions as they are stored, condition by condition, model by model.

    Args:
        store: of results.
        subjects, dataset: what was evaluated.
        conditions: those that are asked for; the folder of the set is not looked at.
        limit: images, at most; default all that are stored.

    Returns:
        the cells; one without results has an empty fingerprint. And the names of the corruptions that several releases have
        results of, of which the most evaluated counts.
    """
    prints = {subject: prepared_for(dataset, subject.preparation).fingerprint for subject in subjects}
    listed = listing(store, set(prints.values()), {subject.fingerprint for subject in subjects})
    best = most_evaluated(listed)
    planned = []
    for condition in conditions:
        stored = best.get((condition.name, condition.severity))
        images = stored.images if stored else len(dataset)
        size = images if limit is None else min(limit, images)
        bare = dataclasses.replace(condition, storage=RELEASED, variant=None, params=())
        for subject in subjects:
            own = "" if prints[subject] == dataset.fingerprint else str(subject.preparation)
            key = Key(subject.fingerprint, prints[subject], stored.fingerprint if stored else "", 0, "float32")
            planned.append(
                Cell(key, subject, dataset.name, dataset.split, stored.condition if stored else bare, size, own)
            )
    places = [(each.condition.name, each.condition.severity) for each in listed]
    return planned, sorted({name for name, severity in places if places.count((name, severity)) > 1})
