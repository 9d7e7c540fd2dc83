"""What the page Factors shows: gaps of stored results, one scene along a factor, the plane of two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.cache import compare, models, results
from dashboard.cache.datasets import Data
from dashboard.cache.offload import offload
from dashboard.cache.shared import shared
from dashboard.workers import factors as work

if TYPE_CHECKING:
    from dashboard.workers.tasks import ModelKey
    from robustcore.calls import Call
    from robustcore.reports.factors import Gaps
    from robustcore.reports.factors.walk import Walk

DATA = Data("scenes", "test")


def comparison(names: tuple[str, ...]) -> Call:
    """The call that reads what is stored of models under controlled shifts."""
    from robustcore.corruptions import SEVERITIES
    from robustcore.reports import factors

    return compare.gathered(names, DATA, (factors.SUITE,), tuple(SEVERITIES), "memory", 0)


def evaluated() -> list[str]:
    """The models with results on scenes."""
    return results.evaluated(DATA)


def gaps(call: Call) -> Gaps:
    """The gaps of a comparison, computed by a worker."""
    from robustcore.calls import Call as Asked
    from robustcore.reports import factors
    from robustcore.reports.compare import answers

    images = Asked(answers.read, call, compare.dataset(DATA), name="image_answers")
    images = images.supplied_by(lambda: compare.answers(call.value, DATA))
    asked = Asked(factors.measure, call, answers=images, name="gaps")
    measured: Gaps = compare.cached(asked, call.value, DATA).value
    return measured


def walk(names: tuple[str, ...], index: int, factor: str) -> Walk:
    """A test scene at every step of a factor, and the models' answers."""
    return _walk(tuple((name, models.fingerprint(name)) for name in names), index, factor)


@shared(show_spinner="Painting the scene …")
def _walk(keys: tuple[ModelKey, ...], index: int, factor: str) -> Walk:
    from robustcore import derived
    from robustcore.datasets.scenes import FactorScenes

    digest = FactorScenes({factor: 0.0}, 1).fingerprint
    done: Walk = offload("factor-walk", derived.digest(keys, index, factor, digest), work.walked, keys, index, factor)
    return done


def row(name: str, first: str, strength: float, second: str, strengths: tuple[float, ...], images: int) -> list[int]:
    """Right answers of a model at a strength of one factor and at several of another."""
    return _row((name, models.fingerprint(name)), first, strength, second, strengths, images)


@st.cache_data(max_entries=512, show_spinner=False)
def _row(
    key: ModelKey, first: str, strength: float, second: str, strengths: tuple[float, ...], images: int
) -> list[int]:
    digest = _row_key(key, first, strength, second, strengths, images)
    return list(offload("factor-row", digest, work.row, key, first, strength, second, strengths, images))


def _row_key(key: ModelKey, first: str, strength: float, second: str, strengths: tuple[float, ...], images: int) -> str:
    from robustcore import derived
    from robustcore.datasets.scenes import FactorScenes

    digest = FactorScenes({first: 0.0, second: 0.0}, 1).fingerprint
    return derived.digest(key, first, strength, second, strengths, images, digest)


def is_kept(name: str, first: str, strength: float, second: str, strengths: tuple[float, ...], images: int) -> bool:
    """Whether a row needs no computing."""
    from robustcore import derived

    key = (name, models.fingerprint(name))
    return derived.get("factor-row", _row_key(key, first, strength, second, strengths, images)) is not None
