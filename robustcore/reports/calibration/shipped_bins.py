"""How sure the shipped models were under corruptions, and how often right, in bins of 100 images.

One's own results keep a confidence for every answer. What ships keeps one class for each image under corruptions; its bins are in
`assets/results/confidence_bins.npz`, which `robustcore demo` computes.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from robustcore import paths
from robustcore.derived import atomic_files
from robustcore.errors import StoreError
from robustcore.evaluation import api, demo
from robustcore.evaluation.plan import Cell, Key
from robustcore.evaluation.run.runner import Progress
from robustcore.evaluation.store.predictions import Predictions
from robustcore.evaluation.store.store import Store
from robustcore.metrics.calibration import BIN, Bins, equal_mass

SHARE = demo.Share(("imagenet-c",))
_SCALE = 65535  # confidences are kept in 16 bits: steps of 0.000015


def path() -> Path:
    """The shipped file."""
    return paths.assets() / "results" / "confidence_bins.npz"


def cells() -> list[Cell]:
    """The cells whose bins ship."""
    return _under_corruptions(demo.prepared(SHARE).cells)


def of_answers(predictions: Predictions | None) -> Bins | None:
    """The bins of a cell's stored answers to labelled images; None where no confidences are stored."""
    if predictions is None or (confidence := predictions.confidence) is None:
        return None
    labelled = predictions.labels >= 0
    return equal_mass(confidence[labelled].reshape(-1), predictions.correct[labelled].reshape(-1))


def load() -> dict[Key, Bins]:
    """Key -> bins of the cells that ship."""
    file = path()
    return _read(file, file.stat().st_mtime_ns) if file.exists() else {}


@functools.lru_cache(maxsize=2)
def _read(file: Path, changed: int) -> dict[Key, Bins]:
    with np.load(file, allow_pickle=False) as arrays:
        confidence = np.cumsum(arrays["confidence_steps"], axis=1, dtype=np.uint16) / _SCALE
        right, images = arrays["right"].astype(np.float64), arrays["images"].astype(np.int64)
        models, conditions = arrays["models"], arrays["conditions"]
        places = list(zip(arrays["model"], arrays["condition"], arrays["seed"], strict=True))
        dataset, precision = str(arrays["dataset"]), str(arrays["precision"])
    bins_by_key = {}
    for row, (model, condition, seed) in enumerate(places):
        sizes = np.full(-(-images[row] // BIN), BIN, np.float64)
        sizes[-1] -= sizes.sum() - images[row]
        key = Key(str(models[model]), dataset, str(conditions[condition]), int(seed), precision)
        bins_by_key[key] = Bins(sizes, confidence[row, : len(sizes)], right[row, : len(sizes)] / sizes)
    return bins_by_key


def missing(wanted: Sequence[Cell]) -> list[Cell]:
    """Those of some cells whose bins do not ship."""
    present = load()
    return [cell for cell in wanted if not _fits(present.get(cell.key), cell)]


def _fits(bins: Bins | None, cell: Cell) -> bool:
    return bins is not None and bins.images.sum() == cell.size


def build(
    *, device: str = "auto", progress: Callable[[Progress], None] | None = None, command: str = "robustcore demo"
) -> int | None:
    """Compute the bins that do not ship yet, and write them; None where all are there.

    Answers whose confidences are in no results file are computed again, into a file of their own under the cache, so that an
    interrupted run goes on where it stopped.

    Returns:
        How many of these answers differ from the shipped ones: none, but on other processors.

    Raises:
        StoreError: some could not be computed.
    """
    evaluation = demo.prepared(SHARE, device=device, command=command)
    wanted = _under_corruptions(evaluation.cells)
    lacking = missing(wanted)
    if not lacking:
        return None
    again = paths.writable_cache("results") / "confidences.sqlite"
    with Store() as store, Store(again, shipped=False) as repeated:
        unknown = [cell for cell in lacking if of_answers(store.predictions(cell)) is None]
        if unknown:
            summary = api.carry_out(dataclasses.replace(evaluation, cells=unknown), repeated, progress=progress)
            if summary.failed or summary.cancelled:
                raise StoreError(
                    f"{summary.failed or 'Some'} units were not computed; 'robustcore demo' goes on there."
                )
        return ship(wanted, store, repeated)


def ship(wanted: Sequence[Cell], *stores: Store) -> int:
    """Write the shipped bins anew, those of some cells and no others; they appear whole or not at all.

    Args:
        wanted: under corruptions, on one dataset, in one precision.
        stores: of results, the first one with the answers that go with the bins, the others asked for confidences that it lacks.

    Returns:
        The number of answers that are not those of the first store.
    """
    present = load()
    bins: dict[Key, Bins] = {}
    differing = 0
    for cell in wanted:
        shipped = present.get(cell.key)
        if shipped is not None and _fits(shipped, cell):
            bins[cell.key] = shipped
            continue
        for store in stores:
            answers = store.predictions(cell)
            own = of_answers(answers)
            if answers is not None and own is not None:
                bins[cell.key] = own
                differing += _differing(answers, stores[0].predictions(cell))
                break
    _write(bins)
    return differing


def _differing(answers: Predictions, stored: Predictions | None) -> int:
    return 0 if stored is None else int((stored.classes[..., 0] != answers.classes[..., 0]).sum())


def _under_corruptions(cells: Iterable[Cell]) -> list[Cell]:
    return [cell for cell in cells if cell.condition.kind == "corruption"]


def _write(bins: dict[Key, Bins]) -> None:
    keys = sorted(bins, key=lambda key: (key.condition, key.model, key.seed))
    (dataset,), (precision,) = {key.dataset for key in keys}, {key.precision for key in keys}
    models, conditions = sorted({key.model for key in keys}), sorted({key.condition for key in keys})
    width = max(len(bins[key].images) for key in keys)
    steps = np.zeros((len(keys), width), np.uint16)
    right = np.zeros((len(keys), width), np.uint8)
    for row, key in enumerate(keys):
        own = bins[key]
        kept = np.round(own.confidence * _SCALE).astype(np.uint16)
        # Steps from one bin to the next are small numbers, which compress to half.
        steps[row, : len(kept)] = np.diff(kept, prepend=np.uint16(0))
        right[row, : len(kept)] = np.round(own.accuracy * own.images)
    with atomic_files.replacing(path()) as file:
        np.savez_compressed(
            file,
            models=np.array(models),
            conditions=np.array(conditions),
            dataset=np.array(dataset),
            precision=np.array(precision),
            model=np.array([models.index(key.model) for key in keys], np.uint16),
            condition=np.array([conditions.index(key.condition) for key in keys], np.uint16),
            seed=np.array([key.seed for key in keys], np.uint16),
            images=np.array([bins[key].images.sum() for key in keys], np.uint32),
            confidence_steps=steps,
            right=right,
        )
