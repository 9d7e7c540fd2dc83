"""Images worth looking at, chosen from stored answers: those that break first and last, that are confused, on which models disagree."""

from robustcore.reports.images.answered import Answered, read
from robustcore.reports.images.breaking import Breaking, breaking
from robustcore.reports.images.confusion import Confusion, confusion, pictures_of
from robustcore.reports.images.disagreement import Disagreement, Pair, disagreements
from robustcore.reports.images.mistakes import Surest, surest_mistakes

__all__ = [
    "Answered",
    "Breaking",
    "Confusion",
    "Disagreement",
    "Pair",
    "Surest",
    "breaking",
    "confusion",
    "disagreements",
    "pictures_of",
    "read",
    "surest_mistakes",
]
