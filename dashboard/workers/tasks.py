"""Computations for workers that need more than their arguments: models, data sets, and whether they were cancelled."""

from __future__ import annotations

import dataclasses
import functools
import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from robustcore.errors import DatasetError, JobError, ModelError

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor

    from robustcore.atlas.populations import Population
    from robustcore.datasets import Dataset, Item
    from robustcore.evaluation.filtration import Scores
    from robustcore.evaluation.filtration.scores import Bools
    from robustcore.models import Classifier
    from robustcore.overlap.categories import Categories, Sweep
    from robustcore.reports.compare.answers import Answers
    from robustcore.reports.compare.comparison import Comparison
    from robustcore.reports.preview.attack_anatomy import Attacked, Settings, Survival
    from robustcore.reports.preview.gallery import Answers as ImageAnswers

ModelKey = tuple[str, str]  # a name, and the fingerprint that the model of that name has to have


@dataclasses.dataclass(frozen=True)
class DatasetKey:
    """What a task is told of a data set; the fields are the data set's own, `size` is its length."""

    name: str
    split: str
    classes: tuple[str, ...]
    fingerprint: str
    size: int
    side: int

    @classmethod
    def of(cls, dataset: Dataset) -> DatasetKey:
        """That of a data set."""
        return cls(dataset.name, dataset.split, tuple(dataset.classes), dataset.fingerprint, len(dataset), dataset.side)


@dataclasses.dataclass(frozen=True)
class ImagesKey:
    """What a task that reads images is told of a data set.

    Attributes:
        source: a registered name, or the path of its folder or table.
        split: of it.
        fingerprint: that its images have to have.
    """

    source: str
    split: str
    fingerprint: str

    @classmethod
    def of(cls, dataset: Dataset) -> ImagesKey:
        """That of a data set that was loaded here, where it was checked that its folder may be read."""
        from robustcore.datasets import folder_of

        split = "test" if dataset.split == "all" else dataset.split
        return cls(folder_of(dataset) or dataset.name, split, dataset.fingerprint)


# Models, and what they were scored on: one entry for each preparation of the images.
ScoredOn = tuple[tuple[tuple[str, ...], DatasetKey], ...]


def scored_on(comparison: Comparison, dataset: Dataset) -> ScoredOn:
    """What the models of a comparison were scored on: a data set as each of them prepares it."""
    from robustcore.datasets import prepared_for

    keys: dict[DatasetKey, list[str]] = {}
    for subject in comparison.subjects:
        keys.setdefault(DatasetKey.of(prepared_for(dataset, subject.preparation)), []).append(subject.name)
    return tuple((tuple(names), key) for key, names in keys.items())


current = -1  # number of the request that is computed
cancelled: set[int] = set()  # numbers of requests that nobody waits for any more
_read: dict[str, Answers] = {}  # the answers behind the latest two comparisons
_MODELS, _MODEL_BYTES = 64, 96 << 20  # that a worker keeps loaded; it may grow by twice as much, see `worker`
_models: dict[ModelKey, Classifier] = {}  # the latest used last
_loader: list[Callable[[str], Classifier]] = []  # the server's own, where tasks run in place


def use_models(loader: Callable[[str], Classifier]) -> None:
    """Where tasks run in place, models come from the caches of that process."""
    _loader[:] = [loader]


def preload() -> None:
    """Import what most computations need; it takes seconds."""
    for module in ("attacks", "overlap.categories", "reports.compare.measures", "reports.preview.attack_anatomy"):
        importlib.import_module(f"robustcore.{module}")
    importlib.import_module("captum.attr")  # half of the first map's time


def is_cancelled() -> bool:
    """Whether nobody waits any more for the request that is computed."""
    return current in cancelled


def model_of(key: ModelKey) -> Classifier:
    """The model of that name and fingerprint, loaded."""
    return _loader[0](key[0]) if _loader else _loaded(*key)


def _loaded(name: str, fingerprint: str) -> Classifier:
    from robustcore.models import load_model

    if (name, fingerprint) in _models:
        model = _models.pop((name, fingerprint))  # and back behind the others: the latest are kept
    else:
        model = load_model(name, "auto")
        if model.fingerprint() != fingerprint:
            raise ModelError(f"The model {name} has changed in the meantime; choose it again.")
    _models[name, fingerprint] = model
    _forget()
    return model


def _forget() -> None:
    """Let go of the models that were used longest ago, where all together are too many or too large."""
    sizes = {key: sum(tensor.nbytes for tensor in model.state_dict().values()) for key, model in _models.items()}
    while len(sizes) > 1 and (len(sizes) > _MODELS or sum(sizes.values()) > _MODEL_BYTES):
        oldest = next(iter(sizes))
        del sizes[oldest], _models[oldest]


@functools.lru_cache(maxsize=4)
def dataset_of(key: DatasetKey) -> Dataset:
    """The data set itself where its name is registered, else what results know of it: no task reads images of a folder."""
    from robustcore import datasets
    from robustcore.datasets.recorded import RecordedDataset

    if key.name in datasets.names():
        dataset = datasets.load_dataset(key.name, split=key.split)
        if dataset.fingerprint == key.fingerprint:
            return dataset
    reason = f"The images of {key.name} are not read by this process."
    return RecordedDataset(
        key.name, key.split, key.classes, key.fingerprint, size=key.size, side=key.side, reason=reason
    )


@functools.lru_cache(maxsize=4)
def images_of(key: ImagesKey) -> Dataset:
    """The data set with its images."""
    from robustcore import datasets

    dataset = datasets.load_dataset(key.source, split=key.split)
    if dataset.fingerprint != key.fingerprint:
        raise DatasetError(f"The images of {dataset.name} have changed in the meantime; choose them again.")
    return dataset


def _answers(digest: str, found: Comparison, datasets: ScoredOn) -> Answers:
    """The stored answers behind a comparison of that digest: several metrics read the same."""
    from robustcore.reports.compare import answers

    if digest not in _read:
        while len(_read) > 1:
            _read.pop(next(iter(_read)))
        parts = [answers.read(found.only(models), dataset_of(key)).cells for models, key in datasets]
        _read[digest] = answers.Answers({where: cell for part in parts for where, cell in part.items()})
    return _read[digest]


def fingerprint(name: str) -> str:
    """The fingerprint of a model, as it is now."""
    from robustcore.models import load_model

    if _loader:
        return _loader[0](name).fingerprint()
    model = load_model(name, "auto")
    digest = model.fingerprint()
    _models[name, digest] = model
    _forget()
    return digest


def clean_answer(model: ModelKey, item: Item) -> int:
    """The class that a model gives to an image."""
    from robustcore.reports.preview import gallery

    return int(gallery.answers(model_of(model), item.image[None]).classes[0, 0])


def image_answers(model: ModelKey, images: Tensor) -> ImageAnswers:
    """What a model answers to uint8 (n, 3, H, W) images."""
    from robustcore.reports.preview import gallery

    return gallery.answers(model_of(model), images)


def attacked(
    victim: ModelKey, surrogate: ModelKey | None, item: Item, label: int, settings: Settings
) -> tuple[Attacked, tuple[Survival, ...]]:
    """An attack on one image, and whether it still succeeds after the image is saved and read again."""
    from robustcore.reports.preview import attack_anatomy

    crafts_on = None if surrogate is None else model_of(surrogate)
    model = model_of(victim)
    done = attack_anatomy.attack(model, item, label, settings, surrogate=crafts_on, cancel=is_cancelled)
    if done.result.cancelled:
        raise JobError("The attack was cancelled; choose it again.")
    return done, tuple(attack_anatomy.survivals(model, done))


def attack_sweep(
    victim: ModelKey, surrogate: ModelKey | None, item: Item, label: int, settings: Settings
) -> pd.DataFrame:
    """The same attack at several budgets."""
    from robustcore.reports.preview import attack_anatomy

    crafts_on = None if surrogate is None else model_of(surrogate)
    radii = attack_anatomy.radii(settings) or ()
    return attack_anatomy.sweep(
        model_of(victim), item, label, settings, radii, surrogate=crafts_on, cancel=is_cancelled
    )


def judged(judges: tuple[ModelKey, ...], done: Attacked) -> pd.DataFrame:
    """The answers of other models to an attacked image."""
    from robustcore.reports.preview import attack_anatomy

    return attack_anatomy.judged({key[0]: model_of(key) for key in judges}, done)


def on_comparison(
    function: str,
    found: Comparison,
    digest: str,
    datasets: ScoredOn | None,
    arguments: tuple[Any, ...],
    keywords: dict[str, Any],
) -> Any:
    """A function of a comparison.

    Args:
        function: "module:name"; its first argument is the comparison.
        digest: of the comparison.
        datasets: what the models were scored on, where the function takes the answers to single images; else None.
        arguments, keywords: the further ones.
    """
    module, _, name = function.partition(":")
    answers = {} if datasets is None else {"answers": _answers(digest, found, datasets)}
    return getattr(importlib.import_module(module), name)(found, *arguments, **keywords, **answers)


def measured(comparison: Comparison, datasets: ScoredOn, metric: str) -> pd.DataFrame:
    """The rows of a comparison with a metric of single images.

    Args:
        comparison: without models that have no part in `datasets`.
        datasets: what its models were scored on.
        metric: its name.
    """
    import pandas as pd

    from robustcore.reports.compare import image_metrics

    parts = [image_metrics.measured(comparison.only(models), dataset_of(key), metric) for models, key in datasets]
    return pd.concat([part.rows for part in parts]).sort_index(kind="stable")  # the order that they had together


def distances(dataset: DatasetKey, suite: str, storage: str, images: int) -> pd.DataFrame:
    """How far each condition of a suite moves an image, on the first images of a data set."""
    from robustcore.reports import severity

    return severity.audit([], dataset_of(dataset), suite, images=images, storage=storage).distances


def filtration_scores(
    images: ImagesKey, models: tuple[ModelKey, ...], answers: str, start: int, stop: int, crop_count: int
) -> Scores:
    """What models say of the crops of some images."""
    from robustcore.evaluation import filtration

    dataset = images_of(images)
    loaded = filtration.loaded([model_of(key) for key in models], dataset, answers)
    return filtration.score(dataset, list(loaded.values()), start, stop, crop_count, is_cancelled)


def right_answers(images: ImagesKey, model: ModelKey, answers: str, places: tuple[int, ...]) -> Bools:
    """Whether a model is right on some images."""
    from robustcore.evaluation import filtration

    dataset = images_of(images)
    (loaded,) = filtration.loaded([model_of(model)], dataset, answers).values()
    return filtration.right_answers(loaded, dataset, places, is_cancelled)


def population() -> Population:
    """The models of scenes and their robustness."""
    from robustcore.atlas import populations

    return populations.load()


def categories_by_rule(scores: pd.DataFrame, seed: int) -> Categories:
    """The categories of a matrix of overlaps with the first K that passes the rule."""
    from robustcore.overlap import categories

    return categories.by_rule(scores, seed=seed)


def sweep(scores: pd.DataFrame, seed: int, repeats: int) -> Sweep:
    """The categories for every K."""
    from robustcore.overlap import categories

    return categories.sweep(scores, seed=seed, repeats=repeats)


def couples(
    labels: dict[str, int], synthetic: pd.DataFrame, natural: pd.DataFrame, wanted: list[tuple[int, int]], seed: int
) -> pd.DataFrame:
    """The mean correlation of benchmarks by their size and their number of categories."""
    from robustcore.overlap import criteria

    return criteria.by_couple(labels, synthetic, natural, wanted, seed=seed)


def deviations(
    labels: dict[str, int], synthetic: pd.DataFrame, natural: pd.DataFrame, couple: tuple[int, int], seed: int
) -> pd.DataFrame:
    """The mean correlation of benchmarks by how unbalanced they are."""
    from robustcore.overlap import criteria

    return criteria.by_deviation(labels, synthetic, natural, couple=couple, seed=seed)
