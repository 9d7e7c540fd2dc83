"""`robustcore filter`: of a folder's images those that fixed networks get wrong, as a dataset, as ImageNet-A was chosen."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from robustcore.commands import _arguments

NAME = "filter"
HELP = "Choose the images that fixed models get wrong on every crop, as ImageNet-A was chosen, and write them as a dataset."


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's flags."""
    add = parser.add_argument
    add(
        "--dataset",
        required=True,
        metavar="NAME|DIR",
        help="scenes, or a folder of class folders: the more, the better",
    )
    add("--split", default="test", help="train, val or test (default: test)")
    _arguments.add_models(parser)
    add(
        "--judge",
        action="append",
        default=[],
        type=_arguments.model,
        metavar="NAME|NAME=PATH",
        help="a model that does not choose: is it fooled too? May be repeated",
    )
    add("--output", type=Path, metavar="DIR", help="the kept set's folder, with a gallery; without it only the counts")
    add("--crops", type=int, default=10, metavar="1|5|10", help="of each image (default: 10)")
    add(
        "--confidence",
        type=float,
        default=0.15,
        metavar="P",
        help="an image goes if a model gives its class more than this (default: 0.15)",
    )
    add(
        "--per-confusion",
        type=int,
        default=15,
        metavar="N",
        help="images kept of one class taken for another (default: 15)",
    )
    add("--rejected", type=Path, metavar="FILE", help="images that do not pass review, as the gallery saves them")
    add("--limit", type=int, metavar="N", help="the first N images only")
    add(
        "--answers",
        choices=("all", "folder"),
        default="all",
        help="folder: models answer with the folder's classes alone, as with 200 of 1,000 for ImageNet-A (default: all)",
    )
    add("--seed", type=int, default=0, help="of the random images that judges are compared on (default: 0)")
    add("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps (default: auto)")


def run(args: argparse.Namespace) -> int:
    """Print the funnel and what judges say, and write the kept set."""
    from robustcore import datasets, memory
    from robustcore.evaluation import filtration
    from robustcore.evaluation.filtration import kept_set, reviews
    from robustcore.progress import Bar
    from robustcore.reports.filtration import gallery, transfer

    rules = filtration.Rules(args.confidence, args.per_confusion)
    dataset = datasets.load_dataset(args.dataset, args.split)
    models = filtration.loaded(args.model, dataset, args.answers, args.device)
    memory.keep()
    with Bar() as bar:
        scores = filtration.run(
            dataset,
            list(models.values()),
            crop_count=args.crops,
            limit=args.limit,
            progress=lambda done, total: bar.update(done, total, f"{done:,}/{total:,} images"),
        )
    key = filtration.key_of(dataset, list(models.values()), args.crops)
    if args.rejected is not None:
        reviews.reject(key, gallery.read_rejected(args.rejected))
    named = [(name, model.card.classes) for name, model in models.items()]
    selection = filtration.select(dataset, named, scores, rules, reviews.rejected(key))
    width = max(len(step.text) for step in selection.steps)
    for text, images, share in gallery.funnel(selection.steps):
        print(f"{text.ljust(width)}  {images:>9,}  {share:6.1%}")
    if selection.kept.empty:
        print("No image is left. Choose from more images, or other rules.", file=sys.stderr)
        return 0
    if args.output is not None:
        choice = kept_set.Choice(
            dataset.name,
            dataset.split,
            dataset.fingerprint,
            tuple((name, model.fingerprint()) for name, model in models.items()),
            args.crops,
        )
        written = kept_set.write(dataset, selection, args.output, choice, rules)
        page = gallery.write(
            args.output, f"{dataset.name}: images that fool {' and '.join(models)}", selection, written.files
        )
        removed = f", {written.removed:,} removed" if written.removed else ""
        print(
            f"\n{len(written.files):,} image{'s' if len(written.files) != 1 else ''} in {args.output}{removed}. Review them in {page}."
        )
        print(f"robustcore evaluate --model NAME --dataset {args.output} --suite clean scores a model on them.")
    if args.judge:
        judges = filtration.loaded(args.judge, dataset, args.answers, args.device)
        kept = selection.kept["place"].tolist()
        others = transfer.random_places(dataset, selection, images=len(scores.labelled), seed=args.seed).tolist()
        report = transfer.transfer(
            [
                (
                    name,
                    name in models,
                    filtration.right_answers(model, dataset, kept),
                    filtration.right_answers(model, dataset, others),
                )
                for name, model in {**models, **judges}.items()
            ]
        )
        print(f"\n{len(kept):,} kept images, and as many random ones of the same classes:")
        for model, pair in report.table.groupby("model", sort=False):
            texts = [f"{r.images} {r.accuracy:.1%} ({r.low:.1%} to {r.high:.1%})" for r in pair.itertuples()]
            print(f"  {model}{' (chose)' if pair['chose'].iloc[0] else ''}: {', '.join(texts)}")
        for note in report.notes:
            print(note.text)
    return 0
