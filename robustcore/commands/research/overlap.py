"""`robustcore overlap`: train one model for each corruption, test each on all, and write the table of accuracies."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from robustcore.commands import _arguments

if TYPE_CHECKING:
    import pandas as pd

    from robustcore.atlas.compute import Progress
    from robustcore.progress import Bar

NAME = "overlap"
HELP = "Train a model on each corruption of a suite, test each on all, and report which overlap."
_ARCHITECTURE, _TRAINED = "scenes/resnet", "scenes/resnet-standard"


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's flags."""
    add = parser.add_argument
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--suite", nargs="+", metavar="NAME|FILE", help="suites, toml files or corruptions")
    which.add_argument(
        "--published",
        action="store_true",
        help="train nothing: write the table of the ImageNet Testbed's ResNet-50s that were trained on one corruption each",
    )
    add(
        "--model",
        metavar="NAME",
        help=f"the architecture (default: {_ARCHITECTURE}); with --without-training a trained model (default: {_TRAINED})",
    )
    add(
        "--without-training",
        action="store_true",
        help="train nothing: how alike the corrupted images look to a trained model (minimal sample distance), and where overlaps that are "
        "known say otherwise",
    )
    add(
        "--dataset", default="scenes", metavar="NAME|DIR", help="scenes, or a folder of class folders (default: scenes)"
    )
    add("--seeds", type=_arguments.positive, default=1, metavar="N", help="trainings of each model (default: 1)")
    add(
        "--severity",
        nargs="+",
        type=int,
        choices=range(1, 6),
        metavar="1..5",
        help="tested severities, averaged (default: one drawn for each image)",
    )
    add(
        "--images", type=_arguments.positive, metavar="N", help="test images (default: 4800 of scenes, all of a folder)"
    )
    add("--epochs", type=int, metavar="N", help="of the standard model that all go on from (default: 8)")
    add(
        "--further",
        type=int,
        default=4,
        metavar="N",
        help="epochs from there, the same for all; 0: all from random weights (default: 4)",
    )
    add("--batch", type=int, metavar="N", help="images in a step (default: 64)")
    add("--training-limit", type=int, metavar="N", help="use only the first N training images")
    add("--side", type=int, metavar="PIXELS", help="side of the prepared images (default: the dataset's)")
    add("--precision", choices=("float32", "bf16"), default="float32", help="of the tests (default: float32)")
    add("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps (default: auto)")
    add(
        "--devices",
        type=lambda text: tuple(text.split(",")),
        default=(),
        metavar="A,B",
        help="train side by side, one process for each device, e.g. cuda:0,cuda:1 or cpu,cpu",
    )
    add("--scheduler", default="", metavar="ADDRESS", help="test on a Dask cluster: tcp://HOST:8786 or scheduler file")
    add(
        "--output", type=_arguments.output, metavar="FILE", help="the table, csv (default: in the cache, under overlap)"
    )


def run(args: argparse.Namespace) -> int:
    """Train and test what is missing, or write the published table. 1 if some units failed."""
    if args.published:
        return _write_published(args.output)
    if args.without_training:
        return _without_training(args)
    from robustcore import memory
    from robustcore.atlas import compute, plan
    from robustcore.progress import Bar, duration
    from robustcore.training import Recipe

    fields = {
        "epochs": args.epochs,
        "batch": args.batch,
        "limit": args.training_limit,
        "side": args.side,
    }
    given = {name: value for name, value in fields.items() if value is not None}
    base = Recipe(args.model or _ARCHITECTURE, args.dataset, **given)
    severities = tuple(args.severity) if args.severity else None
    what = plan.Plan(
        tuple(args.suite), base, args.further, tuple(range(args.seeds)), args.images, severities, args.precision
    )
    members = what.members()
    print(f"{len(members)} models ({args.seeds} of each kind), each tested on {len(what.conditions())} conditions.")
    tested = (
        "testing too"
        if severities is None
        else f"tested are severities {', '.join(map(str, severities))}, or drawn strengths"
    )
    print(f"Training draws a severity, or a strength in the range, for each image; {tested}.")
    memory.keep()
    began = time.monotonic()
    with Bar() as bar:
        table = compute.run(
            what, device=args.device, devices=args.devices, scheduler=args.scheduler, progress=shown_on(bar)
        )
    output = args.output or what.output()
    plan.write(table, output)
    print(f"Done in {duration(time.monotonic() - began)}. Accuracies: {output}")
    summary = table.attrs["summary"]
    for reason, count in summary["reasons"].items():
        print(f"{count} units failed: {reason}", file=sys.stderr)
    print(said_of(table))
    return 1 if summary["failed"] else 0


def _without_training(args: argparse.Namespace) -> int:
    """The minimal sample distances of the suite's corruptions, and what the largest atlas of them says otherwise."""
    from robustcore import corruptions, overlap
    from robustcore.atlas import plan
    from robustcore.datasets import load_dataset
    from robustcore.errors import InvalidArgumentError
    from robustcore.evaluation import suites
    from robustcore.models import load_model
    from robustcore.overlap import sample_distance
    from robustcore.progress import Bar
    from robustcore.reports.overlap import atlas, without_training

    asked = suites.resolve(args.suite)
    names = list(dict.fromkeys(c.name for c in asked if c.kind == "corruption" and c.name in corruptions.names()))
    if len(names) < 2:
        raise InvalidArgumentError(
            f"--suite {' '.join(args.suite)} has {'no corruptions' if not names else 'one corruption'}; distances are between two or "
            "more, as of imagenet-c."
        )
    model = load_model(args.model or _TRAINED)
    dataset = load_dataset(args.dataset, split="test", side=args.side or model.card.side)
    images = min(args.images or without_training.IMAGES, len(dataset))
    with Bar() as bar:
        table = without_training.distances(
            model,
            dataset,
            names,
            images=images,
            progress=lambda done, total: bar.update(done, total, f"{done}/{total} corruptions"),
        )
    output = args.output
    if output is not None:
        _arguments.write(output, table.to_csv())
        print(f"Distances: {output}")
    if images < without_training.LEAST:
        print(without_training.too_few_images_for_pairs(images, without_training.LEAST).text)
        return 0
    tables = {name: plan.read(path) for name, path in plan.tables().items()}
    entries = [e for name, own in tables.items() for e in atlas.entries(name, plan.tables()[name], own)]
    here = [e for e in entries if e.dataset == args.dataset and len(set(names) & set(e.corruptions)) > 1]
    print(
        f"Minimal sample distances of {len(names)} corruptions, by the features of {model.card.name}. Nearest to each:"
    )
    for name in names:
        others = {other: float(value) for other, value in table.loc[name].to_dict().items() if other != name}
        nearest = min(others, key=others.__getitem__)
        print(f"  {name}: {nearest} ({others[nearest]:.2f}; itself {table.loc[name].to_dict()[name]:.2f})")
    if not here:
        print("There is no atlas of these corruptions on these data to compare with.")
        return 0
    best = max(here, key=lambda e: len(set(names) & set(e.corruptions)))
    matrix = overlap.measure(atlas.accuracies(tables[best.path.stem], best.architecture), metric="residual", draws=0)
    print(f"Compared with the overlaps of {best.path.stem}:")
    for note in without_training.notes(sample_distance.disagreement(table, matrix.scores)):
        print(f"  {note.text}")
    return 0


def _write_published(output: Path | None) -> int:
    from robustcore import paths
    from robustcore.atlas import plan, published

    table = published.table()
    path = output or paths.writable_cache("overlap") / published.FILE
    plan.write(table, path)
    print(
        f"{table['trained_on'].nunique()} published models, {table['tested_on'].nunique()} conditions. Accuracies: {path}"
    )
    print(said_of(table))
    return 0


def shown_on(bar: Bar) -> Callable[[Progress], None]:
    """How far the atlas is, as the bar's text; where there is no terminal, a line for each trained model."""
    from robustcore.progress import clock

    def show(now: Progress) -> None:
        left = "" if now.seconds_left is None else f"  {clock(now.seconds_left)} left"
        what = "models" if now.stage == "training" else "units"
        text = f"{now.stage}: {int(now.done)}/{now.total} {what}  {now.text}{left}"
        bar.update(round(100 * now.done), 100 * now.total, text)
        if now.stage == "training" and now.done == int(now.done) and not bar.live:
            bar.line(text)

    return show


def said_of(table: pd.DataFrame) -> str:
    """The overlaps of the table in a few lines: residual robustness, as in the thesis' experiments."""
    from robustcore.overlap import measure

    overlap = measure(table, metric="residual", draws=0)
    clean = overlap.clean.dropna()
    lines = [f"Clean accuracies {clean.min():.1%} to {clean.max():.1%}."]
    lines += [f"No overlap of {name} is defined: {why}." for name, why in overlap.undefined.items()]
    lines += [note.text for note in overlap.notes]
    scores = overlap.scores.drop(index=list(overlap.undefined), columns=list(overlap.undefined))
    if len(scores) > 1:
        lines.append(
            "Overlaps (residual robustness):\n" + scores.to_string(float_format=lambda v: f"{v:.2f}", na_rep="-")
        )
    return "\n".join(lines)
