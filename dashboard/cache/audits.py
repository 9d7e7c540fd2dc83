"""The audit of a suite's severities on the test images of scenes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.cache import images, results
from dashboard.cache.datasets import SCENES
from dashboard.cache.expiry import reads_results
from dashboard.cache.offload import offload
from dashboard.workers import tasks

if TYPE_CHECKING:
    import pandas as pd

    from robustcore.evaluation import Subject
    from robustcore.reports.severity import Audit


_MEASURED = 960  # images times corruptions: as long as the first visitor of a suite can wait


@st.cache_resource(max_entries=16, show_spinner="Measuring the distances …")
def distances(suite: str, storage: str) -> pd.DataFrame:
    """How far each condition of a suite moves an image, on the first 64 test images of scenes, or fewer of large suites."""
    from robustcore import corruptions, derived
    from robustcore.evaluation import operations
    from robustcore.reports.severity.audit import conditions

    count = min(64, _MEASURED // len(corruptions.names(suite)))
    moved = [operations.fingerprint(condition) for condition in conditions(suite, storage)]
    scenes = tasks.DatasetKey.of(images.test_images())
    key = derived.digest(scenes, moved, count)
    table: pd.DataFrame = offload("distances", key, tasks.distances, scenes, suite, storage, count)
    return table


def severity_audit(model_name: str, suite: str, storage: str) -> Audit:
    """The audit of a suite with what is stored of a model on the test images of scenes."""
    return _audit(results.subject(model_name, SCENES), suite, storage)


@reads_results(max_entries=16, show_spinner="Judging every step …")
def _audit(subject: Subject, suite: str, storage: str) -> Audit:
    from robustcore.reports import severity

    return severity.audit([subject], images.test_images(), suite, storage=storage, far=distances(suite, storage))
