"""load_dataset: by name, by path, and what it answers to everything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import robustcore as rc
from robustcore import datasets
from robustcore.errors import DatasetError, InvalidArgumentError, UnknownNameError


def test_by_name() -> None:
    shifted = {f"scenes/{name}" for name in ("filtered", "rendition", "replication", "sketch", "unknown", "viewpoint")}
    assert set(datasets.names()) == {"photographs", "scenes", *shifted}
    dataset = rc.load_dataset("scenes", split="val", limit=3)
    assert (dataset.name, dataset.split, dataset.side, len(dataset)) == ("scenes", "val", 64, 3)
    assert rc.load_dataset("scenes", side=224)[0][0].shape == (3, 224, 224)


@pytest.mark.parametrize(
    ("name", "error", "says"),
    [
        ("scene", UnknownNameError, "Did you mean 'scenes'"),
        ("imagenet", UnknownNameError, "Known: photographs, scenes"),
        ("", UnknownNameError, "Known: photographs, scenes"),
        ("./nowhere", DatasetError, "no folder nowhere"),
        ("/nowhere/at/all", DatasetError, "no folder /nowhere/at/all"),
        (Path("nowhere"), DatasetError, "no folder nowhere"),
        (__file__, DatasetError, "is a file"),
    ],
)
def test_unknown_names_and_paths(name: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        rc.load_dataset(name)


def test_an_unknown_split() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'train'"):
        rc.load_dataset("scenes", split="trian")


@pytest.mark.parametrize("limit", [0, -1, True, 1.5, "3"])
def test_a_limit_is_a_positive_integer(limit: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="A limit is a number of images, 1 or more"):
        rc.load_dataset("scenes", limit=limit)


def test_a_limit_beyond_the_end_takes_all() -> None:
    assert len(rc.load_dataset("scenes", limit=1_000_000)) == 2_400
