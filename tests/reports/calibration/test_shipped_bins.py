"""Confidence bins that ship: 100 answers each, from the least sure up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from robustcore.evaluation import Store
from robustcore.evaluation.plan import Cell
from robustcore.evaluation.provenance import current
from robustcore.evaluation.store.predictions import Predictions
from robustcore.evaluation.store.store import Result
from robustcore.metrics.calibration import Bins
from robustcore.reports.calibration import shipped_bins
from robustcore.training import zoo


@pytest.fixture(scope="module")
def cells() -> list[Cell]:
    return shipped_bins.cells()


def test_they_are_those_of_the_shipped_answers(cells: list[Cell]) -> None:
    """Their right answers and mean confidences are, summed, what the results file says."""
    assert shipped_bins.missing(cells) == []
    shipped = shipped_bins.load()
    totals = Store().totals(cells)
    assert len(shipped) == len(cells) == len(zoo.ZOO) * 75
    for cell, total in zip(cells, totals, strict=True):
        bins, counts = shipped[cell.key], total.counts
        assert counts is not None
        assert counts.confidence is not None
        assert (np.diff(bins.confidence) >= 0).all()
        assert bins.images.sum() == counts.n
        assert abs(bins.images @ bins.accuracy - counts.correct) <= 1  # a borderline answer on another processor
        assert (bins.images @ bins.confidence) / counts.n == pytest.approx(counts.confidence / counts.n, abs=2e-5)
    assert shipped_bins.path().stat().st_size < 500_000


def test_what_is_written_is_read(cells: list[Cell], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = type(cells[0])(**{**vars(cells[0]), "size": 256})
    logits = torch.randn(256, 12, generator=torch.Generator().manual_seed(0))
    answers = Predictions.of(logits, torch.arange(256) % 12, torch.arange(256))
    monkeypatch.setattr(shipped_bins, "path", lambda: tmp_path / "bins.npz")
    with Store(tmp_path / "own.sqlite", shipped=False) as store:
        store.save([Result(small.units()[0], answers, 1.0)], current(None))
        assert shipped_bins.missing([small]) == [small]
        assert shipped_bins.ship([small], store) == 0
    assert shipped_bins.missing([small]) == []
    own = shipped_bins.of_answers(answers)
    assert isinstance(own, Bins)
    kept = shipped_bins.load()[small.key]
    assert kept.images.tolist() == [100, 100, 56]
    np.testing.assert_allclose(kept.confidence, own.confidence, atol=1e-5)
    np.testing.assert_array_equal(kept.accuracy, own.accuracy)
