"""`robustcore membership`: whether a network can tell that a query is of the class of a few shots."""

from __future__ import annotations

import argparse

from robustcore.commands import _arguments

NAME = "membership"
HELP = "Train set membership on seen classes and judge it on seen and novel ones, against prototypes and chance."


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's flags."""
    add = parser.add_argument
    add(
        "--dataset", default="scenes", metavar="NAME|DIR", help="scenes, or a folder of class folders (default: scenes)"
    )
    add("--shots", type=int, nargs="+", default=[1, 5], metavar="K", help="default: 1 5")
    add("--steps", type=int, default=300, metavar="N", help="of each training, of 100 images (default: 300)")
    add("--seed", type=int, default=0, help="of the classes' split, the weights and all draws (default: 0)")
    add("--images", type=int, default=500, metavar="N", help="training images of each class (default: 500)")
    add("--format", choices=("table", "csv"), default="table")
    _arguments.add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Train, judge, and print; what was measured on scenes is kept for the page Factors."""
    from robustcore import arguments, spreadsheets
    from robustcore.progress import Bar
    from robustcore.reports import membership

    for shots in args.shots:
        arguments.whole(shots, "--shots is 1 or more", low=1)
    arguments.whole(args.steps, "--steps is 1 or more", low=1)
    arguments.whole(args.images, "--images is 8 or more", low=8)
    with Bar() as bar:
        report = membership.measure(
            args.dataset,
            shots=args.shots,
            steps=args.steps,
            seed=args.seed,
            trained_on=args.images,
            progress=lambda what, done, total: bar.update(done, total, what),
        )
    if report.dataset == "scenes":
        membership.keep(report)
    if args.format == "csv":
        text = spreadsheets.csv(report.table)
    else:
        lines = [
            f"{report.dataset}: seen classes {', '.join(report.seen)}; novel classes {', '.join(report.novel)}.",
            f"Accuracy over {int(report.table['draws'].max())} drawings of the shots (95 %, not over trainings); chance is 50 %.",
            "",
            f"{'method':16} {'shots':>5} {'classes':8} accuracy",
        ]
        for row in report.table.to_dict("records"):
            between = f"({row['low']:.1%} to {row['high']:.1%})"
            lines.append(f"{row['method']:16} {row['shots']:5} {row['classes']:8} {row['accuracy']:.1%} {between}")
        text = "\n".join(lines) + "\n"
    _arguments.print_or_write(text, args.output)
    return 0
