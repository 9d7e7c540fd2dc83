"""The table of all ImageNet models, read again when results change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboard.cache.expiry import reads_results

if TYPE_CHECKING:
    import pandas as pd


@reads_results(max_entries=2, show_spinner="Reading published and own results …")
def leaderboard(storage: str) -> pd.DataFrame:
    """`reports.leaderboard.gather` for corrupted images of that storage."""
    from robustcore.reports import leaderboard as report

    return report.gather(storage)
