"""The question that Laugros' thesis leaves open in 5.2: whether robustness to attacks and to natural shifts go together over models."""

from __future__ import annotations

import numpy as np
import pandas as pd

from robustcore.atlas import populations
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Subject
from robustcore.notes import note
from robustcore.overlap import correlation
from robustcore.reports.attacks import natural
from robustcore.reports.claims._base import Claim
from robustcore.reports.claims._evidence import Judged, claim, ends, of_interval
from robustcore.reports.claims.sources import Part, Sources

ATTACKED = 240  # images under attack, as many as ship
APART = 0.1  # of a correlation: a smaller one is none
DATASET = "scenes"


def judge(sources: Sources) -> list[Claim]:
    """The one claim, judged by what is stored of the models that were not trained for an atlas."""

    def judged() -> Judged:
        from robustcore.datasets import load_dataset

        dataset = load_dataset(DATASET)
        models = _models(sources, dataset.fingerprint)
        if not models:
            raise InvalidArgumentError("there are no models with results")
        attacked = natural.robustness(models, dataset, natural.presets(), limit=ATTACKED, store=sources.store)
        shifted = natural.robustness(models, dataset, natural.natural_shifts(), store=sources.store)
        both = attacked.join(shifted, how="inner").dropna()
        attacked, shifted = attacked.loc[both.index], shifted.loc[both.index]
        if attacked.empty or shifted.empty or len(both) < correlation.FEW:
            raise InvalidArgumentError(
                f"{len(both)} models were evaluated under all of the attacks and natural shifts; {correlation.FEW} are the fewest"
            )
        value, drawn = natural.mean_correlation(attacked, shifted)
        low, high = ends(drawn)
        r, _, _ = correlation.pearson(attacked.to_numpy(float).T[:, None], shifted.to_numpy(float).T[None])
        table = pd.DataFrame(r, columns=[str(name) for name in shifted.columns])
        table.insert(0, "attack", [str(name) for name in attacked.columns])
        varying = int(np.isfinite(r).any(axis=1).sum())
        figures = (attacks_with_shifts(value, low, high, varying, shifted.shape[1], len(both)),)
        return of_interval(low, high, APART), figures, table

    return [
        claim(
            judged,
            text="Models that are more robust to adversarial attacks are more robust to natural shifts.",
            source="Laugros' thesis, section 5.2, asks it and leaves it open",
            rule="The mean correlation over models between residual robustness to the thesis' nine white-box attacks and to the natural shifts "
            "of scenes: its 95 % interval over models lies above 0; not reproduced where it ends below 0.1. Attacks that break "
            "every model are left out.",
            limits="The models are few and small, and many were trained from the same weights: the interval is too narrow.",
            set_afterwards="The rule was written after figures had been seen.",
        )
    ]


def key(sources: Sources) -> str:
    """A digest of the results that the claim is judged by."""
    from robustcore.datasets import load_dataset

    dataset = load_dataset(DATASET)
    models = {model.name for model in _models(sources, dataset.fingerprint)}
    return sources.results(dataset, [*natural.presets(), *natural.natural_shifts()], models)


def _models(sources: Sources, dataset: str) -> list[Subject]:
    """The models with results but for those of an atlas, each name once."""
    by_name = {subject.name: subject for subject in sources.store.subjects(dataset)}
    return [subject for name, subject in by_name.items() if not populations.is_of_an_atlas(name)]


@note
def attacks_with_shifts(mean: float, low: float, high: float, attacks: int, shifts: int, models: int) -> str:
    return (
        f"Mean correlation {mean:+.2f} ({low:+.2f} to {high:+.2f}) between {attacks} attacks and {shifts} natural shifts, over {models} "
        "models"
    )


PART = Part("attacks_and_shifts", judge, key)
