"""ImageNet-C against the stored outputs of the published generators: all images, all severities, 16 seeds.

Reads the .npz files of reference outputs named in the environment variable ROBUSTCORE_REFERENCE (separated by colons), or
those in tests/data.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from benchmarks._reference_outputs import DETERMINISTIC, FIELDS, RANDOM, cases, deviations, difference

SEEDS = 16
DATA = Path(__file__).resolve().parent.parent / "tests" / "data"


def main() -> None:
    named = os.environ.get("ROBUSTCORE_REFERENCE")
    files = [Path(f) for f in named.split(":")] if named else [DATA / f"imagenet_c_{v}.npz" for v in ("224", "small")]
    for file in files:
        print(f"{'deterministic':34} values off by 1 | by more, worst of 5 severities (allowed: 0.1 % by more than 1)")
        for case in cases(file, DETERMINISTIC):
            off = [np.abs(difference(case, severity)) for severity in range(1, 6)]
            shares = [(float((d == 1).mean()), float((d > 1).mean())) for d in off]
            by_one, by_more = (100 * max(column) for column in zip(*shares, strict=True))
            verdict = "" if by_more <= 0.1 else "  FAILS"
            print(f"{case!s:34} {by_one:7.3f} % | {by_more:6.3f} %, {max(int(d.max()) for d in off)} at most{verdict}")
        print(
            f"{'random':34} worst of {len(FIELDS)} statistics x 5 severities beyond 2 %, in standard errors (allowed: 4)"
        )
        for case in cases(file, RANDOM):
            worst = (0.0, 0, "none beyond 2 %")
            for severity in range(1, 6):
                errors, relative = deviations(case, severity, SEEDS)
                counted = np.where(relative > 0.02, errors, 0)
                worst = max(worst, (float(counted.max()), severity, FIELDS[int(counted.argmax())]))
            verdict = "" if worst[0] <= 4 else "  FAILS"
            print(f"{case!s:34} {worst[0]:5.2f} at severity {worst[1]}, {worst[2]}{verdict}", flush=True)
