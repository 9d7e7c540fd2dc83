"""The models that correlations are taken over: their robustness, one row a model, from tables of evaluations or published ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from robustcore import metrics, paths
from robustcore.errors import InvalidArgumentError
from robustcore.published import SOURCES
from robustcore.published import testbed_results as testbed
from robustcore.training import zoo

if TYPE_CHECKING:
    from robustcore.evaluation import Store

PREFIX = "population-"  # of the names of csv files with the accuracies of many models
LEAST = 300  # images; a figure over fewer scatters by more than most models differ
COLUMNS = ("model", "kind", "name", "severity", "n", "accuracy")

# Set -> (clean accuracy on its classes, accuracy on it), columns of `published.natural_shifts`.
PUBLISHED = {
    "ImageNet-V2": ("imagenet", "v2"),
    "ImageNet-Sketch": ("imagenet", "sketch"),
    "ImageNet-A": ("a_clean", "a"),
    "ImageNet-R": ("r_clean", "r"),
}


@dataclasses.dataclass(frozen=True, eq=False)
class Population:
    """Models and their residual robustness: clean accuracy less accuracy, lower is better.

    Attributes:
        synthetic: models x corruptions, NaN where unknown.
        natural: models x natural sets.
        atlas: those of the models that an atlas was made from. Its categories come from these very models: what is said
            about the categories over them says it twice.
        images: the fewest images that a figure is over.
        sources: where the figures come from.
        data: what the models classify: "scenes" or "ImageNet".
    """

    synthetic: pd.DataFrame
    natural: pd.DataFrame
    atlas: tuple[str, ...]
    images: int
    sources: tuple[str, ...]
    data: str = "scenes"

    def __len__(self) -> int:
        return len(self.synthetic)

    @property
    def independent(self) -> Population:
        """The same without the models of the atlas."""
        kept = [model for model in self.synthetic.index if model not in self.atlas]
        return self.only(kept)

    def only(self, models: Sequence[str]) -> Population:
        """The same for some of the models."""
        return dataclasses.replace(
            self,
            synthetic=self.synthetic.loc[list(models)].dropna(axis=1, how="all"),
            natural=self.natural.loc[list(models)].dropna(axis=1, how="all"),
            atlas=tuple(model for model in self.atlas if model in models),
        )

    def complete(self, names: Sequence[str]) -> Population:
        """The models with a robustness to each of some corruptions."""
        columns = self.synthetic.reindex(columns=list(names))
        return self.only([str(model) for model in columns.index[columns.notna().all(axis=1)]])


def gather(tables: Mapping[str, pd.DataFrame]) -> Population:
    """The population of several tables of evaluations.

    Figures over fewer than 300 images are left out. A corruption's figures come from one table, for all models: that with most of them, the first of equals. Figures drawn over
    the range and means over five severities are not mixed either.

    Args:
        tables: by a name for where they come from; columns as `robustcore.evaluate` gives them, clean rows among them.

    Raises:
        InvalidArgumentError: a table without the columns, or as `residuals`.
    """
    synthetic: list[tuple[str, pd.DataFrame]] = []
    natural: list[tuple[str, pd.DataFrame]] = []
    images: list[int] = []
    for source, table in tables.items():
        missing = [name for name in COLUMNS if name not in table]
        if missing:
            raise InvalidArgumentError(
                f"The table {source} has no column {missing[0]!r}; it takes {', '.join(COLUMNS)}. Mend the file, or move it away."
            )
        scored = table[table["accuracy"].notna() & (table["n"] >= LEAST)]
        if not (scored["kind"] == "clean").any():
            continue
        clean, levels = scored["kind"] == "clean", scored["severity"].notna()
        for part in (scored[clean | ~levels], scored[clean | levels]):
            for kind, parts in (("corruption", synthetic), ("shift", natural)):
                if (part["kind"] == kind).any():
                    parts.append((source, residuals(part, kind)))
                    images.append(int(part.loc[part["kind"] == kind, "n"].min()))
    wide, used = _widest(synthetic)
    shifts, used_too = _widest(natural)
    models = wide.index.union(shifts.index, sort=True)
    return Population(
        wide.reindex(models),
        shifts.reindex(models),
        tuple(str(m) for m in models if is_of_an_atlas(str(m))),
        min(images, default=0),
        tuple(dict.fromkeys([*used, *used_too])),
    )


# Groups of the ImageNet Testbed whose models nobody would use: on a tenth of the images, or no networks at all.
UNUSED = ("low accuracy CNN", "other classifiers")


def imagenet() -> Population:
    """The published ImageNet models that were measured on ImageNet-C, made on the fly, and on all natural shifts (the testbed).

    Corruptions are means over five severities. Where a shift has fewer classes, both accuracies are on these alone.
    """
    models, rows = testbed.imagenet_testbed_models(), testbed.imagenet_testbed()
    kept = models.loc[~models["group"].isin(UNUSED), "model"]
    rows = rows[rows["model"].isin(kept)]
    of_setting = rows.pivot(index="model", columns="setting", values="accuracy")
    corrupted = rows[(rows["kind"] == "corruption") & (rows["storage"] == "memory")]
    means = corrupted.pivot_table(index="model", columns="condition", values="accuracy")
    synthetic = means.rsub(of_setting["val"], axis=0)
    shifts = rows[rows["kind"] == "shift"].drop_duplicates("setting").set_index("condition")
    natural = pd.DataFrame(
        {
            str(name): of_setting[row["clean_setting"]] - of_setting[row["setting"]]
            for name, row in shifts.iterrows()
            if name in testbed.NATURAL
        }
    )
    whole = synthetic.dropna().index.intersection(natural.dropna(how="all").index)
    atlas = [model for model in whole if "_aws" in model]
    title = dict(zip(models["model"], models["title"], strict=True))
    return Population(
        synthetic.loc[whole].rename(index=title).rename_axis(columns=None),
        natural.loc[whole].rename(index=title),
        tuple(title[model] for model in atlas),
        min(testbed.NATURAL.values()),
        (SOURCES["testbed"],),
        "ImageNet",
    )


def tables() -> dict[str, Path]:
    """The csv files of populations, by file name without its ending: those that ship, then those kept here, which go first."""
    return {path.stem: path for folder in folders() for path in sorted(folder.glob(f"{PREFIX}*.csv"))}


def folders() -> tuple[Path, Path]:
    """The folders of tables of overlaps and of populations: what ships, and what this machine computed."""
    return paths.assets() / "overlap", paths.cache() / "overlap"


def read(path: Path | str) -> pd.DataFrame:
    """A csv file with the columns of `robustcore.evaluate`."""
    try:
        table = pd.read_csv(path)
        if "severity" in table:
            table["severity"] = pd.to_numeric(table["severity"]).astype("Int64")
    except (OSError, ValueError, TypeError) as error:  # a severity between two whole numbers is a TypeError
        raise InvalidArgumentError(f"The table of models {path} cannot be read ({error}).") from error
    return table


def load(paths: Mapping[str, Path] | None = None, store: Store | None = None) -> Population:
    """The models of scenes with results: from the csv files, and from what is stored or ships of evaluations.

    Args:
        paths: the csv files by name; default `tables()`.
        store: of the evaluations; default what is stored and what ships.
    """
    files = tables() if paths is None else paths
    return gather({**{name: read(path) for name, path in files.items()}, "stored evaluations": stored(store)})


def stored(store: Store | None = None) -> pd.DataFrame:
    """What is stored of the models on the test images of scenes, under `suites()`."""
    from robustcore.datasets import load_dataset
    from robustcore.evaluation import Store, lookup

    dataset, results = load_dataset("scenes", split="test"), store or Store()
    subjects = list({subject.name: subject for subject in results.subjects(dataset.fingerprint)}.values())
    if not subjects:
        return pd.DataFrame(columns=list(COLUMNS))
    return lookup(subjects, dataset, suites(), store=results)


def suites() -> list[str]:
    """The suites that a population's models are looked up under: all corruptions and the shifts of scenes."""
    from robustcore import corruptions

    return [*(s for s in corruptions.suites.names("corruption") if corruptions.names(s)), "scenes-shifts"]


def residuals(table: pd.DataFrame, kind: str = "corruption") -> pd.DataFrame:
    """Models x conditions: residual robustness, clean accuracy less accuracy, lower is better; the mean over severities.

    Args:
        table: of `robustcore.evaluate`, with the clean rows in it; one dataset, no condition in two forms (storage, strength).
        kind: "corruption" for the synthetic side of algorithm 3, "shift" for the natural one, "attack".

    Returns:
        One row for each model, NaN where something is missing. Columns are the conditions' names, of attacks their `attack_key`:
        one attack at several eps or on several surrogates is several.

    Raises:
        InvalidArgumentError: a model with two figures for one condition.
    """
    rows = metrics.residual(metrics.mean_over_severities(table[table["kind"].isin(["clean", kind])]))
    rows = rows[rows["kind"] == kind]
    if kind == "attack":
        rows = rows.assign(name=[attack_key(*place) for place in zip(rows["name"], rows["params"], strict=True)])
    twice = rows[rows.duplicated(["model", "name"])]
    if len(twice):
        row = twice.iloc[0]
        raise InvalidArgumentError(
            f"The table has two figures of {row['model']} for {row['name']} (datasets, storages or strengths); keep one."
        )
    wide = rows.pivot(index="model", columns="name", values="residual")
    return wide.rename_axis(index=None, columns=None).astype(float)


def attack_key(name: str, params: str) -> str:
    """What tells an attack from the same one at another eps or crafted on another model: its name and its parameters (JSON, or "")."""
    return f"{name} {params}" if params else name


def published(shifts: pd.DataFrame) -> pd.DataFrame:
    """Networks x natural sets of ImageNet: residual robustness 0 .. 1 from `robustcore.published.natural_shifts`.

    ImageNet-A and ImageNet-R have 200 classes: the clean accuracy is that on the same classes.
    """
    named = shifts.set_index("model")
    columns = {name: (named[clean] - named[shifted]) / 100 for name, (clean, shifted) in PUBLISHED.items()}
    return pd.DataFrame(columns).rename_axis(index=None)


def _widest(sources: Sequence[tuple[str, pd.DataFrame]]) -> tuple[pd.DataFrame, list[str]]:
    """Each column from the table that has it for most models, and the sources that were used."""
    best: dict[str, tuple[str, pd.Series]] = {}
    for source, table in sources:
        for name in table.columns:
            values = table[name].dropna()
            if len(values) and (name not in best or len(values) > len(best[name][1])):
                best[str(name)] = (source, values)
    columns = {name: best[name][1] for name in sorted(best)}
    return pd.DataFrame(columns), [source for source, _ in best.values()]


def is_of_an_atlas(model: str) -> bool:
    """The zoo and a person's own models know nothing of an atlas; what else stands among the models of scenes is one's."""
    return model not in zoo.ZOO and not model.startswith("own/")
