"""Everything that pages load and compute through caches: the only file with `st.cache_data` and `st.cache_resource`.

A cached loader takes plain values, never an image or a model to be hashed: Streamlit hashes large images by samples and
cannot hash models at all. What stands behind an underscore is carried by the plain values beside it. Every cache is
bounded. Resources are shared by all sessions and never changed.
"""

from __future__ import annotations

import dataclasses
import gc
import hashlib
import logging
import os
import threading
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import permissions, roots
from dashboard.permissions import read_only as read_only

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from torch import Tensor

    from robustcore.datasets import Dataset, Item
    from robustcore.evaluation import Subject
    from robustcore.evaluation.estimates import Estimate
    from robustcore.models import Card, Classifier
    from robustcore.reports.attacked import Attacked, Settings, Survival
    from robustcore.reports.compare import Comparison
    from robustcore.reports.look import Answers, Cell
    from robustcore.reports.overview import Overview
    from robustcore.reports.severity import Audit
    from robustcore.reports.stability import Stability

log = logging.getLogger(__name__)

DEFAULT_MODEL = "scenes/resnet-standard"
_CHUNK = 8  # images that a large model scores between two looks at the page
_SMALL = 3_000_000  # parameters; smaller models answer a whole grid at once

_quick: set[tuple[str, int]] = set()  # small models that are loaded, with their stamps

_RUNS = "_attack_runs"  # in the session: the number of the attack page's latest run
_attack_lock = threading.Lock()  # one attack at a time, so that two do not slow each other down


# ---- models and images


@st.cache_data(ttl=10, max_entries=1, show_spinner=False, refresh_mode="background")
def model_names() -> list[str]:
    """The models whose weights are on this machine, the demo's first."""
    import robustcore.models

    names = robustcore.models.names(offline=True)
    return sorted(names, key=lambda name: (name != DEFAULT_MODEL, not name.startswith("scenes/"), name))


def card(name: str) -> Card:
    """What the model of that name is, without its weights."""
    return _card(name, _stamp(name))


@st.cache_resource(max_entries=64, show_spinner=False)
def _card(name: str, stamp: int) -> Card:
    import robustcore.models

    return robustcore.models.card(name)


def model(name: str) -> Classifier:
    """The model of that name, ready to answer."""
    return _model(name, _stamp(name))


@st.cache_resource(max_entries=4, show_spinner=False)
def _model(name: str, stamp: int) -> Classifier:
    import robustcore.models

    classifier = robustcore.models.load_model(name, "auto")
    if sum(p.numel() for p in classifier.parameters()) < _SMALL:
        _quick.add((name, stamp))
    return classifier


def _stamp(name: str) -> int:
    """Of a model that was trained here, when: a model trained again under its name is loaded again."""
    from robustcore import models, paths

    if not name.startswith(models.OWN):
        return 0
    file = paths.cache() / "models" / f"{name.removeprefix(models.OWN)}.safetensors"
    return file.stat().st_mtime_ns if file.is_file() else 0


@st.cache_resource(max_entries=1, show_spinner="Rendering the test images (once) …")
def test_images() -> Dataset:
    """The test split of scenes."""
    import robustcore.datasets

    return robustcore.datasets.load_dataset("scenes", split="test")


@st.cache_data(max_entries=64, show_spinner=False)
def indices_of_class(label: int) -> list[int]:
    """The places of a class's images among the test images."""
    return [int(i) for i in (test_images().labels == label).nonzero()[0]]


def test_image(index: int) -> Item:
    """One test image, with its id and label."""
    from robustcore.datasets import Item
    from robustcore.images import to_array

    dataset = test_images()
    image, label = dataset[index]
    return Item(f"{dataset.classes[label]} {index}", to_array(image), int(dataset.ids[index]), label)


@st.cache_data(max_entries=256, show_spinner=False)
def test_thumbnail(index: int) -> str:
    """One test image as a data address."""
    from dashboard.widgets import pictures

    return pictures.exact(test_images()[index][0])


@st.cache_resource(max_entries=8, show_spinner=False)
def photograph(name: str) -> Item:
    """One of the two photographs."""
    from robustcore.datasets import photographs

    return photographs.photograph(name)


def upload(content: bytes, name: str) -> Item:
    """An uploaded image; an `ImageError` says in one sentence why it cannot be one."""
    permissions.check("Uploading an image")
    return _upload(hashlib.sha256(content).hexdigest(), name, _content=content)


@st.cache_resource(max_entries=8, show_spinner="Reading the image …")
def _upload(digest: str, name: str, *, _content: bytes) -> Item:
    from robustcore.datasets import photographs

    return photographs.upload(_content, name)


# ---- one image under many corruptions


@dataclasses.dataclass(frozen=True)
class Grid:
    """The clean image and its corrupted forms: uint8 tensors, and the same as data addresses for the browser."""

    item: Item
    clean: Tensor  # (1, 3, H, W)
    cells: tuple[Cell, ...]
    images: Tensor  # (n, 3, H, W)
    thumbnails: tuple[str, ...]  # of the clean image, then of the cells

    def __getitem__(self, key: str) -> int:
        """The place of the cell of that key."""
        return next(i for i, cell in enumerate(self.cells) if cell.key == key)


def grid(item: Item, cells: tuple[Cell, ...], storage: str) -> Grid:
    """An image in the form that each cell describes."""
    return _grid(_key(item), repr(cells), storage, _item=item, _cells=cells)


@st.cache_resource(max_entries=24, show_spinner=False)
def _grid(image: str, cells: str, storage: str, *, _item: Item, _cells: tuple[Cell, ...]) -> Grid:
    import torch

    from dashboard.widgets import pictures
    from robustcore.images import to_tensor
    from robustcore.reports import look

    clean = to_tensor(_item.image)[None]
    images = look.corrupted(_item, _cells, storage)
    return Grid(_item, clean, _cells, images, tuple(pictures.thumbnails(torch.cat([clean, images]))))


def _key(item: Item) -> str:
    """What tells one image from every other: ids of different origins could meet, with sizes and names they do not."""
    return f"{item.name} {item.id} {item.image.shape}"


class Scoring:
    """A model's answers to some images, as they come."""

    def __init__(self, name: str, images: Tensor) -> None:
        self.name, self.images = name, images
        self.card = card(name)
        self._parts: list[Answers] = []
        self._lock = threading.Lock()

    @property
    def quick(self) -> bool:
        """Whether the model is loaded and small, so that all answers come at once."""
        return (self.name, _stamp(self.name)) in _quick

    @property
    def done(self) -> int:
        """How many images are answered."""
        return sum(len(part) for part in self._parts)

    @property
    def finished(self) -> bool:
        return self.done == len(self.images)

    def advance(self) -> None:
        """Answer the next images: all of them for a small model, a few for a large one. Loads the model."""
        from robustcore.reports import look

        classifier = model(self.name)
        with self._lock:
            start = self.done
            stop = len(self.images) if self.quick else min(start + _CHUNK, len(self.images))
            if start < stop:
                self._parts.append(look.answers(classifier, self.images[start:stop]))

    def answers(self) -> Answers:
        """What there is so far."""
        from robustcore.reports.look import Answers

        return Answers.joined(self._parts)


def scoring(model_name: str, shown: Grid, storage: str) -> Scoring:
    """The answers of a model to a grid, the clean image first; shared by all sessions that look at the same."""
    return _scoring(model_name, _stamp(model_name), _key(shown.item), repr(shown.cells), storage, _grid=shown)


@st.cache_resource(max_entries=48, show_spinner=False)
def _scoring(model_name: str, stamp: int, image: str, cells: str, storage: str, *, _grid: Grid) -> Scoring:
    import torch

    return Scoring(model_name, torch.cat([_grid.clean, _grid.images]))


# ---- one image under a perturbation sequence


@dataclasses.dataclass(frozen=True)
class Film:
    """The frames of a sequence: uint8 tensors, and for the browser each of them and all of them in motion."""

    key: str
    frames: Tensor  # (F, 3, side, side)
    thumbnails: tuple[str, ...]
    animation: str


def film(item: Item, name: str, difficulty: int, seed: int) -> Film:
    """An image under a perturbation sequence."""
    return _film(_key(item), name, difficulty, seed, _item=item)


@st.cache_resource(max_entries=16, show_spinner="Making the frames …")
def _film(image: str, name: str, difficulty: int, seed: int, *, _item: Item) -> Film:
    from dashboard.widgets import pictures
    from robustcore.reports import film

    frames = film.shoot(_item, name, difficulty=difficulty, seed=seed)
    key = f"{image} {name} {difficulty} {seed}"
    return Film(key, frames, tuple(pictures.thumbnails(frames)), pictures.animation(frames))


def film_answers(model_name: str, shown: Film) -> Answers:
    """A model's answers to the frames."""
    return _film_answers(model_name, shown.key, _film=shown)


@st.cache_data(max_entries=64, show_spinner="Asking the model …")
def _film_answers(model_name: str, film: str, *, _film: Film) -> Answers:
    from robustcore.reports import look

    return look.answers(model(model_name), _film.frames)


@st.cache_data(ttl=2, max_entries=32, show_spinner=False)
def stability(models: tuple[str, ...], suite: str, difficulty: int, reference: str) -> Stability:
    """What is stored of the models' stability on the test images of scenes."""
    from robustcore.reports import stability

    subjects = [subject(name, "scenes") for name in models]
    return stability.table(subjects, test_images(), suite=suite, difficulty=difficulty, reference=reference)


@st.cache_resource(max_entries=16, show_spinner="Measuring the distances …")
def _distances(suite: str, storage: str) -> pd.DataFrame:
    from robustcore.reports import severity

    return severity.audit([], test_images(), suite, images=64, storage=storage).distances


@st.cache_data(ttl=5, max_entries=16, show_spinner="Judging every step …")
def severity_audit(model_name: str, suite: str, storage: str) -> Audit:
    """The audit of a suite with what is stored of a model on the test images of scenes."""
    from robustcore.reports import severity

    return severity.audit(model(model_name), test_images(), suite, storage=storage, far=_distances(suite, storage))


# ---- stored results and evaluations


def dataset(name: str) -> Dataset:
    """The test images of scenes, or those of a folder that may be read from a page (`roots`)."""
    return test_images() if name == "scenes" else _folder(roots.dataset(name))


@st.cache_resource(ttl=600, max_entries=2, show_spinner="Reading the folder …")
def _folder(path: str) -> Dataset:
    import robustcore.datasets

    roots.check_links(path)
    return robustcore.datasets.load_dataset(path)


@st.cache_data(ttl=5, max_entries=1, show_spinner=False)
def folders() -> list[str]:
    """The folders that evaluations of this machine's history ran on, that are still there and may be read, newest first."""
    from robustcore.evaluation import jobs

    asked = dict.fromkeys(job.request.dataset for job in jobs.list_jobs())
    return [path for path in asked if os.path.isdir(path) and roots.allows(path)]


@st.cache_data(ttl=5, max_entries=16, show_spinner=False)
def evaluated(dataset_name: str) -> list[str]:
    """The names of the models with results on a dataset, the demo's first."""
    from robustcore.evaluation import Store

    names = {subject.name for subject in Store().subjects(dataset(dataset_name).fingerprint)}
    return sorted(names, key=lambda name: (name != DEFAULT_MODEL, not name.startswith("scenes/"), name))


def subject(name: str, dataset_name: str) -> Subject:
    """A model as results know it. One whose weights are not here (any more) is known by what is stored of it."""
    base = name.partition("?")[0]
    if name in model_names() or os.path.isfile(base) or "weights=none" in name:
        return _subject(name, _stamp(name))
    from robustcore.errors import ModelError
    from robustcore.evaluation import Store

    stored = [s for s in Store().subjects(dataset(dataset_name).fingerprint) if s.name == name]
    if len(stored) != 1:
        raise ModelError(
            f"The weights of {name} are not on this machine, and "
            + ("nothing is stored of it." if not stored else "results of several models of that name are.")
        )
    return stored[0]


@st.cache_data(ttl=60, max_entries=64, show_spinner=False, refresh_mode="background")
def _subject(name: str, stamp: int) -> Subject:
    import robustcore.models
    from robustcore.evaluation import Subject

    classifier = robustcore.models.load_model(name)
    return Subject(name, classifier.fingerprint(), tuple(classifier.card.classes))


@st.cache_data(ttl=2, max_entries=32, show_spinner="Reading the results …")
def comparison(
    models: tuple[str, ...],
    dataset_name: str,
    suites: tuple[str, ...],
    severities: tuple[int, ...],
    storage: str,
    seed: int,
) -> Comparison:
    """What is stored of some models under some suites, on the images that they share."""
    from robustcore.reports import compare

    subjects = [subject(name, dataset_name) for name in models]
    return compare.gather(subjects, dataset(dataset_name), suites, severities=severities, storage=storage, seed=seed)


@st.cache_data(ttl=2, max_entries=8, show_spinner="Reading the results …")
def overview(models: tuple[str, ...], dataset_name: str) -> Overview:
    """What is stored of each model, in one row."""
    from robustcore.reports import overview

    return overview.gather([subject(name, dataset_name) for name in models], dataset(dataset_name))


@st.cache_data(show_spinner=False, max_entries=1)
def devices() -> list[str]:
    """What an evaluation can run on here."""
    import torch

    several = [f"cuda:{i}" for i in range(torch.cuda.device_count())] if torch.cuda.device_count() > 1 else []
    return ["auto", "cpu", *(["cuda"] if torch.cuda.is_available() else []), *several]


@st.cache_data(ttl=2, max_entries=16, show_spinner="Counting the units and timing a few images …")
def price(request: str) -> Estimate:
    """What an evaluation costs here; the request as JSON."""
    from robustcore.evaluation import estimates, evaluations
    from robustcore.evaluation.request import EvaluationRequest

    asked = roots.request(EvaluationRequest.from_json(request))
    arguments = asked.arguments() | {"dataset": dataset(asked.dataset)}
    return estimates.estimate(evaluations.prepare(**arguments), device=asked.device)


# ---- one image under attack


class _SupersededError(Exception):
    """The person has asked for something else meanwhile: what was begun is not kept."""


def new_run() -> None:
    """A run of the attack page begins: attacks of this person's earlier runs end before their next pass."""
    st.session_state.setdefault(_RUNS, {"latest": 0})["latest"] += 1


def attacked(victim: str, surrogate: str | None, item: Item, label: int, settings: Settings) -> Attacked:
    """An attack on one image."""
    runs: dict[str, int] = st.session_state.setdefault(_RUNS, {"latest": 0})
    mine = runs["latest"]
    try:
        return _attacked(
            victim,
            surrogate,
            _key(item),
            label,
            repr(settings),
            _item=item,
            _settings=settings,
            _cancel=lambda: runs["latest"] != mine,
        )
    except _SupersededError:
        st.stop()


@st.cache_resource(max_entries=32, show_spinner="Attacking …")
def _attacked(
    victim: str,
    surrogate: str | None,
    image: str,
    label: int,
    settings: str,
    *,
    _item: Item,
    _settings: Settings,
    _cancel: Callable[[], bool],
) -> Attacked:
    from robustcore.reports import attacked

    crafts_on = None if surrogate is None else model(surrogate)
    with _attack_lock:
        done = attacked.attack(model(victim), _item, label, _settings, surrogate=crafts_on, cancel=_cancel)
    if done.result.cancelled:
        raise _SupersededError
    return done


@st.cache_data(max_entries=32, show_spinner="Attacking with other budgets …")
def _swept(
    victim: str, surrogate: str | None, image: str, label: int, settings: str, *, _item: Item, _settings: Settings
) -> pd.DataFrame:
    from robustcore.reports import attacked

    crafts_on = None if surrogate is None else model(surrogate)
    with _attack_lock:
        return attacked.sweep(
            model(victim), _item, label, _settings, attacked.radii(_settings) or [], surrogate=crafts_on
        )


def attack_sweep(victim: str, surrogate: str | None, item: Item, label: int, settings: Settings) -> pd.DataFrame:
    """The same attack at several budgets."""
    return _swept(victim, surrogate, _key(item), label, repr(settings), _item=item, _settings=settings)


def survivals(victim: str, done: Attacked) -> list[Survival]:
    """What of an attack is left after the image was saved; a few milliseconds."""
    from robustcore.reports import attacked

    return attacked.survivals(model(victim), done)


def clean_answer(model_name: str, item: Item) -> int:
    """The class that a model gives to an image."""
    from robustcore.images import to_tensor
    from robustcore.reports import look

    return int(look.answers(model(model_name), to_tensor(item.image)[None]).classes[0, 0])


@st.cache_data(ttl=2, max_entries=32, show_spinner=False)
def robust_accuracy(models: tuple[str, ...], dataset_name: str, seed: int) -> pd.DataFrame:
    """What is stored of the models' accuracy against eps, white-box and crafted on each other."""
    from robustcore.reports import robust_accuracy

    subjects = [subject(name, dataset_name) for name in models]
    surrogates = {s.name: s.fingerprint for s in subjects}
    return robust_accuracy.curves(subjects, dataset(dataset_name), surrogates=surrogates, seed=seed)


def results_changed() -> None:
    """An evaluation has ended: what was read of the results is read again."""
    for loader in (evaluated, comparison, overview, price, stability):
        loader.clear()


# ---- warm-up


def warm_up() -> None:
    """Load and compute what the first pages need; the server does it in a thread of its own. Draws nothing."""
    try:
        import robustcore.corruptions as corruptions
        from dashboard import pages
        from robustcore.reports import look

        pages.views()
        item = test_image(indices_of_class(0)[0])
        cells = tuple(cell for name in corruptions.names("imagenet-c") for cell in look.cells(name))
        shown = grid(item, cells, "memory")
        if DEFAULT_MODEL in model_names():
            scoring(DEFAULT_MODEL, shown, "memory").advance()
        images = test_images()
        images.images(0, len(images))  # rendered once, then in the cache
        import plotly.graph_objects  # noqa: F401
    except Exception:  # the page that needs it meets the same error again and shows it
        log.exception("The warm-up failed")
    finally:
        # Streamlit collects garbage after every run of a page. What is loaded by now stays for good: left out of the
        # search it no longer costs 0.3 s each time.
        gc.collect()
        gc.freeze()
