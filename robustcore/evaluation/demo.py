"""The demo results: what the zoo's models answer, as it ships in `assets/results/demo.sqlite`.

The shipped file has the counts of every unit, and of the predictions the label and one predicted class per image; for
clean images and those of unknown classes also what anomaly scores are made of.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from robustcore import paths
from robustcore.evaluation import api, operations, plan, suites
from robustcore.evaluation.api import Evaluation
from robustcore.evaluation.plan import Cell, Key
from robustcore.evaluation.request import EvaluationRequest
from robustcore.evaluation.run.runner import Progress, Summary
from robustcore.evaluation.store import codec, database, queries, schema
from robustcore.evaluation.store.store import Store
from robustcore.models import load_model
from robustcore.models.classifier import Classifier
from robustcore.training import zoo

DATASET = "scenes"
SEED = 0


@dataclasses.dataclass(frozen=True)
class Share:
    """One share of the demo: suites, the number of test images (None for all), the models that are scored (none for all of
    the zoo), and those that attacks are crafted on beside the one that is scored."""

    suites: tuple[str, ...]
    limit: int | None = None
    models: tuple[str, ...] = ()
    surrogates: tuple[str, ...] = ()


_STANDARD = ("scenes/resnet-standard", "scenes/vgg-standard")
# Those whose interventions the documents try on controlled shifts, and others of every kind beside them.
_CONTROLLED = (
    *_STANDARD,
    *(
        f"scenes/resnet-{name}"
        for name in (
            "continued",
            "augmix",
            "deepaugment",
            "stylised",
            "speckle_noise",
            "random_erasing",
            "cutout",
            "cutmix",
            "mixup",
            "crop_flip",
            "syn_rob",
            "fgsm",
            "pgd",
        )
    ),
    "scenes/vgg-augmix",
)
_AUTOATTACKED = ("scenes/resnet-standard", "scenes/resnet-continued", "scenes/resnet-pgd")
# Of both architectures what both were trained with: whether training or architecture decides whom an attack transfers to.
_CRAFTING = tuple(
    f"scenes/{architecture}-{training}"
    for architecture in ("resnet", "vgg")
    for training in ("standard", "continued", "augmix", "mixup", "fgsm", "pgd", "mtlat")
)
SHARES = (
    Share(("imagenet-c", "imagenet-c-extra")),
    Share(("scenes-shifts",)),
    Share(("laugros",)),
    Share(("laugros-scenes",), limit=1200),  # the images that its ranges are calibrated on
    Share(("robust-accuracy",), limit=240, surrogates=_STANDARD),
    Share(("attacks",), limit=240, surrogates=_STANDARD),
    Share(("autoattack",), limit=48, models=_AUTOATTACKED),  # minutes for a model
    Share(("transfer",), limit=240, surrogates=_CRAFTING),
    Share(("imagenet-p", "imagenet-p-extra"), limit=240),  # a sequence is some thirty frames
    Share(("candidates-40",), limit=1200),
    Share(("factors",), limit=600, models=_CONTROLLED),
)


def path() -> Path:
    """The shipped file."""
    return paths.assets() / "results" / "demo.sqlite"


def prepare(*, device: str = "auto", command: str = "") -> list[Evaluation]:
    """The evaluations that ship, of every model of the zoo on the test images of scenes. What plug-ins add to a suite is no
    part of them."""
    models = {name: load_model(name) for name in sorted(zoo.ZOO)}
    return [prepared(share, models, device=device, command=command) for share in SHARES]


def prepared(
    share: Share, models: Mapping[str, Classifier] | None = None, *, device: str = "auto", command: str = ""
) -> Evaluation:
    """The evaluation of one share.

    Args:
        models: name -> model, where they are in memory already; by default those that the share names are loaded.
    """
    loaded = models or {name: load_model(name) for name in share.models or sorted(zoo.ZOO)}
    return api.prepare(
        EvaluationRequest(
            models=tuple(loaded[name] for name in share.models or loaded),
            dataset=DATASET,
            conditions=tuple(c for c in suites.resolve(share.suites) if not operations.of(c).plugin(c)),
            limit=share.limit,
            seed=SEED,
            surrogates=tuple(loaded[name] for name in share.surrogates),
            device=device,
            command=command,
        )
    )


def cells(evaluations: Sequence[Evaluation]) -> list[Cell]:
    """All their cells; of two that differ in the number of images the larger, which answers both."""
    largest: dict[Key, Cell] = {}
    for cell in (cell for evaluation in evaluations for cell in evaluation.cells):
        if cell.key not in largest or largest[cell.key].size < cell.size:
            largest[cell.key] = cell
    return list(largest.values())


def is_current(cells: Sequence[Cell]) -> bool:
    """Whether what ships is what today's code gives, condition by condition.

    It is current if every condition of the shipped file is among the asked ones and is there for every model that it is asked
    for, whole, under today's fingerprints, and for no other model. A condition that is asked for and not in the file, a new
    corruption say, is simply not shipped: what ships stays current.

    Args:
        cells: what is asked for.
    """
    if not path().exists():
        return False
    with Store(path(), shipped=False) as shipped:
        with shipped.layers()[0].open() as connection:
            conditions = [row[3] for row in connection.execute(queries.NAMED_CELLS)]
        shipped_conditions = set(conditions)
        shipped_cells = [cell for cell in cells if cell.condition.canonical() in shipped_conditions]
        return (
            len(shipped_cells) == len(conditions)
            and not plan.pending(shipped_cells, shipped.stored(shipped_cells)).units
        )


def is_complete(cells: Sequence[Cell]) -> bool:
    """Whether the shipped file is current, and has every condition that is asked for."""
    if not is_current(cells):
        return False
    with Store(path(), shipped=False) as shipped:
        return not plan.pending(cells, shipped.stored(cells)).units


def build(
    *, device: str = "auto", progress: Callable[[Progress], None] | None = None, command: str = "robustcore demo"
) -> Summary | None:
    """Compute what the demo lacks, and write the shipped file anew; None where it is complete.

    What is computed lands in the cache first, so that an interrupted build goes on where it stopped. What ships already
    and still holds is taken over.
    """
    evaluations = prepare(device=device, command=command)
    wanted = cells(evaluations)
    if is_complete(wanted):
        return None
    summary = Summary()
    with Store() as store:
        for evaluation in evaluations:
            done = api.carry_out(evaluation, store, progress=progress)
            summary.total += done.total
            summary.cached += done.cached
            summary.computed += done.computed
            summary.failed += done.failed
            summary.repeated += done.repeated
            summary.cancelled |= done.cancelled
            for why, count in done.reasons.items():
                summary.reasons[why] = summary.reasons.get(why, 0) + count
        if not summary.failed and not summary.cancelled:
            ship(wanted, store, path())
    return summary


def ship(cells: Sequence[Cell], store: Store, target: Path) -> None:
    """Write these cells of a store into a file of their own, in the shipped form; it appears whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with (
            database.translated(partial),
            contextlib.ExitStack() as opened,
            closing(schema.connect(partial, write=True)) as out,
        ):
            sources = [opened.enter_context(layer.open()) for layer in store.layers()]
            rows_by_source = [(source, queries.cells(source, cells)) for source in sources]
            with database.transaction(out):
                for cell in cells:
                    _copy(
                        [(source, rows[cell.key]["id"]) for source, rows in rows_by_source if cell.key in rows],
                        out,
                        cell,
                    )
            # Without a write-ahead log a file can be opened immutable, from a read-only place.
            out.execute("PRAGMA journal_mode = DELETE")
            out.execute("VACUUM")
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def _copy(sources: Sequence[tuple[sqlite3.Connection, int]], out: sqlite3.Connection, cell: Cell) -> None:
    """One cell's units from (connection, the cell's id there), the first that has one: their counts as they are, their
    predictions in compact form."""
    place = queries.cell_id(out, cell)
    wanted = {unit.shard: unit for unit in cell.units()}
    # What a model says to known images and to unknown ones are compared by their scores.
    scores = cell.condition.kind == "clean" or bool(operations.of(cell.condition).unlabelled(cell.condition))
    for source, id_ in sources:
        for shard, n, *_, seconds, date, run, _ in source.execute(queries.UNITS, (id_,)).fetchall():
            if shard not in wanted or n < wanted[shard].n:
                continue
            size = wanted.pop(shard).n
            predictions = queries.read(source, id_, shard)
            assert predictions is not None
            counts = queries.counts(source, (id_, shard)) if n == size else predictions.prefix(size).counts()
            run_row = source.execute("SELECT identity, date, device, versions, command FROM runs WHERE id = ?", (run,))
            queries.insert_unit(
                out,
                (place, shard),
                counts,
                codec.encode(predictions.prefix(size).compact(scores=scores)),
                seconds=seconds,
                date=date,
                run=queries.copied_run(out, run_row.fetchone()),
            )
    queries.recount(out, place)
