"""`robustcore list`: what there is of each kind, by name."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
from collections.abc import Callable, Iterable
from typing import Any

from robustcore.errors import InvalidArgumentError

NAME = "list"
HELP = (
    "List corruptions, attacks, models, defences, datasets, interventions, metrics, suites or specifications by name."
)

Row = tuple[str, ...]


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's flags."""
    parser.add_argument("kind", choices=sorted(_KINDS), metavar="KIND", help=", ".join(sorted(_KINDS)))
    parser.add_argument("--suite", metavar="NAME", help="of the corruptions, one suite's alone")


def run(args: argparse.Namespace) -> int:
    """Print one line for each name."""
    if args.suite is not None and args.kind != "corruptions":
        raise InvalidArgumentError(f"--suite chooses among corruptions, not {args.kind}; leave it out.")
    rows = list(_KINDS[args.kind]() if args.suite is None else _corruptions(args.suite))
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


def _corruptions(suite: str | None = None) -> Iterable[Row]:
    from robustcore import corruptions

    for name in corruptions.names(suite):
        found = corruptions.get(name)
        yield name, found.family, ", ".join(found.suites), found.summary


def _suites() -> Iterable[Row]:
    from robustcore.evaluation import suites

    for name in suites.names():
        suite = suites.load(name)
        yield name, f"{len(suite.rows)} rows", suite.description


def _specifications() -> Iterable[Row]:
    from robustcore.reports import specification

    for name in specification.names():
        found = specification.load(name)
        yield name, f"{len(found.rows)} rows", f"on {found.dataset}", found.description


def _defences() -> Iterable[Row]:
    from robustcore.models import defences

    for defence in defences.registry:
        yield f"?defence={defence.name}", defence.summary


def _models() -> Iterable[Row]:
    from robustcore import models

    kept = set(models.names(offline=True))
    for name in models.names():
        yield name, "here" if name in kept else "fetched when it is asked for"


def _metrics() -> Iterable[Row]:
    from robustcore import metrics

    for metric in metrics.registry:
        needs = "needs a reference" if metric.reference else ""
        yield metric.name, metric.input, f"{metric.better} is better", needs, metric.summary


def _registered(module: str) -> Callable[[], Iterable[Row]]:
    """The names of a package, with their summaries where they have one."""

    def rows() -> Iterable[Row]:
        package = importlib.import_module(module)
        for name in package.names():
            thing = package.get(name) if hasattr(package, "get") else None
            yield name, str(getattr(thing, "summary", ""))

    return rows


def _interventions() -> Iterable[Row]:
    from robustcore.training import interventions

    for name in interventions.names():
        found = interventions.get(name)
        yield name, found.summary, ", ".join(_setting(field) for field in dataclasses.fields(found))  # type: ignore[arg-type]


def _setting(field: dataclasses.Field[Any]) -> str:
    """A setting as it is written behind --set: its default, or in capitals what has none."""
    value = field.name.upper() if field.default is dataclasses.MISSING else field.default
    return f"{field.name}={value}"


_KINDS: dict[str, Callable[[], Iterable[Row]]] = {
    "attacks": _registered("robustcore.attacks"),
    "corruptions": _corruptions,
    "defences": _defences,
    "datasets": _registered("robustcore.datasets"),
    "interventions": _interventions,
    "metrics": _metrics,
    "models": _models,
    "sequences": _registered("robustcore.sequences"),
    "specifications": _specifications,
    "suites": _suites,
}
