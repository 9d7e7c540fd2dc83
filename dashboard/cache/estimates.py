"""What evaluations and trainings can run on here, and what they cost."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.cache import datasets, models
from dashboard.cache.datasets import Data
from dashboard.cache.expiry import reads_results
from dashboard.cache.offload import offload
from dashboard.session import roots
from dashboard.workers import trainings

if TYPE_CHECKING:
    from dashboard.file_versions import FileVersion
    from robustcore.evaluation.estimates import Estimate
    from robustcore.training.estimates import Price
    from robustcore.training.recipe import Recipe


@st.cache_data(show_spinner=False, max_entries=1)
def devices() -> list[str]:
    """What an evaluation can run on here."""
    import torch

    several = [f"cuda:{i}" for i in range(torch.cuda.device_count())] if torch.cuda.device_count() > 1 else []
    apple = ["mps"] if torch.backends.mps.is_available() else []
    return ["auto", "cpu", *(["cuda"] if torch.cuda.is_available() else []), *several, *apple]


def price(request: str) -> Estimate:
    """What an evaluation costs here; the request as JSON."""
    from robustcore.evaluation.request import EvaluationRequest

    confined = roots.request(EvaluationRequest.from_json(request))
    names = (*confined.model_names, *confined.surrogate_names)
    return _price(confined.to_json(), tuple(models.version(name) for name in names))


@reads_results(ttl=15, max_entries=16, show_spinner="Counting the units and timing a few images …")
def _price(request: str, versions: tuple[FileVersion | None, ...]) -> Estimate:
    from robustcore.evaluation import api, estimates
    from robustcore.evaluation.request import EvaluationRequest

    confined = EvaluationRequest.from_json(request)
    loaded = dataclasses.replace(confined, dataset=datasets.dataset(Data(confined.dataset_name, confined.split)))
    return estimates.estimate(api.prepare(loaded))


def training_price(recipe: Recipe, device: str, *, known: bool = False) -> Price | None:
    """What a training costs here, timed once by a worker process.

    Args:
        known: time nothing; None where it was not timed before.
    """
    from robustcore import derived
    from robustcore.training import runs
    from robustcore.training.estimates import Price

    confined = roots.recipe(recipe)
    images = runs.training_images(confined)
    key = derived.digest("training price", json.dumps(confined.to_dict(), sort_keys=True), images.fingerprint, device)
    kind = "training price"
    fields: dict[str, Any] | None
    if known:
        fields = derived.get(kind, key)
    else:
        fields = offload(kind, key, trainings.price, json.dumps(confined.to_dict()), device)
    return None if fields is None else Price(**fields)
