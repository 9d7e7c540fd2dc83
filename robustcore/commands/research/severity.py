"""`robustcore severity`: calibrate the range of a corruption for a model, and audit the severities of a suite."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustcore import spreadsheets
from robustcore.commands import _arguments

if TYPE_CHECKING:
    import pandas as pd

    from robustcore.corruptions import Corruption
    from robustcore.reports.severity import Audit, Bound, Calibration

NAME = "severity"
HELP = "Calibrate the range of a corruption, or audit the severities of a suite."


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's flags."""
    parts = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    calibrate = parts.add_parser(
        "calibrate",
        help="find the strengths at which a model has lost one accuracy point and half of its accuracy",
    )
    calibrate.add_argument("--model", required=True, type=_arguments.model, metavar="NAME", help="name or checkpoint")
    calibrate.add_argument(
        "--corruption", nargs="+", metavar="NAME", help="with a continuous strength (default: all that have one)"
    )
    calibrate.add_argument("--suite", metavar="NAME", help="all of a suite that have a continuous strength")
    calibrate.set_defaults(action=_calibrate)
    audit = parts.add_parser("audit", help="see whether each severity is harder than the one before it")
    audit.add_argument(
        "--model",
        action="append",
        default=[],
        type=_arguments.model,
        metavar="NAME",
        help="may be repeated; without one, distances alone",
    )
    audit.add_argument(
        "--suite",
        nargs="+",
        default=["imagenet-c"],
        metavar="NAME|FILE",
        help="suites or corruptions (default: imagenet-c)",
    )
    audit.add_argument(
        "--images", type=_arguments.positive, default=256, metavar="N", help="images for the distances (default: 256)"
    )
    audit.add_argument(
        "--storage", choices=("memory", "jpeg85"), default="memory", help="jpeg85: through a second JPEG, as released"
    )
    audit.set_defaults(action=_audit)
    for part in (calibrate, audit):
        part.add_argument(
            "--dataset",
            default="scenes",
            metavar="NAME|DIR",
            help="scenes, or a folder of class folders (default: scenes)",
        )
        part.add_argument("--split", default="test", help="train, val or test (default: test)")
        part.add_argument("--limit", type=_arguments.positive, metavar="N", help="the first N images only")
        part.add_argument("--seed", type=int, default=0, help="of every random draw (default: 0)")
        part.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps (default: auto)")
        part.add_argument("--format", choices=("table", "csv"), default="table", help="of the result (default: table)")
        _arguments.add_output(part)


def run(args: argparse.Namespace) -> int:
    """Calibrate or audit; evaluations are stored and not computed again."""
    frame, text = args.action(args)
    written = spreadsheets.csv(frame) if args.format == "csv" else text + "\n"
    _arguments.print_or_write(written, args.output)
    return 0


def _calibrate(args: argparse.Namespace) -> tuple[pd.DataFrame, str]:
    import pandas as pd

    from robustcore import corruptions
    from robustcore.datasets import load_dataset
    from robustcore.models import load_model
    from robustcore.progress import Bar
    from robustcore.reports import severity

    names = args.corruption or [n for n in corruptions.names(args.suite) if corruptions.get(n).ranged]
    for name in names:
        corruptions.get(name)  # a wrong name is an error before the first is calibrated
    dataset, model = load_dataset(args.dataset, split=args.split), load_model(args.model)
    calibrations = []
    with Bar() as bar:
        for i, name in enumerate(names):

            def show(strength: float, accuracy: float, name: str = name, i: int = i) -> None:
                bar.update(i, len(names), f"{name} at {strength:g}: {accuracy:.1%}")

            calibrations.append(
                severity.calibrate(
                    model,
                    dataset,
                    name,
                    limit=args.limit,
                    seed=args.seed,
                    device=args.device,
                    progress=show,
                    **_search(corruptions.get(name)),
                )
            )
            bar.line(f"{name}: {_ends(calibrations[-1])}")
    head = f"{args.model} on {dataset.name} ({dataset.split}, {calibrations[0].n} images): clean accuracy {calibrations[0].clean_accuracy:.1%}"
    rows = [_row(c) | severity.record(c, model, dataset, args.seed) for c in calibrations]
    table = pd.DataFrame(
        [
            {
                "corruption": row["name"],
                "published": f"{row['published_low']:g} .. {row['published_high']:g}".removeprefix("nan "),
                "one point lost": _bound(calibration.lower),
                "half lost": _bound(calibration.upper),
                "evaluated": row["evaluated"],
            }
            for row, calibration in zip(rows, calibrations, strict=True)
        ]
    )
    notes = [f"{c.name}: {note}" for c in calibrations for note in (c.lower.reason, c.upper.reason, *c.notes) if note]
    parts = [head, "", table.to_string(index=False), "", _verdict(rows), *([""] if notes else []), *notes]
    return pd.DataFrame(rows), "\n".join(parts)


def _search(corruption: Corruption) -> dict[str, Any]:
    """How a range is sought: where the document's greatest strength is known, the ends are near it, and what it loses belongs
    to the result."""
    if corruption.published is None:
        return {}
    return {"doublings": 5, "halvings": 2, "also": (corruption.published[1],)}


def _verdict(rows: list[dict[str, Any]]) -> str:
    """How many of the corruptions the dataset can test, and which it cannot."""
    cannot = [str(row["name"]) for row in rows if not row["testable"]]
    sentence = f"{rows[0]['dataset']} can test {len(rows) - len(cannot)} of {len(rows)}"
    return f"{sentence}; not {', '.join(cannot)}." if cannot else f"{sentence}."


def _row(calibration: Calibration) -> dict[str, Any]:
    from robustcore import corruptions

    corruption = corruptions.get(calibration.name)
    published = corruption.published or corruption.strengths
    assert published is not None
    row: dict[str, Any] = {
        "name": calibration.name,
        "published_low": math.nan if published[0] is None else published[0],
        "published_high": published[1],
        "clean_accuracy": calibration.clean_accuracy,
        "n": calibration.n,
    }
    for side, bound in (("lower", calibration.lower), ("upper", calibration.upper)):
        row |= {f"{side}_strength": bound.strength, f"{side}_loss": bound.loss}
        row |= {f"{side}_loss_low": bound.low, f"{side}_loss_high": bound.high}
        row[f"{side}_reason"] = str(bound.reason or "")
    return row | {"evaluated": len(calibration.path), "notes": " ".join(note.text for note in calibration.notes)}


def _ends(calibration: Calibration) -> str:
    ends = (calibration.lower.strength, calibration.upper.strength)
    return " .. ".join("not reached" if math.isnan(end) else f"{end:g}" for end in ends)


def _bound(bound: Bound) -> str:
    if math.isnan(bound.strength):
        return "not reached"
    return f"{bound.strength:g} (lost {100 * bound.loss:.1f}, {100 * bound.low:.1f} to {100 * bound.high:.1f})"


def _audit(args: argparse.Namespace) -> tuple[pd.DataFrame, str]:
    from robustcore.evaluation.run.runner import Progress
    from robustcore.progress import Bar
    from robustcore.reports import severity

    with Bar() as bar:

        def show(state: Progress) -> None:
            bar.update(state.done + state.failed, state.total, f"{state.done}/{state.total} units")

        def measuring(done: int, total: int) -> None:
            bar.update(done, total, "distances to the clean images")

        result = severity.audit(
            args.model,
            args.dataset,
            args.suite,
            compute=True,
            limit=args.limit,
            images=args.images,
            seed=args.seed,
            storage=args.storage,
            split=args.split,
            device=args.device,
            progress=show,
            measuring=measuring,
        )
    for reason in sorted({r for r in result.table["reason"] if r}):
        print(f"Some accuracies are missing or incomplete: {reason}.", file=sys.stderr)
    return severity.joined(result), _report(result)


def _report(result: Audit) -> str:
    """Distances, accuracy and confidence by severity, then the findings."""
    far = result.distances
    rounded = far[["name", "severity", "mean_abs_diff", "psnr", "ssim", "farther"]].round(
        {"mean_abs_diff": 1, "psnr": 1, "ssim": 3}
    )
    places = list(zip(rounded["name"], rounded["severity"], strict=True))
    lines = [f"Distances to the clean images, over {far['n'].max()} images (grey levels, dB, SSIM)."]
    groups = list(result.table[result.table["kind"] != "clean"].groupby("model", sort=False))
    for model, rows in groups:
        clean = result.table[(result.table["model"] == model) & (result.table["kind"] == "clean")]["accuracy"].iloc[0]
        lines.append(f"{model}: clean accuracy {clean:.1%}, over {rows['n'].max()} images. Below in percent.")
        values = rows.set_index(["name", "severity"])[["accuracy", "confidence"]]
        whose = f" {Path(str(model)).stem}" if len(groups) > 1 else ""
        for column in ("accuracy", "confidence"):
            rounded[column + whose] = [f"{100 * values[column].get(place, math.nan):.1f}" for place in places]
    table = rounded.to_string(index=False, na_rep="-")
    what = "harder" if groups else "farther from the clean images"
    issues = [note.text for note in result.findings] or [f"Every severity is {what} than the one before it."]
    return "\n".join([*lines, "", table, "", *issues])
