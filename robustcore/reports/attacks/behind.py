"""What became of a model's images under one attack: which it lost and which it kept, from the stored answers."""

from __future__ import annotations

import json
from pathlib import Path

from robustcore.datasets._base import Dataset
from robustcore.evaluation import Condition, Store, Subject, plan
from robustcore.evaluation.store.correctness import answers
from robustcore.reports.compare import example_images
from robustcore.reports.compare.answers import Answers
from robustcore.reports.compare.example_images import Outcome


def outcome(
    model: Subject,
    dataset: Dataset,
    condition: str,
    *,
    limit: int,
    seed: int = 0,
    store: Store | Path | str | None = None,
) -> Outcome | None:
    """The images of a model under one attack; None where only counts are stored of it.

    Args:
        model: as results know it.
        dataset: what it was scored on.
        condition: the attack in its canonical form.
        limit: the number of images that it was scored on.
        seed, store: as in `evaluate`.
    """
    attack = Condition.from_dict(json.loads(condition))
    cells = plan.make([model], dataset, [Condition.clean(), attack], limit=limit, seed=seed)
    stored = answers(cells, store if isinstance(store, Store) else Store(store))
    answered = {(model.name, cell.condition.canonical()): stored[cell.key] for cell in cells if cell.key in stored}
    return example_images.outcome(Answers(answered), model.name, attack.canonical())
