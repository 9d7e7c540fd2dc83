"""Small worlds with a known answer: corruptions that fall into blocks, an atlas of them, and models that follow factors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

Blocks = Mapping[str, Sequence[str]]


def names_of(blocks: Blocks) -> list[str]:
    """All corruptions, block by block."""
    return [name for members in blocks.values() for name in members]


def atlas(
    blocks: Blocks,
    *,
    within: Mapping[str, float] | float = 0.7,
    between: float = 0.0,
    seeds: Sequence[int] = (0, 1),
    n: int = 4800,
    architecture: str = "scenes/resnet",
    noise: int = 0,
    alone: Sequence[str] = (),
) -> pd.DataFrame:
    """The tidy table of an atlas, as `Plan.table` makes it: training on c gains 0.3 on c, a share `within` of it on the rest of its
    block, a share `between` elsewhere; images and seeds scatter by `noise`'s draws. What is `alone` overlaps with nothing."""
    draw = np.random.default_rng(noise)
    names = names_of(blocks)
    block_of = {name: block for block, members in blocks.items() for name in members}

    def share(a: str, b: str) -> float:
        if a == b:
            return 1.0
        if a in alone or b in alone:
            return 0.0
        if block_of[a] != block_of[b]:
            return between
        return within if isinstance(within, float) else within[block_of[a]]

    rows = []
    for seed in seeds:
        for trained in ("standard", *names):
            rows.append((trained, "clean", seed, 0.92 + draw.normal(0, 0.002), "clean"))
            for tested in names:
                gain = 0.0 if trained == "standard" else 0.3 * share(trained, tested)
                value = 0.5 + gain + draw.normal(0, 0.006)
                rows.append((trained, tested, seed, value, "corruption"))
    table = pd.DataFrame(rows, columns=["trained_on", "tested_on", "seed", "accuracy", "kind"])
    return table.assign(
        n=n,
        reason="",
        severities="",
        strength="uniform",
        architecture=architecture,
        dataset="scenes",
        split="test",
        epochs=8,
        further=4,
    )


def evaluated(
    blocks: Blocks,
    *,
    models: int = 24,
    natural: Mapping[str, Sequence[str]] | None = None,
    own: float = 0.02,
    seed: int = 0,
    prefix: str = "own/m",
) -> pd.DataFrame:
    """Evaluations of models whose robustness to a corruption is a factor of its block and something of its own (`own`); a natural set
    is the mean of the factors of its blocks."""
    draw = np.random.default_rng(seed)
    sets = natural or {"scenes/sketch": list(blocks), "scenes/viewpoint": list(blocks)}
    rows = []
    for m in range(models):
        model = f"{prefix}{m:02}"
        factor = {block: draw.uniform(0.05, 0.4) for block in blocks}
        rows.append((model, "clean", "clean", 0.92))
        for block, members in blocks.items():
            rows += [(model, "corruption", name, 0.92 - factor[block] - draw.normal(0, own)) for name in members]
        for name, of in sets.items():
            rows.append((model, "shift", name, 0.92 - float(np.mean([factor[b] for b in of])) - draw.normal(0, 0.005)))
    table = pd.DataFrame(rows, columns=["model", "kind", "name", "accuracy"])
    table["accuracy"] = table["accuracy"].clip(0.01, 0.99)
    return table.assign(
        dataset="scenes",
        split="test",
        severity=pd.array([pd.NA] * len(table), dtype="Int64"),
        strength=[None if kind != "corruption" else "uniform" for kind in table["kind"]],
        n=2400,
    )
