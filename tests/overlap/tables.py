"""Tables of accuracies as an atlas leaves them, made up: corruptions of one family help each other, others hardly do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

import robustcore.corruptions as corruptions
from robustcore.atlas import plan


def atlas(
    names: Sequence[str],
    *,
    seeds: Sequence[int] = (0, 1),
    images: int = 4800,
    null: Sequence[str] = (),
    architecture: str = "scenes/resnet",
    further: Sequence[str] = (),
    seed: int = 0,
    clean: float = 0.9,
    clean_sd: float = 0.004,
) -> pd.DataFrame:
    """A table in the form of `Plan.table`, with binomial noise over images and a little over seeds.

    Args:
        names: registered corruptions; those of one family share what training on one of them brings.
        seeds: of the trainings.
        images: that an accuracy is over.
        null: of these, corruptions that training on does not help against, so that their overlaps are undefined.
        architecture: what the table says was trained.
        further: conditions that are tested on alone.
        seed: of the noise; what is behind it does not depend on it.
        clean, clean_sd: mean and spread of the clean accuracies.
    """
    behind, noise = np.random.default_rng(7), np.random.default_rng(seed)
    families = [corruptions.get(name).family for name in names]
    k = len(names)
    same = np.array([[a == b for b in families] for a in families])
    shares = np.where(same, behind.uniform(0.45, 0.9, (k, k)), behind.uniform(-0.12, 0.15, (k, k)))
    np.fill_diagonal(shares, 1)
    loss = behind.uniform(0.15, 0.5, k)
    gain = 0.75 * loss
    gain[[list(names).index(name) for name in null]] = 0
    trained = ["standard", *names]
    rows = []
    for training in seeds:
        for i, on in enumerate(trained):
            own = float(np.clip(noise.normal(clean, clean_sd), 0.05, 0.99))
            brought = np.zeros(k) if i == 0 else shares[i - 1] * gain
            means = [own, *(own - loss + brought), *([own - 0.2] * len(further))]
            for tested, mean in zip(["clean", *names, *further], means, strict=True):
                p = float(np.clip(noise.normal(mean, 0.004), 0.02, 0.99))
                kind = "clean" if tested == "clean" else "shift" if tested in further else "corruption"
                drawn = kind == "corruption" and bool(corruptions.get(tested).severities)
                rows.append(
                    {
                        "trained_on": on,
                        "tested_on": tested,
                        "seed": training,
                        "accuracy": noise.binomial(images, p) / images,
                        "n": images,
                        "reason": "",
                        "kind": kind,
                        "severities": "",
                        "strength": "uniform" if drawn else "",
                        "architecture": architecture,
                        "dataset": "scenes",
                        "split": "test",
                        "epochs": 8,
                        "further": 4,
                    }
                )
    return pd.DataFrame(rows)


def write(folder: Path, suite: str, table: pd.DataFrame) -> Path:
    """The table where an atlas of that suite would be kept under a cache folder."""
    architecture = str(table["architecture"].iloc[0]).replace("/", "-")
    path = folder / "overlap" / f"{suite}-{architecture}.csv"
    plan.write(table, path)
    return path
