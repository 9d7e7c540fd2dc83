"""Set membership on seen and on novel classes, against prototypes and chance."""

from robustcore.reports.membership.table import MembershipReport, keep, measure, path, printed, read

__all__ = ["MembershipReport", "keep", "measure", "path", "printed", "read"]
