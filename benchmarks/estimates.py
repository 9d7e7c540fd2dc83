"""How far the price tag of an evaluation is from what it then takes: ratios of the estimate to the seconds it took.

Small evaluations of the demo models on scenes, each into a results file of its own; 1.0 is a perfect estimate. Below them
what a second estimate takes, as a share of the first, which calibrates.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import robustcore as rc
from robustcore.evaluation import Store, api, estimates
from robustcore.evaluation.request import EvaluationRequest

MODELS = ("scenes/resnet-standard", "scenes/vgg-standard")
SUITES = ("clean", "imagenet-c-extra", "imagenet-c")
IMAGES = 512


def main() -> None:
    print(f"{'suite':20}{'estimate':>10}{'took':>10}{'ratio':>8}{'again':>8}")
    rc.load_dataset("scenes").images(0, IMAGES)  # painted once, which no estimate is about
    for suite in SUITES:
        estimates.forget_timings()
        with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "results.sqlite", shipped=False) as store:
            prepared = api.prepare(EvaluationRequest.of(MODELS, "scenes", suite, limit=IMAGES))
            began = time.perf_counter()
            estimate = estimates.estimate(prepared, store)
            calibrated = time.perf_counter()
            estimates.estimate(prepared, store)
            again = (time.perf_counter() - calibrated) / (calibrated - began)
            began = time.perf_counter()
            api.carry_out(prepared, store)
            took = time.perf_counter() - began
        print(f"{suite:20}{estimate.seconds:9.1f}s{took:9.1f}s{estimate.seconds / took:8.2f}{again:8.3f}")


if __name__ == "__main__":
    main()
