"""Published figures: the tables of the source documents and of two public projects, with where each figure comes from.

    documents()         the six sources, with their licences
    tables()            every table of them, also those that are left out, with the reason
    load("hendrycks")   the figures, one row each, as printed
    models(suite)       networks with figures for each corruption of a suite, and what they were measured on
    accuracies()        robustbench at every severity, in the form that the metrics take
    natural_shifts()    1,266 networks on natural shifts of ImageNet
    derived()           every printed mean, difference and mark beside what its parts give
    disagreements()     those that rounding cannot explain

The files stand in assets/published; a test recomputes what is derived and holds the list of disagreements.
"""

from __future__ import annotations

from robustcore.published._files import documents, load, tables
from robustcore.published.comparable import METRICS, accuracies, models
from robustcore.published.derivations import derived, disagreements
from robustcore.published.shifts import natural_shifts

__all__ = [
    "METRICS",
    "accuracies",
    "derived",
    "disagreements",
    "documents",
    "load",
    "models",
    "natural_shifts",
    "tables",
]
