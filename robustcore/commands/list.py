"""`robustcore list`: what there is of each kind, by name."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable, Iterable

from robustcore.errors import InvalidArgumentError

NAME = "list"
HELP = "List what there is by name: corruptions, attacks, models, datasets, metrics, suites, pages and other kinds."

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
        corruption = corruptions.get(name)
        yield name, corruption.family, ", ".join(corruption.suites), corruption.summary


def _families() -> Iterable[Row]:
    from robustcore.corruptions import families

    for name in families.names():
        family = families.registry[name]
        yield name, family.title, family.description


def _suites() -> Iterable[Row]:
    from robustcore.evaluation import suites

    for name in suites.names():
        suite = suites.load(name)
        yield name, suites.title(name), f"{len(suite.rows)} rows", suite.description


def _sequences() -> Iterable[Row]:
    from robustcore import sequences

    for name in sequences.names():
        sequence = sequences.get(name)
        yield name, sequence.family, sequence.suite, sequence.summary


def _attacks() -> Iterable[Row]:
    from robustcore import attacks

    for name in attacks.names():
        attack = attacks.get(name)
        yield name, attack.title, attack.summary


def _pages() -> Iterable[Row]:
    # By name, since the library does not import the dashboard, which needs Streamlit.
    try:
        importlib.import_module("streamlit.logger").set_log_level("error")  # it warns of caches outside a server
        pages = importlib.import_module("dashboard.pages")
    except ModuleNotFoundError as error:
        raise InvalidArgumentError(f"The pages cannot be listed here: {error.name} is not installed.") from error
    for view in pages.views():
        yield view.name, view.page.title, view.page.group, view.page.question


def _specifications() -> Iterable[Row]:
    from robustcore.reports import specification

    for name in specification.names():
        specified = specification.load(name)
        yield name, f"{len(specified.rows)} rows", f"on {specified.dataset}", specified.description


def _defences() -> Iterable[Row]:
    from robustcore.models import defences

    for defence in defences.registry:
        yield f"?defence={defence.name}", defence.summary


def _models() -> Iterable[Row]:
    from robustcore import models
    from robustcore.models.registered import registry

    local = set(models.names(offline=True))
    for name in models.names():
        where = "here" if name in local else "fetched when it is asked for"
        yield name, where, registry[name].summary if name in registry else ""


def _architectures() -> Iterable[Row]:
    from robustcore import models
    from robustcore.models.architectures import registry

    for name in models.architectures():
        yield (name, f"{registry[name].side} pixels", registry[name].summary) if name in registry else (name, "", "")


def _metrics() -> Iterable[Row]:
    from robustcore import metrics

    for metric in metrics.registry:
        needs = "needs a reference" if metric.reference else ""
        yield metric.name, metric.title, metric.input, f"{metric.better} is better", needs, metric.summary


def _scores() -> Iterable[Row]:
    from robustcore.detection import scores

    for score in scores.registry.registered():
        reads = "fitted" if score.fitted else ""
        yield score.name, score.title, reads, score.formula


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
        yield name, interventions.get(name).summary, ", ".join(interventions.usage(name))


_KINDS: dict[str, Callable[[], Iterable[Row]]] = {
    "architectures": _architectures,
    "attacks": _attacks,
    "corruptions": _corruptions,
    "datasets": _registered("robustcore.datasets"),
    "defences": _defences,
    "families": _families,
    "interventions": _interventions,
    "metrics": _metrics,
    "models": _models,
    "pages": _pages,
    "scores": _scores,
    "sequences": _sequences,
    "specifications": _specifications,
    "suites": _suites,
}
