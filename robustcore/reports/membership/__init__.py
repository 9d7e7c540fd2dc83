"""Set membership on seen and on novel classes, against prototypes and chance."""

from robustcore.reports.membership.table import (
    MembershipReport,
    build,
    is_current,
    keep,
    measure,
    path,
    printed,
    read,
    shipped,
    shipped_path,
)

__all__ = [
    "MembershipReport",
    "build",
    "is_current",
    "keep",
    "measure",
    "path",
    "printed",
    "read",
    "shipped",
    "shipped_path",
]
