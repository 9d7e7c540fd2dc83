"""The cache that all sessions share: bounded by what its values occupy together."""

from __future__ import annotations

import dataclasses
import threading

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from dashboard.cache import shared
from dashboard.cache.shared import SharedCache

MIB = 1 << 20


@dataclasses.dataclass(frozen=True)
class Picture:
    pixels: torch.Tensor
    title: str


def block(mebibytes: int) -> torch.Tensor:
    return torch.zeros(mebibytes * MIB, dtype=torch.uint8)


def test_what_was_used_longest_ago_goes_where_all_together_are_too_large() -> None:
    kept = SharedCache(10 * MIB)
    loads: list[str] = []

    def get(name: str, mebibytes: int) -> None:
        kept.get((name,), lambda: (loads.append(name), Picture(block(mebibytes), name)))

    get("a", 4)
    get("b", 4)
    get("a", 4)
    get("c", 4)  # b goes
    assert loads == ["a", "b", "c"]
    assert kept.occupied() < 10 * MIB
    get("a", 4)
    assert loads == ["a", "b", "c"]
    get("b", 4)
    assert loads == ["a", "b", "c", "b"]


def test_a_hundred_different_visits_leave_no_more_than_the_limit() -> None:
    kept = SharedCache(10 * MIB)
    for visit in range(100):
        kept.get((visit,), lambda size=1 + visit % 3: Picture(block(size), "photograph"))
        assert kept.occupied() < 11 * MIB
    assert 3 <= len(kept) <= 10


def test_one_that_is_larger_than_all_may_be_is_kept_until_the_next_comes() -> None:
    kept = SharedCache(MIB)
    kept.get(("large",), lambda: block(3))
    assert len(kept) == 1
    kept.get(("small",), lambda: 1)
    assert len(kept) == 1
    assert kept.occupied() < MIB


def test_several_that_ask_at_once_load_it_once() -> None:
    kept = SharedCache(MIB)
    loads: list[int] = []
    begin = threading.Barrier(4)

    def ask() -> None:
        begin.wait()
        assert kept.get(("one",), lambda: loads.append(1) or "value") == "value"

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1


def test_what_fails_is_loaded_again_and_leaves_nothing() -> None:
    kept = SharedCache(MIB)
    with pytest.raises(ZeroDivisionError):
        kept.get(("a",), lambda: 1 // 0)
    assert len(kept) == 0
    assert kept.get(("a",), lambda: 7) == 7


@pytest.mark.parametrize(
    ("value", "bytes_"),
    [
        (block(2), 2 * MIB),
        ([block(1), {"a": np.zeros(MIB, np.uint8)}], 2 * MIB),
        (Picture(block(1), "x" * MIB), 2 * MIB),
        (np.zeros((2, MIB), np.uint8)[0], 2 * MIB),  # a view keeps the whole
        (pd.DataFrame({"a": np.zeros(MIB // 8)}), MIB),
        (nn.Linear(512, 512, bias=False), MIB),
        ([block(1)] * 3, MIB),
    ],
    ids=["tensor", "nested", "dataclass", "view", "table", "network", "same"],
)
def test_sizes_are_those_of_what_a_value_consists_of(value: object, bytes_: int) -> None:
    assert bytes_ <= shared.size(value) < bytes_ + 20_000


def test_what_holds_the_parts_of_another_entry_may_weigh_less() -> None:
    kept, pixels = SharedCache(3 * MIB), block(2)
    kept.get(("pixels",), lambda: pixels)
    kept.get(("answers",), lambda: Picture(pixels, "the same"), lambda _: 100)
    assert len(kept) == 2


def test_loaders_are_kept_apart_and_arguments_with_an_underscore_are_no_part_of_the_key() -> None:
    loads: list[str] = []

    @shared.shared()
    def one(name: str, *, _image: torch.Tensor) -> str:
        loads.append(name)
        return name

    @shared.shared()
    def other(name: str) -> str:
        return f"other {name}"

    assert (one("a", _image=block(1)), one("a", _image=block(2)), other("a")) == ("a", "a", "other a")
    assert loads == ["a"]
    one.clear()  # type: ignore[attr-defined]
    one("a", _image=block(1))
    assert loads == ["a", "a"]
