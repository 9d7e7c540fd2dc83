"""The experiment of chapter 7, small: train, and judge on seen and novel classes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from robustcore import derived, paths
from robustcore.datasets import load_dataset
from robustcore.derived import single_file
from robustcore.errors import InvalidArgumentError
from robustcore.membership import images, judging, training
from robustcore.models.scenes import SmallNetwork

REVISION = 2
SHOTS, STEPS = (1, 5), 300
TRAINED_ON, ASKED = 500, 60  # images of each class


@dataclasses.dataclass(frozen=True)
class MembershipReport:
    """What was measured.

    Attributes:
        dataset: name or path.
        seen, novel: classes.
        table: one row for each method, number of shots and group of classes: method ("set membership" or "prototype"), shots,
            classes ("seen" or "novel"), accuracy, low, high (0..1; 95 % over drawings of the shots, not over trainings),
            draws, queries (of each drawing).
        identity: digest of the scenes, of the revision and of what is measured by default.
        seed, steps: of the trainings.
        side: of the images, pixels.
        trained_on: images of each class, at most.
    """

    dataset: str
    seen: tuple[str, ...]
    novel: tuple[str, ...]
    table: pd.DataFrame
    identity: str
    seed: int
    steps: int
    side: int
    trained_on: int


def measure(
    dataset: str = "scenes",
    *,
    shots: Sequence[int] = SHOTS,
    steps: int = STEPS,
    seed: int = 0,
    trained_on: int = TRAINED_ON,
    asked: int = ASKED,
    draws: int = judging.DRAWS,
    progress: Callable[[str, int, int], None] | None = None,
) -> MembershipReport:
    """Train and judge.

    Args:
        dataset: scenes, or a folder with one folder for each class, in splits or divided as `images.read_both` does.
        shots: numbers k.
        steps: of each training.
        seed: of the classes' split, the weights and all draws.
        trained_on, asked: images of each class for training and for judging.
        draws: of the shots.
        progress: told an activity, what is done of it and how much there is.

    Raises:
        InvalidArgumentError: shots or steps below 1, or as many shots as a class has images.
        DatasetError: too few classes or images.
    """
    if not shots or min(shots) < 1 or steps < 1:
        raise InvalidArgumentError("Set membership has 1 shot or more, and 1 step of training or more.")
    tell = progress or (lambda what, done, total: None)
    train, test = images.read_both(dataset, trained_on, asked)
    _check_shots(max(shots), {"train": train, "test": test})
    seen, novel = images.split_classes(tuple(train.classes), seed)
    groups = {"seen": test.only(seen), "novel": test.only(novel)}
    classifier = training.train_classifier(train.only(seen), steps=steps, seed=seed, tell=tell)
    assert isinstance(classifier, SmallNetwork)
    rows = []
    for k in shots:
        model = training.train_membership(train.only(seen), k, steps=steps, seed=seed, tell=tell)
        calibrating = {name: pool[:asked] for name, pool in train.only(seen).items()}
        threshold = judging.threshold_of(classifier, calibrating, k, seed)
        for group, pool in groups.items():
            tell(f"judging on {group} classes", 0, 1)
            queries = judging.queries(pool, k)
            by_method = {
                "set membership": judging.by_network(model, pool, k, seed, draws),
                "prototype": judging.by_prototype(classifier, pool, k, threshold, seed, draws),
            }
            rows += [_row(method, k, group, values, queries) for method, values in by_method.items()]
    return MembershipReport(dataset, seen, novel, pd.DataFrame(rows), _identity(), seed, steps, images.SIDE, trained_on)


def _check_shots(most: int, pools: Mapping[str, images.Pool]) -> None:
    """Raise one sentence where a class has no image left to ask about beside its shots."""
    for split, pool in pools.items():
        name, count = min(((name, len(pool.classes[name])) for name in pool.classes), key=lambda each: each[1])
        if most >= count:
            raise InvalidArgumentError(
                f"With {most} shots none of the {count} images of the class {name} ({split}) is left to ask about; take {count - 1} "
                "shots or fewer."
            )


def _row(method: str, shots: int, group: str, values: np.ndarray, queries: int) -> dict[str, Any]:
    reach = math.nan
    if len(values) > 1:
        from scipy import stats  # importing it takes half a second

        student = float(stats.t.ppf(0.975, len(values) - 1))
        reach = student * float(values.std(ddof=1)) / math.sqrt(len(values))
    mean = float(values.mean())
    return {
        "method": method,
        "shots": shots,
        "classes": group,
        "accuracy": mean,
        "low": mean - reach,
        "high": mean + reach,
        "draws": len(values),
        "queries": queries,
    }


def printed() -> pd.DataFrame:
    """What the dissertation prints (chapter 7): network, accuracy in percent at k = 1 and 5, on novel classes."""
    return pd.DataFrame(
        [
            ("seven networks", 50.0, 50.0),
            ("MobileNet, pretrained on Places365", 51.0, 53.0),
            ("ResNet-18, pretrained on Places365", 53.0, 57.0),
        ],
        columns=["network", "1 shot", "5 shots"],
    )


def _identity() -> str:
    prints = [load_dataset("scenes", split=split, limit=1).fingerprint for split in ("train", "test")]
    return derived.digest(REVISION, prints, images.SIDE, SHOTS, STEPS, TRAINED_ON, ASKED, judging.DRAWS)


_file: single_file.Shipped[MembershipReport] = single_file.Shipped("membership")


def shipped_path() -> Path:
    """The file that ships."""
    return _file.path


def shipped() -> MembershipReport | None:
    """What ships; None where nothing does.

    Raises:
        StoreError: the file is damaged.
    """
    return _file.read()


def is_current() -> bool:
    """Whether what ships was measured on today's scenes by today's code."""
    report = shipped()
    return report is not None and report.identity == _identity()


def build(progress: Callable[[str, int, int], None] | None = None) -> None:
    """Train and judge as by default, and write the file that ships whole or not at all."""
    _file.write(measure(progress=progress))


def path() -> Path:
    """Where the last measurement on scenes is kept."""
    return paths.cache() / "membership" / "results.json"


def keep(report: MembershipReport) -> None:
    """Keep a measurement on scenes, for the page; the file appears whole or not at all.

    Raises:
        StoreError: the cache cannot be written.
    """
    paths.writable_cache("membership")
    single_file.write(path(), report)


def read() -> MembershipReport | None:
    """What is kept, where it was measured on today's scenes by today's code; else None.

    Raises:
        StoreError: the file is damaged.
    """
    file = path()
    if not file.is_file():
        return None
    try:
        report: MembershipReport = single_file.read(file, "remove the file, and measure again")
    except single_file.OutdatedError:
        return None
    return report if report.identity == _identity() else None
