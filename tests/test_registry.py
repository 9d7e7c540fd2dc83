from __future__ import annotations

import pytest

from robustcore.errors import UnknownNameError
from robustcore.registry import Registry


def fruits() -> Registry[int]:
    registry: Registry[int] = Registry("fruit")
    registry.add("pear", 2)
    registry.add("apple", 1)
    return registry


def test_names_are_sorted_and_things_follow_them() -> None:
    assert fruits().names() == ["apple", "pear"]
    assert list(fruits()) == [1, 2]
    assert len(fruits()) == 2
    assert "pear" in fruits()


def test_a_name_is_taken_once() -> None:
    with pytest.raises(AssertionError, match="'apple' is registered twice"):
        fruits().add("apple", 3)


@pytest.mark.parametrize("name", ["aple", "", None, 3, ["apple"]])
def test_anything_unknown_is_an_unknown_name(name: object) -> None:
    with pytest.raises(UnknownNameError):
        fruits()[name]  # type: ignore[index]
