"""Inventory: everything that is stored, whatever it answers: as tables, and with where it comes from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

import numpy as np
import pandas as pd

from robustcore.evaluation.condition import Condition
from robustcore.evaluation.plan import SHARD, Cell, Key, Subject
from robustcore.evaluation.store import queries, schema
from robustcore.evaluation.store.predictions import Predictions
from robustcore.evaluation.store.store import Store


def listing(store: Store) -> pd.DataFrame:
    """Everything that is stored, in every layer: the columns of the file's view `results`, and shipped."""
    frames = []
    for layer in store.layers():
        with layer.open() as connection:
            frames.append(pd.read_sql("SELECT * FROM results", connection).assign(shipped=layer.shipped))
    if not frames:
        with closing(schema.nothing()) as connection:
            frames.append(pd.read_sql("SELECT * FROM results", connection).assign(shipped=False))
    rows = pd.concat(frames, ignore_index=True).astype(
        {"severity": "Int64", "strength": "string", "variant": "string", "correct": "Int64"}
    )
    # Units land in any order.
    keys = [
        "shipped",
        "model",
        "dataset",
        "split",
        "kind",
        "name",
        "severity",
        "strength",
        "storage",
        "seed",
        "precision",
    ]
    return rows.sort_values(keys, ignore_index=True)


def cell_of(record: Mapping[Any, Any]) -> Cell:
    """A row of `listing` as the cell that its results are found by, for all images that are stored of it."""
    model, dataset, condition = (str(record[f"{what}_fingerprint"]) for what in ("model", "dataset", "condition"))
    params = json.loads(record["params"] or "{}")
    return Cell(
        Key(model, dataset, condition, int(record["seed"]), str(record["precision"])),
        Subject(str(record["model"]), model, ()),
        str(record["dataset"]),
        str(record["split"]),
        Condition(str(record["kind"]), str(record["name"]), params=tuple(dict(params).items())),
        int(record["n"]),
    )


def model_labels(listed: pd.DataFrame) -> dict[str, str]:
    """Fingerprint -> name of the models of `listing`, with the fingerprint's beginning where several have the name."""
    models = listed[["model", "model_fingerprint"]].drop_duplicates()
    several = models["model"].duplicated(keep=False)
    return {
        print_: f"{name} ({print_[:8]})" if twice else str(name)
        for name, print_, twice in zip(models["model"], models["model_fingerprint"], several, strict=True)
    }


def provenance(store: Store, listed: pd.DataFrame) -> list[str]:
    """Where rows of `listing` come from: for each model and dataset their fingerprints, and each run that computed some
    of these rows, with its date, device, precision, versions, command, units and seconds."""
    lines = []
    keys = ["model", "model_fingerprint", "dataset", "dataset_fingerprint"]
    for (model, model_print, dataset, dataset_print), group in listed.groupby(keys, sort=False):
        lines.append(f"{model} (SHA-256 {model_print}) on {dataset} (SHA-256 {dataset_print})")
        for layer in store.layers():
            here = group[group["shipped"] == layer.shipped]
            cells = here[["condition_fingerprint", "seed", "precision"]].to_numpy().tolist()
            with layer.open() as connection:
                for row in connection.execute(_RUNS, (model_print, dataset_print, json.dumps(cells))):
                    versions = ", ".join(f"{k} {v}" for k, v in json.loads(row[2]).items())
                    lines.append(
                        f"  {row[0]} on {row[1]} in {row[6]}: {row[4]} units in {row[5]:.1f} s of computing; {row[3]}; {versions}"
                    )
    return lines


_RUNS = """SELECT runs.date, runs.device, runs.versions, runs.command, count(*), sum(units.seconds), precision
    FROM units JOIN runs ON runs.id = units.run JOIN cells ON cells.id = units.cell
    JOIN conditions ON conditions.id = cells.condition
    WHERE cells.model = (SELECT id FROM models WHERE fingerprint = ?)
    AND cells.dataset = (SELECT id FROM datasets WHERE fingerprint = ?)
    AND (conditions.fingerprint, cells.seed, cells.precision) IN (
        SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?))
    GROUP BY runs.id, precision ORDER BY runs.date"""


def per_image(store: Store, listed: pd.DataFrame) -> pd.DataFrame:
    """The predictions behind rows of `listing`, one row an image: model, dataset, split, kind, name, severity, strength,
    variant, storage, params, seed, precision, place (in the dataset's order), frame (0 but for sequences), id (missing in
    shipped results), label, predicted, confidence (missing in shipped results)."""
    fixed = [
        "model",
        "dataset",
        "split",
        "kind",
        "name",
        "severity",
        "strength",
        "variant",
        "storage",
        "params",
        "seed",
        "precision",
    ]
    frames = []
    for layer in store.layers():
        with layer.open() as connection:
            for row in listed[listed["shipped"] == layer.shipped].to_dict("records"):
                prints = [row[f"{what}_fingerprint"] for what in ("dataset", "model", "condition")]
                cells = connection.execute(_CELL, (*prints, row["seed"], row["precision"])).fetchall()
                stored = [unit for (cell,) in cells for unit in queries.predictions(connection, cell)]
                if stored:
                    part = _exploded([(shard * SHARD, predictions) for shard, predictions in stored])
                    frames.append(part.assign(**{name: row[name] for name in fixed}))
    columns = [*fixed, "place", "frame", "id", "label", "predicted", "confidence"]
    return pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame([], columns=columns)


_CELL = """SELECT id FROM cells WHERE dataset = (SELECT id FROM datasets WHERE fingerprint = ?)
    AND model = (SELECT id FROM models WHERE fingerprint = ?)
    AND condition = (SELECT id FROM conditions WHERE fingerprint = ?) AND seed = ? AND precision = ?"""


def _exploded(parts: Sequence[tuple[int, Predictions]]) -> pd.DataFrame:
    """(the first image's place, predictions) of a cell's shards -> one row for each image and frame."""
    predictions_ = Predictions.concatenate([predictions for _, predictions in parts])
    places = np.concatenate([np.arange(start, start + len(predictions)) for start, predictions in parts])
    frames = predictions_.classes[0, ..., 0].size
    confidence = predictions_.confidence

    def each(values: Any) -> Any:
        return np.repeat(np.asarray(values), frames)

    return pd.DataFrame(
        {
            "place": each(places),
            "frame": np.tile(np.arange(frames), len(predictions_)),
            "id": pd.NA if predictions_.ids is None else each(predictions_.ids),
            "label": each(predictions_.labels),
            "predicted": predictions_.classes[..., 0].reshape(-1),
            "confidence": np.nan if confidence is None else confidence.reshape(-1),
        }
    ).astype({"id": "Int64"})
