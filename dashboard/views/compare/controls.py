"""The controls that all views of Compare share: which models, on which data, under what."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import streamlit as st

import robustcore.corruptions as corruptions
from dashboard import cache
from dashboard.cache import compare
from dashboard.cache.datasets import Data
from dashboard.session import selection
from dashboard.widgets import addresses, data_picker, labels, links
from robustcore.evaluation import suites
from robustcore.reports import emphasis
from robustcore.reports.compare import published_models

KEY = "compare"
PINNED = f"{KEY}_pin"
MOST = 60  # models that are chosen to begin with


@dataclasses.dataclass(frozen=True)
class Choice:
    """What the shared controls say.

    Attributes:
        models, dataset, split, suites, severities, seed, storage: what is compared.
        pinned: models that are followed through all figures.
        everything: whether of many models all are drawn by name.
    """

    models: tuple[str, ...]
    dataset: str
    split: str
    suites: tuple[str, ...]
    severities: tuple[int, ...]
    seed: int
    storage: str
    pinned: tuple[str, ...] = ()
    everything: bool = False

    @property
    def data(self) -> Data:
        """What was evaluated on; published figures have their own."""
        return Data(self.dataset, self.split)

    @property
    def is_published(self) -> bool:
        """Whether the data are those of published figures, which nothing here was evaluated on."""
        return self.dataset.startswith(compare.PUBLISHED)

    @property
    def evaluation(self) -> links.Address:
        """The address of the page Evaluate with the same."""
        own = [m for m in self.models if not published_models.is_published(m)]
        storage = self.storage if self.storage in corruptions.STORAGES else ""  # what is released is not made
        return addresses.evaluate(own, self.dataset, self.suites, split=self.split, seed=self.seed, storage=storage)


def first() -> Choice:
    """What the page begins with."""
    dataset = cache.datasets.entries()[0].name
    splits = cache.datasets.splits(dataset)
    split = splits[0] if len(splits) > 1 else ""
    conditions = ("imagenet-c",), corruptions.SEVERITIES, "memory", 0
    suites, severities, storage, seed = conditions
    models = compare.evaluated_whole(Data(dataset, split), *conditions)[:MOST]
    return Choice(tuple(models), dataset, split, suites, severities, seed, storage)


def pick() -> Choice:
    """Draw the controls: data, models and conditions, each behind a button that says what is chosen."""
    with st.container(horizontal=True, key=f"{KEY}_controls", vertical_alignment="bottom"):
        dataset = selection.selectbox(
            "Data",
            [
                *(entry.name for entry in cache.datasets.entries()),
                *(compare.PUBLISHED + d for d in published_models.SETUPS),
            ],
            key=f"{KEY}_dataset",
            kind="dataset",
            text=_dataset,
            width=260,
        )
        split = data_picker.pick_split(dataset, key=f"{KEY}_split")
        models, pinned = _pick_models(dataset, split)
        suites, severities, seed, storage = _pick_conditions(dataset)
        everything = len(models) > emphasis.MOST and selection.toggle(
            f"All {len(models)} by name",
            key=f"{KEY}_all",
            help="Else the baseline, the best of each family of trainings and the pinned models are drawn by name, the others in "
            "grey or as medians of their families.",
        )
    return Choice(tuple(models), dataset, split, tuple(suites), severities, seed, storage, tuple(pinned), everything)


def _dataset(name: str) -> str:
    return (
        published_models.SETUPS[name.removeprefix(compare.PUBLISHED)].title
        if name.startswith(compare.PUBLISHED)
        else data_picker.label(name)
    )


def _pick_models(dataset: str, split: str) -> tuple[list[str], list[str]]:
    """The models and those of them that are pinned, behind a button: forty names would fill a telephone's screen."""
    printed = compare.published_models()
    if dataset.startswith(compare.PUBLISHED):
        evaluated = printed[dataset.removeprefix(compare.PUBLISHED)]
        offered, start = evaluated, published_models.first(dataset.removeprefix(compare.PUBLISHED))[:MOST]
    else:
        evaluated = cache.results.evaluated(Data(dataset, split))
        offered = list(dict.fromkeys([*evaluated, *cache.models.model_names()]))
        start = compare.evaluated_whole(Data(dataset, split), *_conditions_now())[:MOST]
    further = [m for names in printed.values() for m in names if m not in offered]
    key = f"{KEY}_model"
    place = st.popover(
        _chosen(key, start, [*offered, *further]),
        icon=":material/stacks:",
        key=f"{KEY}_models",
        help="Which models are compared.",
    )
    with place:
        models = selection.multiselect(
            "Models",
            [*offered, *further],
            key=key,
            kind="model",
            default=start,
            placeholder="Choose one or more",
            text=str,
        )
        st.caption("Type to search. Published models can be drawn where suite, classes and image size agree.")
        _by_family(key, evaluated)
        pinned = selection.multiselect(
            "Pinned",
            models,
            key=PINNED,
            kind="pinned model",
            placeholder="None",
            help="On top and highlighted in every figure. A click on a mark, then “Pin”, does the same.",
        )
    return models, pinned


def _conditions_now() -> tuple[tuple[str, ...], tuple[int, ...], str, int]:
    """Suites, severities, storage and seed as they are chosen below, before their controls are drawn."""
    wanted = _now(f"{KEY}_suite")
    named = tuple(s for s in suites.names() if s in wanted or labels.suite(s) in wanted) or ("imagenet-c",)
    severities = tuple(s for s in corruptions.SEVERITIES if str(s) in _now(f"{KEY}_severity")) or corruptions.SEVERITIES
    ways = [s for s in compare.storages() if s in _now(f"{KEY}_storage") or labels.storage(s) in _now(f"{KEY}_storage")]
    seed = next((int(s) for s in _now(f"{KEY}_seed") if s.isascii() and s.isdecimal() and len(s) < 10), 0)
    return named, severities, ways[0] if ways else "memory", seed


def _now(key: str) -> list[str]:
    """What a control below says, or the address before it is drawn."""
    value = st.session_state.get(key)
    if value is None:
        return st.query_params.get_all(key)
    return [str(v) for v in value] if isinstance(value, (list, tuple)) else [str(value)]


def _chosen(key: str, start: Sequence[str], offered: Sequence[str]) -> str:
    """The label of the models' button; a bound widget's value stands in the session before it is drawn. Names of an address that
    are not offered are left out below, and not counted."""
    chosen, pinned = ([m for m in _now(k) if m in offered] for k in (key, PINNED))
    models = chosen if chosen or st.session_state.get(key) is not None else list(start)
    followed = sum(m in models for m in pinned)
    return f"{len(models)} model{'' if len(models) == 1 else 's'}{f', {followed} pinned' if followed else ''}"


def _by_family(key: str, evaluated: Sequence[str]) -> None:
    """Buttons that choose all models of one family of training interventions, beside the standard ones."""
    groups: dict[str, list[str]] = {}
    for model, family in cache.models.families(tuple(evaluated)).items():
        groups.setdefault(family, []).append(model)
    if len(evaluated) < 3 or len(groups) < 2:
        return
    first = cache.models.training(cache.models.DEFAULT_MODEL)[1]
    standard = groups.get(first, [])
    with st.container(horizontal=True, gap="small"):
        _button("All", key, list(evaluated))
        for name, models in groups.items():
            _button(f"{name} ({len(models)})", key, list(dict.fromkeys([*standard, *models])))


def _button(label: str, key: str, models: list[str]) -> None:
    st.button(
        label,
        key=f"{key}_{label}",
        type="tertiary",
        on_click=lambda: st.session_state.update({key: models}),
        help="Choose these, next to the standard models.",
    )


def _suites(dataset: str) -> list[str]:
    """Corruptions, attacks, the shifts of these data, and the suites of plug-ins and those that are kept here."""
    shifts = ["scenes-shifts", "factors"] if dataset == "scenes" else ["imagenet-shifts"]
    return [
        *(s for s in corruptions.suites.names("corruption") if corruptions.names(s)),
        "attacks",
        *shifts,
        *corruptions.suites.names("mixed"),
        *suites.own(),
    ]


def _has_severities(suite: str) -> bool:
    """Whether severities mean anything to a suite; one that is kept here may have some."""
    if suite in corruptions.suites.names("corruption"):
        return any(corruptions.get(name).severities for name in corruptions.names(suite))
    return suite in [*corruptions.suites.names("mixed"), *suites.own()]


def _pick_conditions(dataset: str) -> tuple[list[str], tuple[int, ...], int, str]:
    """Suites, severities, seed and storage, behind a button that says them."""
    printed = dataset.startswith(compare.PUBLISHED)
    suites_key, levels_key = f"{KEY}_suite", f"{KEY}_severity"
    suites_now, levels, *_ = _conditions_now()
    word = ", severities 1 to 5" if len(levels) == 5 else f", severity {', '.join(map(str, levels))}"
    if not any(_has_severities(suite) for suite in suites_now):
        word = ""
    named = "ImageNet-C" if printed else " + ".join(labels.suite(s) for s in suites_now)
    with st.popover(
        f"{named}{word}", icon=":material/tune:", key=f"{KEY}_conditions", help="Under what the models are compared."
    ):
        suites = ["imagenet-c"]
        if not printed:
            suites = selection.pills(
                "Suites",
                _suites(dataset),
                key=suites_key,
                kind="suite",
                default=["imagenet-c"],
                text=labels.suite,
                wrap=True,
            )
        severities = selection.pills(
            "Severities",
            list(corruptions.SEVERITIES),
            key=levels_key,
            kind="severity",
            default=list(corruptions.SEVERITIES),
            help="Bars are means over these.",
        )
        if printed:
            return suites, tuple(severities) or corruptions.SEVERITIES, 0, "memory"
        seed = selection.number(
            "Seed",
            0,
            2**31 - 1,
            key=f"{KEY}_seed",
            default=0,
            kind="seed",
            help="The seed the evaluation was run with.",
        )
        storage = selection.segmented(
            "Storage",
            list(compare.storages()),
            key=f"{KEY}_storage",
            kind="storage",
            text=labels.storage,
            help="Results through the second JPEG of the released ImageNet-C are results of their own, and so are those on released "
            "files (robustcore evaluate --released DIR).",
        )
    return suites, tuple(severities) or corruptions.SEVERITIES, seed, storage
