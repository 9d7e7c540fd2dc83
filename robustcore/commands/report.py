"""`robustcore report`: a comparison of stored results as one HTML file that opens without a server or a network."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from robustcore.commands import _arguments

if TYPE_CHECKING:
    from robustcore.figures.inside.galleries import Galleries

NAME = "report"
HELP = "Write a comparison of evaluated models as one HTML file."


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's flags."""
    add = parser.add_argument
    _arguments.add_models(parser)
    add("--suite", nargs="+", action="extend", metavar="NAME|FILE", help="suites or corruptions (default: imagenet-c)")
    add(
        "--dataset", default="scenes", metavar="NAME|DIR", help="scenes, or a folder of class folders (default: scenes)"
    )
    add("--split", default="test", help="train, val or test (default: test)")
    add("--severity", nargs="+", action="extend", type=int, choices=range(1, 6), metavar="1..5", help="default: all")
    add(
        "--storage",
        choices=("memory", "jpeg85", "released"),
        default="memory",
        help="jpeg85: through a second JPEG; released: results on released files",
    )
    add("--seed", type=int, default=0, help="of every random draw (default: 0)")
    add("--limit", type=int, metavar="N", help="the first N images only")
    add("--reference", default="", metavar="NAME", help="of the corruption error: a model, or alexnet as published")
    add(
        "--pictures",
        action="store_true",
        help="add images that break first and last, mistakes, confusions, disagreements",
    )
    add("--title", default="", help="of the report")
    _arguments.add_output(parser, "report.html")


def run(args: argparse.Namespace) -> int:
    """Read what is stored, and write the file."""
    from robustcore.corruptions import SEVERITIES
    from robustcore.figures.document import to_html
    from robustcore.reports.compare import document

    report = document.gather(
        list(dict.fromkeys(args.model)),
        args.dataset,
        args.suite or ["imagenet-c"],
        split=args.split,
        severities=sorted(set(args.severity)) if args.severity else SEVERITIES,
        storage=args.storage,
        seed=args.seed,
        limit=args.limit,
        reference=args.reference,
        title=args.title,
    )
    _arguments.write(args.output, to_html(report, _pictures(args) if args.pictures else None))
    print("\n".join(note.text for note in report.learned))
    print(f"Written: {args.output}")
    return 0


def _pictures(args: argparse.Namespace) -> Galleries:
    """Images worth looking at, under the first of the suites."""
    from robustcore.datasets import load_dataset
    from robustcore.figures.inside.galleries import galleries
    from robustcore.reports import compare
    from robustcore.reports.compare import published_models

    names = [name for name in dict.fromkeys(args.model) if not published_models.is_published(name)]
    images = load_dataset(args.dataset, split=args.split)
    suite = (args.suite or ["imagenet-c"])[0]
    return galleries(compare.subjects(names, images), images, suite, seed=args.seed, storage=args.storage)
