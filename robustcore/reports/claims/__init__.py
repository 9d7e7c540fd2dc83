"""Claims of the documents, each held against stored results: seen, not seen, or not to be said, with the figures."""

from robustcore.reports.claims._base import NOT_SEEN, SEEN, UNSAID, Claim

__all__ = ["NOT_SEEN", "SEEN", "UNSAID", "Claim"]
