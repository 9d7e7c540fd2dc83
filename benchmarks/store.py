"""The results' store with a million units: how long a page waits for its table.

53 models under clean and 19 corruptions x 5 severities on 50,000 images: 5,088 cells, 997,248 units, each with the
predictions of one image. Medians of five readings, each on a connection of its own, as a page makes them.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from robustcore import corruptions
from robustcore.evaluation import Condition, Store, Subject, plan, provenance, tables
from robustcore.evaluation.provenance import Run
from robustcore.evaluation.store import codec, inventory, queries
from robustcore.evaluation.store.predictions import Counts, Predictions

MODELS, IMAGES = 53, 50_000


class Many:
    """A dataset by its size alone."""

    name, split, classes, side, fingerprint = "many", "test", ("a", "b", "c"), 64, "many"

    def __len__(self) -> int:
        return IMAGES


def cells_of(models: int) -> list[plan.Cell]:
    """Each model under clean and 19 corruptions at five severities."""
    names = [*corruptions.names("imagenet-c"), *corruptions.names("imagenet-c-extra")]
    conditions = [Condition.clean(), *(Condition.corruption(n, s) for n in names for s in (1, 2, 3, 4, 5))]
    subjects = [Subject(f"model-{i}", f"model-{i}", Many.classes) for i in range(models)]
    return plan.make(subjects, Many(), conditions)  # type: ignore[arg-type]


def fill(store: Store, cells: Sequence[plan.Cell]) -> int:
    """Write every unit, with the predictions of one image each; the number of units."""
    nothing = torch.zeros(1, dtype=torch.int64)
    data = codec.encode(Predictions.of(torch.randn(1, 3), nothing, nothing))
    run = Run("2026-01-01T00:00:00+00:00", "cpu", {}, "benchmark")
    units = 0
    for start in range(0, len(cells), 100):
        with store.writing() as connection:
            run_id = queries.run_id(connection, run)
            for cell in cells[start : start + 100]:
                id_ = queries.cell_id(connection, cell)
                for unit in cell.units():
                    counts = Counts(unit.n, unit.n, unit.n // 2, unit.n, 0.5 * unit.n)
                    queries.insert_unit(
                        connection,
                        (id_, unit.shard),
                        counts,
                        data,
                        seconds=0.1,
                        date=provenance.seconds(run.date),
                        run=run_id,
                    )
                    units += 1
                queries.recount(connection, id_)
    return units


def timed(read: Callable[[], object]) -> float:
    """Median seconds of five readings."""
    spent = []
    for _ in range(5):
        began = time.perf_counter()
        read()
        spent.append(time.perf_counter() - began)
    return statistics.median(spent)


def main() -> None:
    """Fill a file and read from it."""
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "results.sqlite", shipped=False) as store:
        cells = cells_of(MODELS)
        began = time.perf_counter()
        units = fill(store, cells)
        print(f"{units:,} units in {len(cells):,} cells, written in {time.perf_counter() - began:.0f} s, ", end="")
        print(f"{store.path.stat().st_size / 2**20:,.0f} MiB")
        few = cells_of(10)
        readings: dict[str, Callable[[], object]] = {
            "Compare: 10 models, 96 conditions": lambda: tables.table(few, store),
            "Compare: all 53 models": lambda: tables.table(cells, store),
            "what is pending of 10 models": lambda: plan.pending(few, store.stored(few)),
            "the list of everything": lambda: inventory.listing(store),
        }
        for label, read in readings.items():
            print(f"{label:<36} {1000 * timed(read):8.1f} ms")


if __name__ == "__main__":
    main()
