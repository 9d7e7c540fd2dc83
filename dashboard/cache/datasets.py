"""Data sets that evaluations run on: the test images of scenes, and folders that a page may read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.cache import images
from dashboard.session import roots

if TYPE_CHECKING:
    from robustcore.datasets import Dataset


def dataset(name: str) -> Dataset:
    """The test images of scenes, or those of a folder that may be read from a page (`roots`)."""
    return images.test_images() if name == "scenes" else _folder(roots.dataset(name))


@st.cache_resource(ttl=600, max_entries=2, show_spinner="Reading the folder …")
def _folder(path: str) -> Dataset:
    import robustcore.datasets

    roots.check_links(path)
    return robustcore.datasets.load_dataset(path)


@st.cache_data(ttl=5, max_entries=1, show_spinner=False)
def folders() -> list[str]:
    """The folders that evaluations of this machine's history ran on, that are still there and may be read, newest first."""
    from robustcore.evaluation.jobs import jobs

    asked = dict.fromkeys(job.request.dataset_name for job in jobs.list_jobs())
    return [path for path in asked if os.path.isdir(path) and roots.allows(path)]
