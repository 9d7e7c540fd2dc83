"""`robustcore segment`: how well pixel scores find what a segmentation network has no class for."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from robustcore.commands import _arguments

if TYPE_CHECKING:
    from robustcore.reports.segmentation import SegmentationReport

NAME = "segment"
HELP = "Measure a segmentation network: mIoU, and anomaly scores of pixels, clean and corrupted."


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's flags."""
    add = parser.add_argument
    add(
        "--network",
        default="scenes/street-encoder-decoder",
        metavar="NAME|FILE",
        help="a file of robustcore train --task segmentation, or torchvision/NAME (default: scenes/street-encoder-decoder)",
    )
    add(
        "--autoencoder",
        default="",
        metavar="NAME|FILE",
        help="for the score of its error, scenes/street-autoencoder, say",
    )
    add(
        "--dataset",
        default="scenes/street",
        metavar="NAME|DIR",
        help="scenes/street, or a folder of StreetHazards or BDD100K (default: scenes/street)",
    )
    add("--split", choices=("train", "val", "test"), default="test", help="default: test")
    add("--limit", type=int, metavar="N", help="only the first N images")
    add(
        "--side",
        type=int,
        metavar="PIXELS",
        help="what images are resized to (default: 96 for scenes, 256 for folders)",
    )
    add("--corruption", action="append", default=[], metavar="NAME", help="also under this; may be repeated")
    add("--severity", type=int, nargs="+", default=[1, 3, 5], help="of the corruptions (default: 1 3 5)")
    add("--format", choices=("table", "json"), default="table")
    _arguments.add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Measure, and print."""
    from robustcore import arguments, corruptions
    from robustcore.progress import Bar
    from robustcore.reports import segmentation
    from robustcore.segmentation import data

    severities = [corruptions.check_severity(severity) for severity in args.severity]
    limit = arguments.limit(args.limit)
    dataset = data.load(args.dataset, args.split, limit, args.side)
    with Bar() as bar:
        report = segmentation.measure(
            args.network,
            dataset,
            autoencoder=args.autoencoder,
            corruptions=args.corruption,
            severities=severities,
            progress=lambda what, done, total: bar.update(done, total, f"{what}: {done}/{total} images"),
        )
    text = _json(report) if args.format == "json" else _table(report)
    _arguments.print_or_write(text, args.output)
    return 0


def _json(report: SegmentationReport) -> str:
    fields = {
        "network": report.network,
        "dataset": report.dataset,
        "split": report.split,
        "images": report.clean.images,
        "anomalous": report.clean.anomalous,
        "miou": _plain(report.clean.miou),
        "chance_aupr": _plain(report.clean.anomaly_share),
        "scores": json.loads(report.clean.metrics.to_json(orient="records", double_precision=15)),
        "distances": json.loads(report.clean.distances.to_json(orient="records", double_precision=15)),
        "corrupted": json.loads(report.corrupted.to_json(orient="records", double_precision=15)),
    }
    return json.dumps(fields, indent=1) + "\n"


def _plain(value: float) -> float | None:
    """As JSON has it, which knows no NaN."""
    return None if math.isnan(value) else value


def _with_interval(row: Mapping[Hashable, Any], metric: str) -> str:
    low, high = row[f"{metric}_low"], row[f"{metric}_high"]
    return f"{row[metric]:6.1%}" + ("" if math.isnan(low) else f" ({low:.1%} to {high:.1%})")


def _table(report: SegmentationReport) -> str:
    from robustcore.segmentation.scores import SCORES

    clean = report.clean
    lines = [
        f"{report.network} on {clean.images} images of {report.dataset} ({report.split}): mIoU {clean.miou:.1%}.",
        *(
            [
                f"Anomalies in {clean.anomalous} of them, {clean.anomaly_share:.1%} of their pixels on the mean; the others have no AUROC.",
                "Means over these images with 95 % intervals (bootstrap over images).",
            ]
            if clean.anomalous
            else ["None of them has an anomaly, so that no score has an AUROC."]
        ),
        "",
        f"{'score':20} {'AUROC':24} {'AUPR':24} {'FPR95':24}",
    ]
    for row in clean.metrics.to_dict("records"):
        if row["reason"] or math.isnan(row["auroc"]):
            lines.append(f"{SCORES[row['score']].title:20} none: {row['reason']}")
            continue
        cells = [_with_interval(row, metric) for metric in ("auroc", "aupr", "fpr95")]
        lines.append(f"{SCORES[row['score']].title:20} " + " ".join(f"{cell:24}" for cell in cells))
    if len(report.corrupted):
        lines += ["", f"{'corruption':20} {'severity':>8} {'mIoU':>7} {'score':16} AUROC"]
        for row in report.corrupted.to_dict("records"):
            lines.append(
                f"{row['corruption']:20} {row['severity']:8} {row['miou']:7.1%} {SCORES[row['score']].title:16} "
                + ("     -" if math.isnan(row["auroc"]) else f"{row['auroc']:6.1%}")
            )
    return "\n".join(lines) + "\n"
