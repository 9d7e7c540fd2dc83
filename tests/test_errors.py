from __future__ import annotations

import inspect

import pytest

from robustcore import errors
from robustcore.errors import InvalidArgumentError, MissingExtraError, RobustcoreError, UnknownNameError


def test_one_except_clause_catches_the_family() -> None:
    family = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, Exception)]
    assert len(family) >= 10
    assert all(issubclass(c, RobustcoreError) for c in family)


def test_the_tree_in_the_docstring_names_every_exception() -> None:
    for name, thing in inspect.getmembers(errors, inspect.isclass):
        if issubclass(thing, Exception):
            assert name in (errors.__doc__ or "")


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    error = UnknownNameError("corruption", "gausian_noise", ["gaussian_noise", "shot_noise", "fog"])
    assert str(error).startswith("There is no corruption named 'gausian_noise'. Did you mean 'gaussian_noise'")


def test_without_a_near_name_the_known_ones_are_listed() -> None:
    assert str(UnknownNameError("variant", "zzz", ["tiny", "cifar"])).endswith("Known: cifar, tiny.")
    many = UnknownNameError("model", "zzz", [f"net{i:02}" for i in range(40)])
    assert "40 are known" in str(many)
    assert len(str(many)) < 200


def test_a_hostile_name_does_not_flood_the_message() -> None:
    assert len(str(UnknownNameError("model", "x" * 100_000, ["a"]))) < 300


def test_builtin_families_still_catch_ours() -> None:
    with pytest.raises(ValueError, match="no"):
        raise InvalidArgumentError("no")
    with pytest.raises(ImportError, match=r"pip install 'robustcore\[timm\]'"):
        raise MissingExtraError("timm", "timm", "Loading timm models")
