"""Where the numbers of a detection come from, to the last digit."""

from __future__ import annotations

from importlib.metadata import version

from robustcore import metrics
from robustcore.datasets._base import Dataset
from robustcore.detection import scores
from robustcore.reports.detection.table import DetectionReport

_LIBRARIES = ("robustcore", "torch", "numpy", "scikit-learn", "pytorch-ood")


def evidence(report: DetectionReport, fingerprint: str, known: Dataset, validation: Dataset | None = None) -> list[str]:
    """Lines of text: model, images with their fingerprints and numbers, scores with their formulas, metrics, drawings, versions.

    Args:
        report: whose sets have their images.
        fingerprint: of the model.
        known: the known images, as they are prepared for the model.
        validation: those that scores are fitted on.
    """
    lines = [
        f"{report.model} (SHA-256 {fingerprint})",
        f"known: {report.known:,} images of {known.name} ({known.split}; SHA-256 {known.fingerprint})",
    ]
    if report.validation and validation is not None:
        lines.append(
            f"fitted on: {report.validation:,} images of {validation.name} ({validation.split}; SHA-256 {validation.fingerprint})"
        )
    for each in report.sets:
        rows = report.table[report.table["set"] == each.name]
        lines.append(
            f"unknown: {int(rows['unknown'].iloc[0]):,} images, {each.title} (SHA-256 {each.images.fingerprint})"
        )
    if report.among:
        lines.append(f"logits: the {len(report.among):,} of the known images' classes")
    for name in dict.fromkeys(report.table["score"]):
        score = scores.get(str(name))
        lines.append(f"{score.title} = {score.formula}" + (f" ({score.document})" if score.document else ""))
    lines += [metric.formula for metric in metrics.of_input("scores") if metric.name in report.table]
    lines.append(
        f"intervals: {report.draws:,} drawings of images, seeds 0 (known) and 1 (unknown); attacks and noise: seed 0"
    )
    lines.append(", ".join(f"{library} {version(library)}" for library in _LIBRARIES))
    return lines
