"""Set membership on seen and on novel classes, against prototypes and chance; what ships."""

from robustcore.reports.membership.table import MembershipReport, build, is_current, measure, path, printed, read

__all__ = ["MembershipReport", "build", "is_current", "measure", "path", "printed", "read"]
