"""Pack: this machine's results and its models' cards as one file, to be handed on and opened elsewhere. Images are not in it."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from robustcore.errors import StoreError
from robustcore.evaluation.store import database, queries
from robustcore.evaluation.store.merge import merge
from robustcore.evaluation.store.store import Layer, Store
from robustcore.paths import printable

_TABLE = "CREATE TABLE cards (model TEXT PRIMARY KEY, card TEXT NOT NULL) WITHOUT ROWID"


@dataclasses.dataclass(frozen=True)
class Packed:
    """What a file holds: units of results, models, those of them with a card, and units that were damaged and left behind."""

    units: int
    models: int
    cards: int
    damaged: int


def own_models(store: Store) -> dict[str, str]:
    """Fingerprint -> name of the models with results that do not ship, which are those that are packed."""
    if not store.path.exists():
        return {}
    with Layer(store.path, shipped=False).open() as connection:
        return dict(connection.execute("SELECT fingerprint, name FROM models ORDER BY name").fetchall())


def pack(store: Store, file: Path, cards: Mapping[str, str]) -> Packed:
    """Write the store's own results and cards into a new file.

    Args:
        store: what ships with the package is at the other's too, and is left out.
        file: that does not exist yet.
        cards: a model's fingerprint -> its card as JSON.

    Raises:
        StoreError: nothing to pack, or a file that exists or cannot be written.
    """
    if file.exists():
        raise StoreError(f"The file {printable(str(file))} exists, and nothing is overwritten. Name another one.")
    if not store.path.exists():
        raise StoreError("No results are stored yet. 'robustcore evaluate' computes some.")
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with Store(part, shipped=False) as packed:
            merged = merge(packed, store.path)
            models = own_models(packed)
            kept = {model: card for model, card in cards.items() if model in models}
            with packed.writing() as connection:
                connection.execute(_TABLE)
                connection.executemany("INSERT INTO cards VALUES (?, ?)", sorted(kept.items()))
            packed.compact()
        with database.translated(part), closing(sqlite3.connect(part)) as alone:
            alone.execute(
                "PRAGMA journal_mode = DELETE"
            )  # one file, which can be read from a folder without write access
        part.replace(file)
    except OSError as error:
        raise StoreError(f"The file {printable(str(file))} cannot be written ({error.strerror or error}).") from error
    finally:
        for leftover in (part, *(part.with_name(part.name + end) for end in ("-wal", "-shm"))):
            leftover.unlink(missing_ok=True)
    return Packed(merged.added, len(models), len(kept), merged.damaged)


def card(file: Path, name: str) -> str:
    """A model's card in a packed file, as JSON.

    Raises:
        StoreError: no results file, or none with a card of that model.
    """
    if not file.is_file():
        raise StoreError(f"There is no results file {printable(str(file))}.")
    with Layer(file, shipped=False, frozen=True).open() as connection:
        cards = queries.cards(connection)
    of_name = [card for model, card in cards if model == name]
    if len(of_name) != 1:
        listed = ", ".join(sorted({model for model, _ in cards})) or "none"
        raise StoreError(
            f"The file {printable(str(file))} has {len(of_name)} cards of {name!r}; it has cards of {listed}."
        )
    return of_name[0]
