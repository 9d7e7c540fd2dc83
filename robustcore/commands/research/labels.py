"""`robustcore labels`: several labels an image: mAP on sets that change one thing, and the detection of unknown shapes."""

from __future__ import annotations

import argparse

NAME = "labels"
HELP = "Train with binary cross entropy on street scenes of several shapes: mAP, and anomaly scores."


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's flags."""
    add = parser.add_argument
    add("--epochs", type=int, default=8, metavar="N", help="passes through the training scenes (default: 8)")
    add("--train", type=int, default=6000, metavar="N", help="training scenes (default: 6000)")
    add("--limit", type=int, default=600, metavar="N", help="scenes of each test set (default: 600)")
    add("--seed", type=int, default=0, help="of the weights and the order (default: 0)")


def run(args: argparse.Namespace) -> int:
    """Train, measure, and print."""
    from robustcore import arguments
    from robustcore.multilabel import scores
    from robustcore.progress import Bar
    from robustcore.reports import multilabel

    for flag in ("limit", "epochs", "train"):
        arguments.whole(getattr(args, flag), f"--{flag} is 1 or more", low=1)
    with Bar() as bar:
        report = multilabel.measure(
            images=args.limit,
            epochs=args.epochs,
            trained_on=args.train,
            seed=args.seed,
            progress=lambda what, done, total: bar.update(done, total, what),
        )
    print(f"{'set':24} {'images':>6} mAP")
    for row in report.precision.to_dict("records"):
        print(f"{row['set']:24} {row['images']:6} {row['map']:.1%} ({row['low']:.1%} to {row['high']:.1%})")
    print(f"\n{'factor':24} mAP lost against other towns, points")
    for row in report.hurts.to_dict("records"):
        print(f"{row['factor']:24} {100 * row['gap']:.1f} ({100 * row['low']:.1f} to {100 * row['high']:.1f})")
    print(
        f"\nUnknown shapes: {report.unknown} scenes against {report.known} of known ones; fitted on {report.validation}."
    )
    print(f"{'score':24} AUROC")
    for row in report.detected.to_dict("records"):
        between = f"({row['auroc_low']:.1%} to {row['auroc_high']:.1%})"
        print(f"{scores.TITLES[row['score']]:24} {row['auroc']:.1%} {between}")
    return 0
