"""What this dashboard lets its visitors do: everything, or with --read-only nothing that lasts."""

from __future__ import annotations

import os

from robustcore.errors import JobError


def read_only() -> bool:
    """Whether the dashboard was started with --read-only: nothing is launched, uploaded or deleted."""
    return os.environ.get("ROBUSTCORE_READ_ONLY") == "1"


def check(action: str) -> None:
    """Refuse `action` on a read-only dashboard. Asked where the action happens: a browser can send what no page offers.

    Raises:
        JobError: the dashboard is read-only.
    """
    if read_only():
        raise JobError(
            f"{action} is not possible: this dashboard was started with --read-only. Start one without it on a machine of yours."
        )
