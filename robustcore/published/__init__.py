"""Published figures: the tables of the source documents and of two public projects, with their provenance.

    documents()         the six sources, with their licences
    tables()            every table in them; left-out tables come with the reason
    load("hendrycks")   the figures, one row each, as printed
    models(suite)       networks with figures for each corruption of a suite, and how they were measured
    accuracies()        robustbench and the testbed at every severity, in the form that the metrics take
    natural_shifts()    1,266 networks on natural shifts of ImageNet
    imagenet_testbed()  338 networks: corruptions made on the fly and as released, natural shifts, PGD (Taori et al. 2020)
    imagenet_testbed_models()   what these networks are
    autoattack(board)   188 networks under AutoAttack, by data set, norm and radius (RobustBench); autoattack_boards() lists these
    derived()           every printed mean, difference and mark, and the value recomputed from its parts
    disagreements()     derived figures that rounding cannot explain

The files are in assets/published. A test recomputes the derived figures and checks the list of disagreements.
"""

from __future__ import annotations

from robustcore.published._files import documents, load, tables
from robustcore.published.autoattack_results import Board, autoattack, autoattack_boards
from robustcore.published.derivations import derived, disagreements
from robustcore.published.networks import METRICS, SOURCES, accuracies, models
from robustcore.published.shifts import natural_shifts
from robustcore.published.testbed_results import TESTBED_IMAGES, imagenet_testbed, imagenet_testbed_models

__all__ = [
    "METRICS",
    "SOURCES",
    "TESTBED_IMAGES",
    "Board",
    "accuracies",
    "autoattack",
    "autoattack_boards",
    "derived",
    "disagreements",
    "documents",
    "imagenet_testbed",
    "imagenet_testbed_models",
    "load",
    "models",
    "natural_shifts",
    "tables",
]
