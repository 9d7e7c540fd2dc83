"""The published atlas: ResNet-50s of the ImageNet Testbed that were trained on one corruption each."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from robustcore import overlap, paths
from robustcore.atlas import plan, published
from robustcore.cli import main

OVERLAPS = {  # residual robustness, mean over severities, images corrupted on the fly
    ("motion_blur", "zoom_blur"): 0.63,
    ("contrast", "fog"): 0.36,
    ("jpeg_compression", "pixelate"): 0.29,
    ("gaussian_noise", "jpeg_compression"): 0.21,
    ("brightness", "saturate"): 0.22,
}


def test_what_ships_is_what_the_command_writes(tmp_path: Path) -> None:
    assert main(["overlap", "--published", "--output", str(tmp_path / "table.csv")]) == 0
    shipped = paths.assets() / "overlap" / published.FILE
    assert (tmp_path / "table.csv").read_bytes() == shipped.read_bytes()
    pd.testing.assert_frame_equal(
        plan.read(shipped)[["trained_on", "accuracy"]], published.table()[["trained_on", "accuracy"]]
    )


def test_its_overlaps() -> None:
    measured = overlap.measure(published.table(), metric="residual", draws=0)
    assert len(measured.names) == 11
    assert "defocus_blur" not in measured.clean.index  # its training failed
    for (first, second), score in OVERLAPS.items():
        assert measured.scores.loc[first, second] == pytest.approx(score, abs=0.005)
    assert 0.61 < measured.clean.min() < measured.clean.max() < 0.77
    assert [note.kind for note in measured.notes].count("clean_accuracies_differ") <= 1
