"""`robustcore evaluate`: score models under a suite, with a progress bar; what is stored is not computed again."""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from robustcore import spreadsheets
from robustcore.commands import _arguments

if TYPE_CHECKING:
    import pandas as pd

    from robustcore.evaluation import Condition
    from robustcore.evaluation.request import EvaluationRequest
    from robustcore.evaluation.run.runner import Progress
    from robustcore.progress import Bar

NAME = "evaluate"
HELP = "Score models on a dataset under a suite of conditions."


# Metrics that are printed without being asked for, where accuracy says nothing.
_WITHOUT_LABELS = ("consistency", "confidence_change")  # answers are compared with those to the clean images
_OF_UNKNOWN = ("auroc", "aupr", "fpr95")
_OF_NEAREST = ("median_change",)


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's flags."""
    add = parser.add_argument
    _arguments.add_models(parser)
    add(
        "--dataset", default="scenes", metavar="NAME|DIR", help="scenes, or a folder of class folders (default: scenes)"
    )
    add("--split", default="test", help="train, val or test (default: test)")
    add(
        "--suite",
        nargs="+",
        action="extend",
        metavar="NAME|FILE",
        help="suites, toml files, corruptions or clean (default: imagenet-c)",
    )
    add("--limit", type=_arguments.positive, metavar="N", help="the first N images only")
    add(
        "--severity",
        nargs="+",
        action="extend",
        type=int,
        choices=range(1, 6),
        metavar="1..5",
        help="severities (default: all; for ranged corruptions a strength drawn for each image)",
    )
    add("--seed", type=int, default=0, help="of every random draw (default: 0)")
    add("--storage", choices=("memory", "jpeg85"), default="memory", help="jpeg85: through a second JPEG, as released")
    add(
        "--released",
        default="",
        metavar="DIR",
        help="a released set of the same corruptions, such as ImageNet-C: its images are scored too",
    )
    add("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps (default: auto)")
    add(
        "--devices",
        type=lambda text: tuple(text.split(",")),
        default=(),
        metavar="A,B",
        help="one process for each device, e.g. cuda:0,cuda:1",
    )
    add(
        "--scheduler",
        default="",
        metavar="ADDRESS",
        help="compute on a Dask cluster: tcp://HOST:8786 or scheduler file",
    )
    add("--precision", choices=("float32", "bf16"), default="float32", help="of the scoring (default: float32)")
    add(
        "--surrogate",
        action="append",
        default=[],
        type=_arguments.model,
        metavar="NAME",
        help="a model that attacks are crafted on, besides the model itself; may be repeated",
    )
    add("--only-surrogate", action="store_true", help="craft attacks on the surrogates alone")
    add(
        "--norm",
        choices=("linf", "l2", "l1"),
        default="",
        help="of all attacks (default: each one's own); with --eps in it",
    )
    add(
        "--eps",
        nargs="+",
        action="extend",
        type=_arguments.radius,
        default=[],
        metavar="N|N/255",
        help="how far attacks may change an image, pixels in 0 to 1, in the place of the suite's: 2/255, or 0.5 in L2; several for a curve",
    )
    add(
        "--answers",
        choices=("all", "folder"),
        default="all",
        help="folder: only the folder's classes count as answers, as for an ImageNet model on ten classes (default: all)",
    )
    add(
        "--metric",
        action="append",
        default=[],
        metavar="NAME",
        help="further metrics of the result, see 'robustcore list metrics'; may be repeated",
    )
    add(
        "--reference",
        default="",
        metavar="MODEL|alexnet",
        help="of metrics that need one: a model, which is evaluated too, or AlexNet's published figures",
    )
    add("--format", choices=("table", "csv", "parquet"), default="table", help="of the result (default: table)")
    _arguments.add_output(parser)
    add("--detach", action="store_true", help="queue it for a worker process and return at once")
    add("--priority", type=int, default=0, help="with --detach: higher goes first (default: 0)")
    parser.set_defaults(usage=parser)


def run(args: argparse.Namespace) -> int:
    """Evaluate here, or queue it. 1 if some units failed."""
    if args.format == "parquet" and args.output is None:
        args.usage.error("--format parquet needs --output FILE")
    if args.metric and args.detach:
        args.usage.error("--metric needs the result: leave out --detach, or ask again when the job is finished")
    if args.metric:
        _check_metrics(args)
    from robustcore import datasets, memory
    from robustcore.evaluation.jobs import jobs, worker
    from robustcore.progress import Bar, duration

    request = _request(args)
    if args.detach:
        job = jobs.submit(request, priority=args.priority)
        print(f"Job {job} is queued. 'robustcore jobs show {job}' shows how far it is.")
        return 0
    began = time.monotonic()
    memory.keep()
    job = jobs.submit(request, here=True)
    with Bar() as bar:
        summary, table = worker.run_job(job, shown_on(bar))
    took = duration(time.monotonic() - began)
    print(f"{summary.computed} units computed, {summary.cached} stored before, in {took}.", file=sys.stderr)
    for sentence in table.attrs["left_out"] or (
        [] if request.dataset in datasets.names() else ["Nothing of the folder is left out."]
    ):
        print(sentence, file=sys.stderr)
    for reason, count in summary.reasons.items():
        print(f"{count} units failed: {reason}", file=sys.stderr)
    impossible = table[(table["n"] == 0) & ~table["reason"].isin([*summary.reasons, "not evaluated"])]
    for name, reason in dict.fromkeys(impossible[["name", "reason"]].itertuples(index=False, name=None)):
        print(f"{name}: {reason}.", file=sys.stderr)
    if summary.cancelled:
        print(f"Stopped. What was finished is kept; 'robustcore jobs resume {job}' goes on.", file=sys.stderr)
    _write(table, args, request)
    return 1 if summary.failed or summary.cancelled else 0


def shown_on(bar: Bar) -> Callable[[Progress], None]:
    """What an evaluation reports, as the bar's text."""
    from robustcore.progress import clock

    def show(state: Progress) -> None:
        left = "" if state.seconds_left is None else f"  {clock(state.seconds_left)} left"
        failed = f"  {state.failed} failed" if state.failed else ""
        text = f"{state.done}/{state.total} units  {state.images_per_second:,.0f} images/s{left}{failed}"
        for event in state.events:
            bar.line(event.text)
        bar.update(state.done + state.failed, state.total, text)

    return show


def _request(args: argparse.Namespace) -> EvaluationRequest:
    from robustcore.evaluation.request import EvaluationRequest

    return EvaluationRequest(
        models=tuple(_models(args)),
        dataset=args.dataset,
        conditions=tuple(args.suite or ["imagenet-c"]),
        split=args.split,
        limit=args.limit,
        seed=args.seed,
        severities=tuple(args.severity) if args.severity else None,
        storage=args.storage,
        device=args.device,
        devices=args.devices,
        scheduler=args.scheduler,
        precision=args.precision,
        surrogates=tuple(args.surrogate),
        only_surrogate=args.only_surrogate,
        norm=args.norm,
        eps=tuple(args.eps),
        answers=args.answers,
        released=args.released,
    )


def _models(args: argparse.Namespace) -> list[str]:
    """The models to evaluate, the reference among them where it is one."""
    reference = [args.reference] if args.metric and args.reference not in ("", "alexnet") else []
    return list(dict.fromkeys([*args.model, *reference]))


def _check_metrics(args: argparse.Namespace) -> None:
    """Raise one sentence for an unknown metric or a reference that is missing or cannot be used, before anything is computed."""
    from robustcore import metrics
    from robustcore.datasets import load_dataset
    from robustcore.errors import InvalidArgumentError
    from robustcore.metrics import alexnet
    from robustcore.reports import metric_columns

    conditions = _conditions(args)
    for name in args.metric:
        metric = metrics.get(name)
        metric_columns.check(metric, conditions)
        if metric.reference and not args.reference:
            raise InvalidArgumentError(
                f"{name} needs a reference: --reference MODEL, which is evaluated too, or --reference alexnet for the published "
                "figures."
            )
        if metric.reference and metric.input == "accuracies" and args.reference == alexnet.NAME:
            dataset = load_dataset(args.dataset, split=args.split)
            if why := alexnet.refused(args.dataset, len(dataset.classes), dataset.side):
                raise InvalidArgumentError(f"{why} Name a model with --reference MODEL.")


def _conditions(args: argparse.Namespace) -> list[Condition]:
    from robustcore.evaluation import suites
    from robustcore.evaluation.attack_budget import Budget

    budget = Budget.of(args.norm, args.eps)
    return suites.resolve(args.suite or ["imagenet-c"], args.severity, storage=args.storage, budget=budget)


def _write(table: pd.DataFrame, args: argparse.Namespace, request: EvaluationRequest) -> None:
    """The result where it was asked for, with its metrics; what has to be said with them goes to standard error."""
    from robustcore.evaluation import tables
    from robustcore.metrics import alexnet
    from robustcore.reports import metric_columns
    from robustcore.reports.training_corruptions import trained_on_tested

    reference = args.reference
    if reference != alexnet.NAME:
        # A checkpoint is named by its path, and its results by the name on its card.
        named = dict(zip(request.models, dict.fromkeys(table["model"]), strict=False))
        reference = named.get(reference, reference)
    text = ""
    groups = _by_metrics(table, args.metric)
    names = list(dict.fromkeys([*args.metric, *(name for group in groups for name in group)]))
    if names and args.format == "table":
        measured = metric_columns.by_condition(table, names, reference, request)
        blocks = [readable_metrics(measured[_are_of(measured, rows)], group) for group, rows in groups.items()]
        text = "\n\n".join([readable(table), *blocks])
    elif names:
        table = measured = metric_columns.add(table, names, reference, request)
    for note in measured.attrs.get("notes", ()) if names else ():
        print(note, file=sys.stderr)
    corrupted = table[table["kind"] == "corruption"]
    for note in trained_on_tested(dict.fromkeys(table["model"]), corrupted["name"].unique()):
        print(note.text, file=sys.stderr)
    for caution in tables.distinct(table.loc[table["n"] > 0, "caution"]):
        print(caution, file=sys.stderr)
    if args.format == "parquet":
        _arguments.write_table(table, args.output, args.format)
        return
    text = spreadsheets.csv(table) if args.format == "csv" else text or readable(table)
    _arguments.print_or_write(text if text.endswith("\n") else text + "\n", args.output)


def _by_metrics(table: pd.DataFrame, asked: Sequence[str]) -> dict[tuple[str, ...], set[tuple[str, str]]]:
    """Metrics -> (kind, name) of the conditions that they are printed of: those that were asked for, and what belongs to the condition."""
    from robustcore import attacks
    from robustcore.evaluation import operations
    from robustcore.evaluation.store.predictions import LABELLED

    groups: dict[tuple[str, ...], set[tuple[str, str]]] = {}
    for pair, rows in table[table["kind"] != "clean"].groupby(["kind", "name"], sort=False):
        kind, name = map(str, pair)
        condition = _condition(kind, name, rows["params"].iloc[0])
        further: list[str] = []
        if operations.of(condition).unlabelled(condition):
            further += _OF_UNKNOWN
        elif LABELLED in rows and (rows[LABELLED] < 1).any():
            further += _WITHOUT_LABELS
        if kind == "attack" and attacks.resolve(name)[0].nearest:
            further += _OF_NEAREST
        if names := tuple(dict.fromkeys([*asked, *further])):
            groups.setdefault(names, set()).add((kind, name))
    return groups


def _are_of(table: pd.DataFrame, pairs: set[tuple[str, str]]) -> list[bool]:
    return [pair in pairs for pair in zip(table["kind"], table["name"], strict=True)]


def readable_metrics(table: pd.DataFrame, names: Sequence[str]) -> str:
    """One block a model: a row for each condition, a column for each metric, and their means; why one is undefined below."""
    from robustcore import metrics

    blocks = []
    for model, rows in table[table["kind"] != "clean"].groupby("model", sort=False):
        values = rows[list(names)].set_axis(_condition_names(rows), axis=0)
        # Of changes in several norms there is no mean.
        if len(values) > 1 and not any(metrics.get(name).input == "distances" for name in names):
            values.loc["mean"] = values.mean(skipna=False)
        texts = values.astype(object)
        for name in names:
            metric = metrics.get(name)
            texts[name] = [metric.text(float(value)) for value in values[name]]
            if metric.input == "distances":
                in_linf = [
                    _norm(*row) == "linf" for row in zip(rows["kind"], rows["name"], rows["params"], strict=True)
                ]
                texts[name] = [
                    f"{255 * value:.2f}/255" if linf and not math.isnan(value) else text
                    for linf, value, text in zip(in_linf, values[name], texts[name], strict=True)
                ]
        why = [
            f"{name} of {condition}: {reason}"
            for name in names
            for condition, reason in zip(_condition_names(rows), rows[f"{name}_reason"], strict=True)
            if reason
        ]
        more = [f"... and {len(why) - 3} more"] if len(why) > 3 else []
        blocks.append("\n".join([str(model), texts.to_string(), *why[:3], *more]))
    return "\n\n".join(blocks)


def readable(table: pd.DataFrame) -> str:
    """One block a model: its clean accuracy, and accuracy in percent by condition and severity."""
    blocks = []
    for model, rows in table.groupby("model", sort=False):
        clean = rows[rows["kind"] == "clean"].iloc[0]
        head = f"{model} on {clean['dataset']} ({clean['split']}, {clean['n']} images): {_clean(clean)}"
        others = rows[~rows["kind"].isin(["clean", "unknown"])]
        if others.empty or clean.get("labelled") == 0:  # there is no accuracy to show
            blocks.append(head)
            continue
        column = others["severity"].astype("string").fillna(others["strength"]).fillna("-")
        by_condition = others.assign(column=column, condition=_condition_names(others)).pivot_table(
            index="condition", columns="column", values="accuracy", sort=False, dropna=False, aggfunc="first"
        )
        if len(by_condition.columns) > 1:
            by_condition["mean"] = by_condition.mean(axis=1, skipna=False)
        by_condition.index.name = by_condition.columns.name = None
        blocks.append(head + "\n" + (100 * by_condition).to_string(float_format=lambda v: f"{v:.1f}", na_rep="-"))
    return "\n\n".join(blocks)


def _clean(row: pd.Series[Any]) -> str:
    """The clean accuracy, and over which images where not all have a label; or that there is none."""
    if row["n"] == 0:
        return f"no clean accuracy ({row['reason']})"
    share = row.get("labelled", 1.0)
    if share == 0:
        return "no labels, so no accuracy"
    labelled = f", of the {share * row['n']:.0f} with a label" if share < 1 else ""
    return f"clean accuracy {row['accuracy']:.1%}{labelled}"


def _condition_names(rows: pd.DataFrame) -> list[str]:
    """What the conditions are called in a table, with what tells them apart."""
    name = rows["name"].where(rows["storage"] == "memory", rows["name"] + " (" + rows["storage"] + ")")
    # What a shift is one of is in the head of its block, and the released set is the one that was named.
    plain = (rows["kind"] == "shift") | (rows["storage"] == "released")
    further = [
        ""
        if is_plain
        else ", ".join(f"{key}: {value}" for key, value in _condition(kind, title, params).written().items())
        for is_plain, kind, title, params in zip(plain, rows["kind"], rows["name"], rows["params"], strict=True)
    ]
    return [f"{text} ({more})" if more else str(text) for text, more in zip(name, further, strict=True)]


def _condition(kind: str, name: str, params: Any) -> Condition:
    """The condition of a row, without severity and storage; its parameters are JSON in a table, "" or missing where there are none."""
    from robustcore.evaluation import Condition

    return Condition(kind, name, params=tuple(json.loads(params).items()) if isinstance(params, str) and params else ())


def _norm(kind: str, name: str, params: Any) -> str:
    """The norm of an attack; "" of any other condition."""
    from robustcore.reports.attacks.union import budget_of

    budget = budget_of(_condition(kind, name, params), 1) if kind == "attack" else None
    return budget[0] if budget is not None else ""
