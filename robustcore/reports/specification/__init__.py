"""Specifications: rows of metric, condition and threshold, which a model meets or does not (Laugros' thesis, section 1.3).

spec = specification.load("demo")                              # a shipped one by name, or a toml file by path
found = specification.gather(spec, ["scenes/vgg-standard"])    # what is stored of it; computes nothing
table = specification.judge(spec, found)                       # one row for each model and requirement
specification.meets(table)                                     # what the exit status of `robustcore check` says
"""

from __future__ import annotations

from robustcore.reports.specification.evidence import Evidence, Measured, Need, gather, missing, needs, request
from robustcore.reports.specification.judging import VERDICTS, judge, meets
from robustcore.reports.specification.reading import Specification, load, names, parse, source
from robustcore.reports.specification.requirable_metrics import Requirable, requirable
from robustcore.reports.specification.rows import Requirement
from robustcore.reports.specification.wording import sentence, summary

__all__ = [
    "VERDICTS",
    "Evidence",
    "Measured",
    "Need",
    "Requirable",
    "Requirement",
    "Specification",
    "gather",
    "judge",
    "load",
    "meets",
    "missing",
    "names",
    "needs",
    "parse",
    "request",
    "requirable",
    "sentence",
    "source",
    "summary",
]
