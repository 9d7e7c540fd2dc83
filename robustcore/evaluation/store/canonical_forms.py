"""Conditions that an earlier release wrote in another form, brought to today's, so that their results are met again.

Equal conditions have one canonical form since version 6 of the results file. Before, an attack's eps 1 and 1.0 were two,
and a sequence's explicit difficulty 1 was another one than the same left out.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from typing import Any

from robustcore.errors import RobustcoreError
from robustcore.evaluation import operations
from robustcore.evaluation.condition import Condition
from robustcore.evaluation.store import queries


def settle(connection: sqlite3.Connection) -> None:
    """Give every stored condition its canonical form and the fingerprint of it. Results that were stored under both forms
    become one, with the units of more images where both have them.

    Those of an operation that has changed since, or that is not here (a plug-in's), stay as they are.
    """
    rows = connection.execute("SELECT id, fingerprint, canonical FROM conditions").fetchall()
    for id_, fingerprint, canonical in rows:
        condition = _of_today(json.loads(canonical), fingerprint)
        if condition is None or condition.canonical() == canonical:
            continue
        fields = {"kind": condition.kind, "name": condition.name, "canonical": condition.canonical()}
        target = queries.named(connection, "conditions", operations.fingerprint(condition), fields)
        for cell, *place in connection.execute(
            "SELECT id, dataset, model, seed, precision FROM cells WHERE condition = ?", (id_,)
        ).fetchall():
            dataset, model, seed, precision = place
            into = queries.placed(connection, (dataset, model, target, seed, precision))
            queries.move_units(connection, cell, into)
        connection.execute("DELETE FROM conditions WHERE id = ?", (id_,))


def _of_today(fields: dict[str, Any], fingerprint: str) -> Condition | None:
    """A stored condition as it is written today; None where its results are not today's operation's."""
    try:
        condition = Condition.from_dict(fields)
        operations.check(condition)
        identity = dict(operations.of(condition).identity(condition))
    except RobustcoreError:
        return None
    stored = {json.dumps(parts, sort_keys=True, separators=(",", ":")) for parts in _older(fields, identity)}
    same = fingerprint in {hashlib.sha256(text.encode()).hexdigest() for text in stored}
    return condition if same else None


def _older(fields: dict[str, Any], identity: dict[str, Any]) -> list[dict[str, Any]]:
    """What the fingerprint of a condition in an older form was taken of: with its options in their types, or as they stood."""
    options = identity.get("options")
    if not isinstance(options, dict):
        return [{"condition": fields, "operation": identity}]
    as_written = {name: fields.get("params", {}).get(name, value) for name, value in options.items()}
    return [{"condition": fields, "operation": identity | {"options": o}} for o in (options, as_written)]
