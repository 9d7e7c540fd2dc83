"""Calls: what is printed is what runs."""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np
import pytest
import torch

import robustcore as rc
from robustcore.calls import Attribute, Call, Item, Node, Variable


def executed(node: Node) -> dict[str, Any]:
    """The variables that the printed Python leaves."""
    space: dict[str, Any] = {}
    exec(compile(node.python(), "printed.py", "exec"), space)
    return space


def test_the_printed_python_computes_the_value() -> None:
    numbers = Call(sorted, [3, 1, 2], name="numbers")
    middle = Call(statistics.median, Call(list, numbers), name="middle")
    both = Call(dict, first=Item(numbers, 0), rest=[middle, (numbers,)], name="both")
    assert both.value == {"first": 1, "rest": [2, ([1, 2, 3],)]}
    assert executed(both)["both"] == both.value


def test_public_names_are_printed_as_such() -> None:
    image = torch.zeros(3, 32, 32, dtype=torch.uint8)
    call = Call(rc.corrupt, Variable("image", image), "fog", severity=3, ids=[7], name="foggy")
    assert call.imports() == ["import robustcore as rc"]
    assert call.assignments() == ["foggy = rc.corrupt(image, 'fog', severity=3, ids=[7])"]
    space = {"image": image}
    exec(call.python(), space)
    assert torch.equal(space["foggy"], call.value)


def test_a_named_value_is_computed_once_and_printed_once() -> None:
    runs = []
    source = Call(sorted, [2, 1], name="source").supplied_by(lambda: runs.append(1) or [1, 2])
    total = Call(sum, [Call(len, source), Item(source, 1)], name="total")
    assert total.value == 4
    assert runs == [1]
    assert total.python().count("source = ") == 1
    assert executed(total)["total"] == 4


def test_equal_calls_of_one_name_are_one_variable_and_others_are_refused() -> None:
    pair = Call(list, (Call(len, "ab", name="n"), Call(len, "ab", name="n")), name="pair")
    assert pair.assignments() == ["n = len('ab')", "pair = list((n, n))"]
    with pytest.raises(AssertionError, match="two values are named n"):
        Call(list, (Call(len, "ab", name="n"), Call(len, "abc", name="n")), name="pair").assignments()


def test_methods_attributes_and_long_calls() -> None:
    text = Call(str, "a b", name="text")
    parts = Call(Attribute(text, "split"), " ", name="parts")
    long = Call(dict, **{f"argument_{i}": Item(parts, i % 2) for i in range(9)}, name="table")
    assert "\n    argument_1=parts[1],\n" in long.python()
    assert executed(long)["table"] == long.value


def test_only_literals_are_printed() -> None:
    assert Call(abs, np.float64(0.5)).text() == "abs(0.5)"
    with pytest.raises(ValueError, match="malformed"):
        Call(abs, torch.nn.ReLU()).text()


def test_functions_of_a_private_module_are_imported_from_its_package() -> None:
    from robustcore.figures import to_html

    assert Call(to_html, 1).imports() == ["from robustcore import figures"]
