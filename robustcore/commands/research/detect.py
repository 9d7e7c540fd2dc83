"""`robustcore detect`: how well anomaly scores tell unknown images from known ones."""

from __future__ import annotations

import argparse
import json
import math
from typing import TYPE_CHECKING

from robustcore.commands import _arguments

if TYPE_CHECKING:
    from robustcore.reports.detection import DetectionReport

NAME = "detect"
HELP = "Tell unknown images from known ones by a model's outputs: scores x sets, with intervals."
_METRICS = ("auroc", "aupr", "fpr95")


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's flags."""
    parser.epilog = (
        "The unknown image is the positive class. FPR95 is the least false positive rate among the thresholds that flag at "
        "least 95 %% of the unknown images. 'robustcore list scores' names the scores."
    )
    add = parser.add_argument
    _arguments.add_models(parser)
    add("--dataset", required=True, metavar="NAME|DIR", help="images of classes that the model knows")
    add("--split", default="test", help="of the data set (default: test)")
    add(
        "--unknown",
        action="append",
        metavar="NAME|DIR",
        help="gaussian, rademacher, blobs, uniform, a data set, or a folder of images; may be repeated (default: all noise, "
        "and for scenes the unknown shapes)",
    )
    add("--score", action="append", metavar="NAME", help="may be repeated (default: all that the model can give)")
    add("--validation", default="val", metavar="SPLIT|none", help="images that scores are fitted on (default: val)")
    add("--limit", type=int, metavar="N", help="images of each set (default: all)")
    add(
        "--answers",
        choices=("all", "folder"),
        help="folder: scores over the logits of the data set's classes alone (default: all, and folder beside ImageNet-O for known "
        "images of fewer classes, as it is published)",
    )
    add("--metric", choices=_METRICS, default="auroc", help="in the table (default: auroc)")
    add("--format", choices=("table", "csv", "json"), default="table", help="csv and json have all metrics")
    _arguments.add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Print scores x sets for each model."""
    import pandas as pd

    from robustcore import arguments, datasets, models
    from robustcore.detection import scores
    from robustcore.errors import DatasetError
    from robustcore.progress import Bar
    from robustcore.reports import detection

    limit = arguments.limit(args.limit)
    # Wrong names are refused before images and weights are loaded.
    for score in args.score or ():
        scores.get(score)
    for name in args.model:
        models.card(name)
    dataset = datasets.load_dataset(args.dataset, split=args.split)
    validation, why = None, ""
    if args.validation != "none":
        try:
            validation = datasets.load_dataset(args.dataset, split=args.validation)
        except DatasetError as error:  # most folders have no such split: scores that are fitted say so
            why = str(error)
        if validation is not None and validation.split == dataset.split:
            validation, why = (
                None,
                f"{dataset.name} has one split; scores are not fitted on the images that they are tested on.",
            )
    reports = []
    for name in dict.fromkeys(args.model):
        with Bar() as bar:
            reports.append(
                detection.detect(
                    models.load_model(name),
                    dataset,
                    args.unknown,
                    score_names=args.score,
                    validation=validation,
                    limit=limit,
                    answers=args.answers or "",
                    progress=lambda what, done, total: bar.update(done, total, f"{done}/{total} {what}"),
                )
            )
    joined = pd.concat([report.table.assign(model=report.model) for report in reports], ignore_index=True)
    joined = joined[["model", *(column for column in joined.columns if column != "model")]]
    if args.format == "csv":
        text = joined.to_csv(index=False)
    elif args.format == "json":
        text = json.dumps(json.loads(joined.to_json(orient="records", double_precision=15)), indent=1) + "\n"
    else:
        text = "\n".join(_table(report, args.metric, why) for report in reports)
    _arguments.print_or_write(text, args.output)
    return 0


def _table(report: DetectionReport, metric: str, why: str) -> str:
    """A report as text: a row for each score, a column for each set."""
    from robustcore import metrics
    from robustcore.detection import scores

    rows = {(row["score"], row["set"]): row for row in report.table.to_dict("records")}
    names = list(dict.fromkeys(score for score, _ in rows))
    heads = ["score", *(each.title for each in report.sets)]
    cells: list[list[str]] = [heads]
    reasons: dict[str, list[str]] = {}
    for name in names:
        line = [scores.get(name).title]
        for each in report.sets:
            row = rows[name, each.name]
            value, low, high = (row[f"{metric}{end}"] for end in ("", "_low", "_high"))
            between = "(no interval)" if math.isnan(low) else f"({low:.1%} to {high:.1%})"
            line.append("-" if math.isnan(value) else f"{value:6.1%} {between}")
        cells.append(line)
        if reason := rows[name, report.sets[0].name]["reason"]:
            reasons.setdefault(reason, []).append(scores.get(name).title)
    widths = [max(len(line[place]) for line in cells) for place in range(len(heads))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    opening = (
        f"{metrics.get(metric).title} of {report.model}, {report.known} known images of {report.dataset} ({report.split}), "
        f"with 95 % intervals of {report.draws} drawings of images."
    )
    sizes = {each.title: rows[names[0], each.name] for each in report.sets}
    counts = ", ".join(f"{title} {row['unknown']}" for title, row in sizes.items())
    notes = [f"Unknown images: {counts}."]
    if report.too_few is not None:
        notes.append(report.too_few.text)
    if report.among:
        notes.append(f"Scores over the {len(report.among)} logits of the known images' classes.")
    if metric == "aupr":
        chances = ", ".join(f"{title} {row['chance']:.1%}" for title, row in sizes.items())
        notes.append(f"Chance level, the share of unknown images: {chances}.")
    if any("(no interval)" in cell for line in cells for cell in line):
        notes.append("No interval: every drawing of these images gives the same value.")
    if report.validation:
        notes.append(f"Fitted scores: {report.validation} images of the split {report.validation_split}.")
    elif why:
        notes.append(why)
    notes += [f"{', '.join(titles)}: {reason}." for reason, titles in reasons.items()]
    return "\n".join([opening, "", *lines, "", *notes, ""])
