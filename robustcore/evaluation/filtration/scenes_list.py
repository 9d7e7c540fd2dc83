"""The list of the shipped set scenes/filtered: the fresh scenes that one fixed model gets wrong.

    python -m robustcore.evaluation.filtration --candidates 60000

writes the list that the set is read from. It is older than `scores`: one network looks at one view, the whole scene, the first
images of each confusion stay, and no person checks them. At last as many are kept of every class as the class with the
fewest has, so that the set is balanced.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import DataLoader, TensorDataset

from robustcore.datasets.scenes import REVISION, filtered_shift
from robustcore.datasets.scenes.outlines import CLASSES
from robustcore.derived import atomic_files
from robustcore.errors import ModelError
from robustcore.evaluation.filtration.rules import MOST_CONFIDENT, PER_CONFUSION, varied
from robustcore.models import load_model
from robustcore.models.classifier import Classifier

MODEL = "scenes/resnet-standard"

_AT_ONCE = 600


def choose(
    probabilities: npt.NDArray[np.floating],
    labels: npt.NDArray[np.int64],
    *,
    most_confident: float = MOST_CONFIDENT,
    per_confusion: int = PER_CONFUSION,
) -> npt.NDArray[np.int64]:
    """Which images the rules keep, balanced: in runs of one of each class, so that a prefix is balanced too.

    Args:
        probabilities: (n, K), the fixed model's.
        labels: (n,).

    Returns:
        Indices of images, a multiple of K of them; none where a class has no failure.
    """
    predicted = probabilities.argmax(axis=1)
    failed = (predicted != labels) & (probabilities[np.arange(len(labels)), labels] <= most_confident)
    kept: list[list[int]] = [[] for _ in range(probabilities.shape[1])]
    for index in varied(np.flatnonzero(failed).tolist(), labels, predicted, per_confusion):
        kept[int(labels[index])].append(index)
    fewest = min(len(each) for each in kept)
    # The order of a run says nothing about the classes: it is that of the candidates.
    runs = np.array([each[:fewest] for each in kept], dtype=np.int64).reshape(len(kept), fewest).T
    return np.sort(runs, axis=1).reshape(-1)


def build(model: Classifier, candidates: int, target: Path) -> int:
    """Choose among that many fresh scenes and write the list; the number that was kept."""
    probabilities, labels = [], []
    for start in range(0, candidates, _AT_ONCE):
        images, true = filtered_shift.candidates(start, min(start + _AT_ONCE, candidates))
        with torch.inference_mode():
            batches = DataLoader(TensorDataset(torch.from_numpy(images)), batch_size=64)
            logits = [model(batch) for (batch,) in batches]
        probabilities.append(torch.cat(logits).softmax(dim=1).numpy())
        labels.append(true)
        print(f"\r{start + len(true)}/{candidates} scenes", end="", file=sys.stderr)
    print(file=sys.stderr)
    chosen = choose(np.concatenate(probabilities), np.concatenate(labels))
    planned = {
        "model": model.card.name,
        "fingerprint": model.fingerprint(),
        "renderer": REVISION,
        "stream": filtered_shift.STREAM,
        "candidates": candidates,
        "most_confident": MOST_CONFIDENT,
        "per_confusion": PER_CONFUSION,
        "indices": chosen.tolist(),
    }
    atomic_files.write(target, json.dumps(planned) + "\n")
    return len(chosen)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Choose the scenes that a fixed model gets wrong.")
    parser.add_argument("--model", default=MODEL, help=f"the fixed model (default: {MODEL})")
    parser.add_argument("--candidates", type=int, default=60_000, help="fresh scenes to choose from (default: 60000)")
    parser.add_argument("--output", type=Path, default=filtered_shift.path(), metavar="FILE", help="the list")
    args = parser.parse_args(arguments)
    model = load_model(args.model).eval()
    if model.card.classes != tuple(CLASSES):
        raise ModelError(f"{args.model} is no model of scenes; the fixed model has to know their classes.")
    kept = build(model, args.candidates, args.output)
    print(f"{kept} of {args.candidates} scenes are kept.")
