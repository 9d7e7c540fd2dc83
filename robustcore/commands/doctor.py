"""`robustcore doctor`: what was understood of a model and a data set, and whether they are read the right way."""

from __future__ import annotations

import argparse

from robustcore.commands import _arguments

NAME = "doctor"
HELP = "Check how a model and a data set are read: preparation, classes, normalisation, answers; with remedies."


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's flags."""
    add = parser.add_argument
    add(
        "--model",
        required=True,
        type=_arguments.model,
        metavar="NAME|NAME=PATH",
        help="a model's name, or a checkpoint",
    )
    add("--dataset", required=True, metavar="NAME|DIR", help="scenes, photographs, or a folder of class folders")
    add("--split", default="test", help="of the data set (default: test)")
    add("--images", type=int, default=200, metavar="N", help="how many to look at (default: 200)")


def run(args: argparse.Namespace) -> int:
    """Print what was seen. 1 where something is suspicious."""
    from robustcore import arguments, datasets, models
    from robustcore.reports import doctor

    count = arguments.whole(args.images, "The doctor looks at 1 image or more", low=1)
    model = models.load_model(args.model)
    report = doctor.examine(model, datasets.load_dataset(args.dataset, split=args.split), images=count)
    width = max(len(name) for name, _ in report.overview.facts)
    for name, value in report.overview.facts:
        print(f"{name.ljust(width)}  {value}")
    for note in report.overview.left_out:
        print(note.text)
    print(f"\nAnswers to some of the {report.overview.images} images:")
    for answer in report.overview.answers:
        print(f"  {answer.label or 'no label'}: {answer.answer} {answer.probability:.0%}")
    if report.readings:
        print(f"\nRight answers to the {report.overview.labelled} images with a label, read in different ways:")
        for check in report.readings:
            print(f"  {check.accuracy:6.1%}  {check.name}")
    print("\nOther checks:")
    for check in report.checks:
        if check.kind != doctor.READING:
            print(f"  {check.name}: {check.gave}{f'; {check.remedy}' if check.remedy else ''}")
    print()
    for note in report.notes:
        print(note.text)
    if report.is_well:
        print("Nothing suspicious was seen.")
    return 0 if report.is_well else 1
