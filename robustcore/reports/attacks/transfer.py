"""The transfer matrix: what is crafted on one model, judged by every other."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from robustcore.datasets import dataset_of
from robustcore.datasets._base import Dataset
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Condition, Progress, Store, api, tables
from robustcore.evaluation.api import Evaluation
from robustcore.evaluation.operations.attack import crafted_on
from robustcore.evaluation.request import EvaluationRequest
from robustcore.models import load_model
from robustcore.models.classifier import Classifier


@dataclasses.dataclass(frozen=True)
class Transfer:
    """Three square tables over the same models; rows craft, columns judge.

    Attributes:
        accuracy: of the judge under the attack, 0..1; NaN where it is not evaluated.
        success: share of images on which the goal is reached, those that the judge errs on anyway among them.
        app: accuracy over the judge's clean accuracy (accuracy percentage preserved); NaN where that is 0.
        clean: the judges' clean accuracies.
        n: images, the smallest number of any cell.
        attack: the attack, as its condition reads.
    """

    accuracy: pd.DataFrame
    success: pd.DataFrame
    app: pd.DataFrame
    clean: pd.Series[float]
    n: int
    attack: str


def matrix(
    models: Sequence[str | Classifier],
    dataset: str | Dataset,
    attack: Condition,
    *,
    compute: bool = True,
    limit: int | None = None,
    seed: int = 0,
    device: str = "auto",
    store: Store | Path | str | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancelled: threading.Event | None = None,
) -> Transfer:
    """Attack every model with what is crafted on each; the diagonal is white-box.

    Args:
        models: two or more that know the same classes.
        dataset: a name, a folder, or a loaded dataset.
        attack: a white-box attack condition, for example `Condition("attack", "pgd", params=(("eps", 4 / 255),))`.
        compute: whether to evaluate what is not stored yet.
        limit, seed, device, store, progress: as in `evaluate`.
        cancelled: set to stop; what is finished is kept.
    """
    if attack.kind != "attack" or "surrogate" in attack.parameters:
        raise InvalidArgumentError(f"A transfer matrix is made with a white-box attack; {attack} is none.")
    loaded = [load_model(m) if isinstance(m, str) else m for m in models]
    names = [model.card.name for model in loaded]
    if len(set(names)) < max(2, len(names)):
        raise InvalidArgumentError("A transfer matrix needs two or more different models.")
    images = dataset_of(dataset)
    results = store if isinstance(store, Store) else Store(store)
    accuracy: dict[str, dict[str, float]] = {name: {} for name in names}  # judge -> crafter -> value
    success: dict[str, dict[str, float]] = {name: {} for name in names}
    clean: dict[str, float] = {}
    counted: list[int] = []

    def note(evaluation: Evaluation, crafter_of: Callable[[str], str]) -> None:
        if compute:
            api.carry_out(evaluation, results, progress=progress, cancelled=cancelled)
        for row in tables.table(evaluation.cells, results).to_dict("records"):
            judge = str(row["model"])
            if row["kind"] == "clean":
                clean[judge] = row["accuracy"]
                continue
            accuracy[judge][crafter_of(judge)] = row["accuracy"]
            success[judge][crafter_of(judge)] = row.get("success", float("nan"))
            counted.append(row["n"])

    request = EvaluationRequest(tuple(loaded), images, (attack,), limit=limit, seed=seed, device=device)
    note(api.prepare(request), lambda judge: judge)
    for crafter in loaded:
        # All judges at once: what one surrogate crafts is made once, and every judge scores it.
        black_box = dataclasses.replace(
            request,
            models=tuple(model for model in loaded if model is not crafter),
            conditions=tuple(crafted_on([attack], crafter.fingerprint())),
            surrogates=(crafter,),
        )
        note(api.prepare(black_box), lambda judge, crafter=crafter: crafter.card.name)  # type: ignore[misc]
    frame, cleans = pd.DataFrame(accuracy).loc[names, names], pd.Series(clean)[names]
    app = frame.div(cleans.where(cleans > 0), axis="columns")
    return Transfer(frame, pd.DataFrame(success).loc[names, names], app, cleans, min(counted), str(attack))
