"""Derived data on the disk: found by its key alone, derived again where it is damaged, bounded."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import numpy as np
import pytest

from robustcore import derived
from robustcore.derived import store


def files(cache: Path) -> list[Path]:
    return sorted((cache / "derived").rglob("*.json"))


def test_it_is_derived_once(own_cache: Path) -> None:
    calls: list[int] = []

    def derive() -> tuple[int, ...]:
        calls.append(1)
        return (1, 2)

    assert derived.once("test", "a", derive) == derived.once("test", "a", derive) == (1, 2)
    assert len(calls) == 1
    derived.once("test", "b", derive)
    derived.once("other", "a", derive)
    assert len(calls) == 3
    assert len(files(own_cache)) == 3


def test_other_code_derives_again(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    derived.put("test", "a", 1)
    monkeypatch.setattr(store, "code", lambda: "another release")
    assert derived.get("test", "a") is None


@pytest.mark.parametrize("damage", [b"", b"nonsense\n1", b"\xff\xfe", b"{}"])
def test_a_damaged_file_is_derived_again(own_cache: Path, damage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    derived.put("test", "a", [0.5])
    files(own_cache)[0].write_bytes(damage)
    with caplog.at_level(logging.ERROR):
        assert derived.once("test", "a", lambda: [0.25]) == [0.25]
        assert derived.get("test", "a") == [0.25]


def test_the_files_used_longest_ago_go_first(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LIMIT", 12_000)
    for place, key in enumerate("abcd"):
        derived.put("test", key, np.zeros(250))
        newest = max(files(own_cache), key=lambda path: path.stat().st_mtime_ns)
        os.utime(newest, (1_000_000 + place, 1_000_000 + place))
    assert derived.get("test", "a") is not None  # used now
    derived.put("test", "e", np.zeros(250))
    assert [key for key in "abcde" if derived.get("test", key) is not None] == ["a", "d", "e"]


def test_a_value_larger_than_all_may_be_is_kept_until_the_next_one_comes(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "LIMIT", 3_000)
    for key in "ab":
        assert derived.put("test", key, np.zeros(1_000))
        assert derived.get("test", key) is not None
    assert derived.get("test", "a") is None


def test_what_a_killed_process_left_goes_after_an_hour(own_cache: Path) -> None:
    derived.put("test", "a", 1)
    old, new = (files(own_cache)[0].with_name(f".{name}.json.7.7") for name in ("old", "new"))
    for leftover in (old, new):
        leftover.write_text("half of a val")
    os.utime(old, (1_000_000, 1_000_000))
    derived.put("test", "b", 1)
    assert (old.exists(), new.exists()) == (False, True)


def test_a_cache_that_cannot_be_written_costs_a_warning(own_cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    (own_cache / "derived").parent.mkdir(parents=True, exist_ok=True)
    (own_cache / "derived").write_text("a file")
    with caplog.at_level(logging.WARNING):
        assert derived.once("test", "a", lambda: 1) == 1
    assert "cannot be kept" in caplog.text


def test_a_digest_tells_values_apart() -> None:
    values = [1, 1.5, "1", (1,), [1], None, {"a": 1}, ("a", 1), "a"]
    assert len({derived.digest(value) for value in values}) == len(values)
    assert derived.digest("a", "b") != derived.digest("ab")
