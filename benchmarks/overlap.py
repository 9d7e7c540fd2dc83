"""What the builder of benchmarks waits for: a thousand benchmarks drawn, exchanged and correlated, against plain loops.

A ratio is the time of the loop over one benchmark after the other (scipy, pandas) divided by ours. The table of published
results is compared with pandas reading the same file.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from robustcore import paths, published
from robustcore.overlap import benchmarks, correlation

SIZES = (12, 9, 7, 5, 4, 3)  # 40 candidates in six categories, as in the thesis
LABELS = {f"c{label}-{i}": label for label, size in enumerate(SIZES, start=1) for i in range(size)}
MODELS = [f"m{i}" for i in range(20)]


def seconds(what: Callable[[], object]) -> float:
    """The processor's seconds, the least of three."""
    spent = []
    for _ in range(3):
        began = time.process_time()
        what()
        spent.append(time.process_time() - began)
    return min(spent)


def loop(group: benchmarks.Benchmarks, synthetic: pd.DataFrame, natural: pd.DataFrame) -> None:
    for i in range(len(group)):
        mean = synthetic[list(group[i])].mean(axis=1)
        for name in natural:
            stats.pearsonr(mean, natural[name])


def main() -> None:
    draw = np.random.default_rng(0)
    group = benchmarks.draw(LABELS, 6, 2)
    synthetic = pd.DataFrame(draw.random((20, 40)), MODELS, list(LABELS))
    natural = pd.DataFrame(draw.random((20, 5)), MODELS, list("vwxyz"))
    largest = paths.assets() / "published" / "timm.csv"

    ours = seconds(lambda: correlation.predictiveness(group, synthetic, natural))
    theirs = seconds(lambda: loop(group, synthetic, natural))
    print(f"{'correlations of 1,000 benchmarks':40}{ours:8.3f} s   loop / ours {theirs / ours:6.1f}")
    drawn = seconds(lambda: benchmarks.draw(LABELS, 6, 2))
    exchanged = seconds(lambda: benchmarks.substitute(group, 5))
    print(f"{'1,000 benchmarks drawn':40}{drawn:8.3f} s")
    print(f"{'five candidates exchanged in each':40}{exchanged:8.3f} s   / drawing {exchanged / drawn:6.1f}")
    read = seconds(lambda: pd.read_csv(largest))
    began = time.process_time()
    published.load("timm")
    first = time.process_time() - began
    print(f"{'published results of timm, read once':40}{first:8.3f} s   pandas / ours {read / first:6.1f}")


if __name__ == "__main__":
    main()
