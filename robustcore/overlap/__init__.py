"""Overlap: which corruptions measure the same thing. Arithmetic on tables of accuracies (Laugros' thesis, chapter 4).

scores, measure              overlaps of all pairs, with intervals and reasons
mean_overlaps, coverage      what a benchmark counts twice and what it misses
isolated                     what overlaps with nothing
categories                   K-means and others on the rows, SCC and DCC, stability
benchmarks                   algorithm 2, substitutions, the Syn2Nat pick
correlation                  algorithm 3 with p-values, the check of categories over models

The trainings and evaluations behind a table are in `robustcore.atlas`.
"""

from __future__ import annotations

from robustcore.overlap import benchmarks, categories, correlation
from robustcore.overlap.balance import Balance, coverage, isolated, mean_overlaps
from robustcore.overlap.overlaps import Overlap, Pair, measure, scores

__all__ = [
    "Balance",
    "Overlap",
    "Pair",
    "benchmarks",
    "categories",
    "correlation",
    "coverage",
    "isolated",
    "mean_overlaps",
    "measure",
    "scores",
]
