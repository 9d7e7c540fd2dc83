"""`robustcore check`: judge models by a specification, evaluating what is missing first."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from robustcore.commands import _arguments

if TYPE_CHECKING:
    import pandas as pd

    from robustcore.notes import Note
    from robustcore.reports.specification import Evidence, Need, Specification

NAME = "check"
HELP = "Judge models by a specification: rows of metric, condition and threshold."


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's flags."""
    parser.epilog = (
        "Exit status: 0 if every requirement is met by its value (with --strict by the whole 95 %% interval), 1 if one is not "
        "or cannot be judged, 2 if the specification or the command is wrong. 'robustcore list specifications' names those "
        "that ship."
    )
    add = parser.add_argument
    add("specification", metavar="NAME|FILE", help="a toml file, or a specification that ships")
    _arguments.add_models(parser)
    add("--dataset", metavar="NAME|DIR", help="instead of the specification's own")
    add("--split", help="instead of the specification's own")
    add("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps (default: auto)")
    add("--no-evaluate", action="store_true", help="judge what is stored, compute nothing")
    add("--strict", action="store_true", help="the whole 95 %% interval has to meet the threshold, not the value alone")
    add(
        "--format",
        choices=("table", "csv", "json", "html"),
        default="table",
        help="html: a sheet to hand on (default: table)",
    )
    _arguments.add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Judge. 1 if a requirement is not met, 2 if the specification is wrong."""
    import dataclasses

    from robustcore.errors import RobustcoreError
    from robustcore.reports import specification

    try:
        spec = specification.load(args.specification)
    except RobustcoreError as error:
        if getattr(args, "debug", False):
            raise
        print(f"robustcore: {error}", file=sys.stderr)
        return 2
    spec = dataclasses.replace(spec, dataset=args.dataset or spec.dataset, split=args.split or spec.split)
    models = list(dict.fromkeys(args.model))
    evidence = _evaluated(spec, models, args.device, compute=not args.no_evaluate)
    table = specification.judge(spec, evidence)
    passed = specification.meets(table, strict=args.strict)
    _arguments.print_or_write(_formatted(spec, table, evidence, args.format, passed, args.strict), args.output)
    return 0 if passed else 1


def _evaluated(spec: Specification, models: list[str], device: str, *, compute: bool) -> Evidence:
    """What is stored for the specification, once what is missing is evaluated."""
    from robustcore import memory
    from robustcore.datasets import load_dataset
    from robustcore.evaluation import api
    from robustcore.reports import specification

    dataset = load_dataset(spec.dataset, split=spec.split)
    # Loaded once: a model known by its fingerprint is looked up without its weights.
    judged = api.subjects(models, dataset=dataset)
    against = api.subjects([name for name in spec.references if name not in models], dataset=dataset)
    evidence = specification.gather(spec, judged, references=against, dataset=dataset)
    missing = specification.missing(spec, evidence) if compute else []
    if not missing:
        return evidence
    memory.keep()
    for need in missing:
        if not _evaluate(spec, need, device):
            break
    return specification.gather(spec, judged, references=against, dataset=dataset)


def _evaluate(spec: Specification, need: Need, device: str) -> bool:
    """Carry one evaluation out; False if it was stopped."""
    from robustcore.commands.evaluate import shown_on
    from robustcore.evaluation.jobs import jobs, worker
    from robustcore.progress import Bar
    from robustcore.reports import specification

    job = jobs.submit(specification.request(spec, need, device), here=True)
    with Bar() as bar:
        summary, _ = worker.run_job(job, shown_on(bar))
    print(f"{summary.computed} units computed, {summary.cached} stored before.", file=sys.stderr)
    for reason, count in summary.reasons.items():
        print(f"{count} units failed: {reason}", file=sys.stderr)
    if summary.cancelled:
        print("Stopped. What was finished is kept, and the same command goes on.", file=sys.stderr)
    return not summary.cancelled


def _formatted(
    spec: Specification, table: pd.DataFrame, evidence: Evidence, form: str, passed: bool, strict: bool
) -> str:
    from robustcore.evaluation import tables

    assert evidence.provenance is not None
    cautions = tables.distinct(text for _, text in evidence.provenance.cautions)
    if form == "csv":
        from robustcore import spreadsheets

        for caution in cautions:  # the other forms have them
            print(caution, file=sys.stderr)
        return spreadsheets.csv(table)
    footer = evidence.provenance.sentence()
    if form == "html":
        from robustcore.reports.specification import sheet

        return sheet.html(spec, table, footer)
    if form == "json":
        document = {
            "specification": spec.name,
            "dataset": spec.dataset,
            "split": spec.split,
            "strict": strict,
            "passed": passed,
            "rows": json.loads(table.to_json(orient="records")),
            "cautions": [
                *(note.text for note in _trained_on(spec, evidence)),
                *cautions,
            ],
            "promise": _promise(spec, evidence),
            "provenance": footer,
        }
        return json.dumps(document, indent=2) + "\n"
    from robustcore.reports.specification import promise

    seen = "".join(f"\n{note.text}\n" for note in _trained_on(spec, evidence))
    text = promise.text(promise.load(spec, evidence.provenance.images[1]))
    return f"{readable(spec, table)}{seen}\nWhat a model that meets {spec.name} has shown.\n{text}\n\n{footer}\n"


def _promise(spec: Specification, evidence: Evidence) -> dict[str, Any]:
    """What the specification promises, as plain values."""
    from robustcore.reports.specification import promise

    assert evidence.provenance is not None
    found = promise.load(spec, evidence.provenance.images[1])
    parts = {"promised": found.promised, "evidence": found.evidence, "denied": found.denied, "unknown": found.unknown}
    return {name: [note.text for note in notes] for name, notes in parts.items()} | {
        "coverage": json.loads(found.coverage.to_json(orient="records")),
        "cheapest": json.loads(found.cheapest.to_json(orient="records")),
        "basis": found.basis.text,
    }


def _trained_on(spec: Specification, evidence: Evidence) -> list[Note]:
    """The models that are judged under corruptions of their own training."""
    from robustcore.reports.training_corruptions import trained_on_tested

    tested = dict.fromkeys(c.name for row in spec.rows for c in row.conditions if c.kind == "corruption")
    return trained_on_tested(evidence.models, tested)


def readable(spec: Specification, table: pd.DataFrame) -> str:
    """One block a model: each requirement with its value, interval, threshold, margin and verdict; then the sum of it."""
    from robustcore.reports import specification
    from robustcore.reports.specification.wording import amount

    head = ("", "metric", "condition", "value", "95 % interval", "threshold", "margin", "verdict")
    blocks = []
    for model, own in table.groupby("model", sort=False):
        lines = [head]
        notes = []
        for record in own.to_dict("records"):
            unknown = record["verdict"] == "undefined"
            interval = f"{record['low']:.1f} to {record['high']:.1f}" if record["low"] == record["low"] else "-"
            lines.append(
                (
                    str(record["row"]),
                    record["metric"],
                    record["condition"],
                    "-" if unknown else amount(record["value"], record["metric"], measured=True),
                    interval,
                    f"{record['direction']} {amount(record['threshold'], record['metric'])}",
                    "-" if unknown else f"{record['margin']:+.2f}",
                    record["verdict"],
                )
            )
            if record["reason"]:
                notes.append(f"{record['row']}: {record['reason']}.")
        widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
        text = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
        ]
        sentence = "meets" if specification.meets(own) else "does not meet"
        blocks.append("\n".join([f"{model} {sentence} {spec.name}: {specification.summary(own)}", "", *text, *notes]))
    return "\n\n".join(blocks) + "\n"
