"""What claims are judged by: stored results, atlases of overlaps and tables of models; and digests that tell them apart."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

from robustcore import derived, paths
from robustcore.datasets._base import Dataset
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Condition, Store, operations
from robustcore.evaluation.store import queries
from robustcore.reports.claims._base import Claim


@dataclasses.dataclass(frozen=True)
class Sources:
    """Where results come from.

    Attributes:
        store: of evaluations.
        atlases, populations: tables by name.
    """

    store: Store
    atlases: Mapping[str, Path]
    populations: Mapping[str, Path]

    @classmethod
    def here(cls) -> Sources:
        """What ships, and what this machine computed."""
        from robustcore.atlas import plan, populations

        return cls(Store(), plan.tables(), populations.tables())

    @classmethod
    def shipped(cls) -> Sources:
        """What ships alone."""
        from robustcore.evaluation import demo

        everything = cls.here()
        assets = paths.assets()

        def shipping(tables: Mapping[str, Path]) -> dict[str, Path]:
            own = {name: assets / "overlap" / path.name for name, path in tables.items()}
            return {name: path for name, path in own.items() if path.is_file()}

        store = Store(demo.path(), shipped=False)
        return cls(store, shipping(everything.atlases), shipping(everything.populations))

    def results(self, dataset: Dataset, conditions: Iterable[Condition], models: Collection[str] | None = None) -> str:
        """A digest of what is stored under some conditions, of some models or of all.

        A result is determined by the fingerprints and the number of its images, so that no prediction has to be read.
        """
        today = sorted({operations.fingerprint(condition) for condition in conditions})
        wanted = set(today)
        rows: set[tuple[object, ...]] = set()
        for layer in self.store.layers():
            with layer.open() as connection:
                rows |= {
                    row
                    for row in queries.counted(connection, dataset.fingerprint)
                    if row[2] in wanted and (models is None or row[0] in models)
                }
        return derived.digest(dataset.fingerprint, today, sorted(map(repr, rows)))

    @property
    def population(self) -> str:
        """A digest of what `populations.load` gathers."""
        from robustcore.atlas import populations
        from robustcore.datasets import load_dataset
        from robustcore.evaluation import suites

        results = self.results(load_dataset("scenes"), suites.resolve(populations.suites()))
        return derived.digest(results, self.files(self.populations))

    def files(self, tables: Mapping[str, Path]) -> str:
        """A digest of the content of tables, with their names.

        Raises:
            InvalidArgumentError: a file that cannot be read.
        """
        try:
            return derived.digest({name: _content(path) for name, path in sorted(tables.items())})
        except OSError as error:
            raise InvalidArgumentError(f"The table {error.filename} cannot be read ({error.strerror}).") from error


@dataclasses.dataclass(frozen=True)
class Part:
    """Claims of a topic that are judged by the same results.

    Attributes:
        name: of the file that their verdicts ship in.
        judge: the claims, judged by what the sources have now.
        key: a digest of what the sources have for them, in a few hundredths of a second.
    """

    name: str
    judge: Callable[[Sources], Sequence[Claim]]
    key: Callable[[Sources], str]


def _content(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
