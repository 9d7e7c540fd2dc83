"""What every kind of condition promises the plan, the runner and the store."""

from __future__ import annotations

import json

import pytest

from robustcore import corruptions
from robustcore.errors import RobustcoreError
from robustcore.evaluation import Condition, operations, suites
from robustcore.evaluation.condition import KINDS
from robustcore.evaluation.operations import Operation


@pytest.fixture(params=list(operations.registry), ids=lambda o: o.kind)
def operation(request: pytest.FixtureRequest) -> Operation:
    operation: Operation = request.param
    return operation


def suites_of(operation: Operation) -> list[str]:
    """The names of the suites whose conditions are all of this kind."""
    return [name for name in corruptions.suites.names(operation.kind) if name in suites.names()]


def examples(operation: Operation) -> list[Condition]:
    """Every condition of the operation's own suites, as an evaluation meets them."""
    rows = [row for name in suites_of(operation) for row in suites.load(name).rows]
    conditions = [c for row in rows for c in operation.expand(row, None)]
    return conditions or [Condition.clean()] * (operation.kind == "clean")


def test_its_kind_is_one_that_conditions_have(operation: Operation) -> None:
    assert operation.kind in KINDS
    assert operations.registry[operation.kind] is operation


def test_its_suites_can_be_evaluated_as_they_are(operation: Operation) -> None:
    conditions = examples(operation)
    assert conditions
    for condition in conditions:
        assert condition.kind == operation.kind
        operation.check(condition)


def test_its_suites_are_found_by_name_and_described(operation: Operation) -> None:
    for name in suites_of(operation):
        assert suites.load(name).description.endswith(".")
        assert suites.title(name) != name or name == "syn2nat"
        assert suites.load(name).rows


def test_identities_are_json_with_a_revision_and_fingerprints_differ(operation: Operation) -> None:
    conditions = examples(operation)
    assert conditions
    for condition in conditions:
        assert "revision" in json.loads(json.dumps(dict(operation.identity(condition))))
    assert len({operations.fingerprint(c) for c in conditions}) == len(set(conditions))


def test_a_name_that_it_does_not_know_is_refused(operation: Operation) -> None:
    with pytest.raises(RobustcoreError):
        operation.check(Condition(operation.kind, "no such thing", 1))
