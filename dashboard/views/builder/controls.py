"""The controls: the atlas, a known benchmark to start from, a random draw, and further settings."""

from __future__ import annotations

import streamlit as st

from dashboard.cache import builder as building
from dashboard.cache import overlaps
from dashboard.session import selection
from dashboard.views.builder import inputs
from dashboard.views.builder.inputs import KEY, CandidateAtlas
from dashboard.widgets import states
from robustcore import metrics
from robustcore.errors import InvalidArgumentError
from robustcore.overlap import benchmarks
from robustcore.overlap.gains import METRICS
from robustcore.reports.overlap import benchmark as builder
from robustcore.reports.overlap.atlas import Entry

PICK, DRAW_ERROR = f"{KEY}_pick", f"{KEY}_draw_error"
NOTHING = "(nothing)"
_RULE = 0  # categories: as many as the rule takes


def pick() -> tuple[CandidateAtlas, int] | None:
    """Draw the controls. The chosen atlas, and the seed; None where there is no atlas."""
    atlases = building.atlases()
    if not atlases:
        return None
    names = sorted(atlases, key=_rank)
    with (
        st.container(border=True, key=f"{KEY}_controls"),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        name = selection.selectbox(
            "Candidates",
            names,
            key=f"{KEY}_table",
            kind="atlas of overlaps",
            text=lambda name: inputs.title(atlases[name]),
            width=330,
            help="The corruptions to choose from, and an atlas of their overlaps: which of them measure the same.",
        )
        metric, k, every, models, method = _settings(name, atlases[name])
        atlas = inputs.load(name, atlases[name], metric, k, every, models, method)
        _keep_selection(atlas)
        _start_from(atlas)
        seed = _draw(atlas)
    if error := st.session_state.pop(DRAW_ERROR, ""):
        states.notice(error)
    return atlas, seed


def compute_first() -> None:
    """Compute what the page draws before anything is chosen; draws nothing."""
    atlases = building.atlases()
    if atlases:
        building.categories(building.matrix(atlases[min(atlases, key=_rank)], next(iter(METRICS))))
    building.population()


def chosen(atlas: CandidateAtlas) -> list[str]:
    """The selection, in the order of the categories. Draws it as a list too, for the keyboard and for searching."""
    with st.popover(
        "As a list", icon=":material/checklist:", key=f"{KEY}_names", help="Search by name, or use the keyboard."
    ):
        names = selection.multiselect(
            "Corruptions",
            [NOTHING, *atlas.candidates],
            key=PICK,
            kind="corruption",
            default=default(atlas),
            text=lambda name: name,
            placeholder="Choose one or more",
        )
    order = sorted(atlas.candidates, key=lambda n: (atlas.labels[n] == 0, atlas.labels[n], n))
    return [name for name in order if name in names]


def toggle(name: str) -> None:
    """Add a corruption to the selection, or remove it."""
    now = [n for n in st.session_state.get(PICK, []) if n != NOTHING]
    select([n for n in now if n != name] if name in now else [*now, name])


def select(names: list[str]) -> None:
    """Make these the selection."""
    # An empty list in the address would mean the default, so an empty selection has a word of its own.
    st.session_state[PICK] = names or [NOTHING]


def default(atlas: CandidateAtlas) -> list[str]:
    """The first selection: ImageNet-C where it is among the candidates, else the pick of the Syn2Nat rule."""
    import robustcore.corruptions as corruptions

    whole = corruptions.names("imagenet-c")
    if set(whole) <= set(atlas.candidates) and len(atlas.candidates) > len(whole):
        return whole
    try:
        return list(builder.rule_pick(atlas.overlap, atlas.labels)[0])
    except InvalidArgumentError:
        return list(atlas.candidates)


def _rank(name: str) -> tuple[bool, bool, str]:
    """The most useful first: the 40 candidates, then several suites together."""
    return (not name.startswith("candidates"), "+" not in name, name)


def _keep_selection(atlas: CandidateAtlas) -> None:
    """Keep what this atlas has of a selection made with another one; reset it where that is nothing."""
    now = st.session_state.get(PICK)
    if now is not None and not [n for n in now if n in atlas.candidates or n == NOTHING]:
        st.session_state[PICK] = default(atlas)


def _settings(name: str, atlas: Entry) -> tuple[str, int | None, bool, str, str]:
    """Metric, number of categories, models and the method of the categories, behind one button."""
    with st.popover("Settings", icon=":material/tune:", key=f"{KEY}_settings", help="Metric, categories, models."):
        metric = selection.segmented(
            "Robustness",
            list(METRICS),
            key=f"{KEY}_metric",
            kind="metric",
            text=lambda name: metrics.get(name).title,
            help="For the overlaps. Correlations always use residual robustness, as the thesis' experiments do.",
        )
        sweep = building.categories(building.matrix(atlas, metric))
        ks = sorted(sweep.categories) if sweep else []
        ruled = (sweep.chosen if sweep else None) or inputs.PUBLISHED_K
        k = selection.selectbox(
            "Categories",
            [_RULE, *ks],
            key=f"{KEY}_groups",
            kind="number of categories",
            text=lambda n: str(n) if n else f"by the rule ({ruled})",
            help="K on the overlaps; HDBSCAN chooses its own. Rule: the first K where corruptions of a category correlate by more than 0.5; else "
            "the thesis' 6.",
        )
        method = selection.segmented(
            "Found by",
            list(overlaps.METHODS),
            key=f"{KEY}_method",
            kind="method",
            text=overlaps.METHODS.__getitem__,
            help="The thesis uses K-means and names the others as further work (4.3.6).",
        )
        every = selection.toggle(
            "Include the atlas' own models",
            key=f"{KEY}_every",
            help="By default the correlations leave out the models that the overlaps were computed from, because the categories "
            "come from them.",
        )
        models = selection.segmented(
            "Correlations over",
            list(inputs.MODELS),
            key=f"{KEY}_models",
            kind="set of models",
            default="imagenet" if atlas.is_published else "scenes",
            text=inputs.MODELS.__getitem__,
            help="The models whose robustness to the benchmark is correlated with that to natural shifts.",
        )
    return metric, k or None, every, models, method


def _start_from(atlas: CandidateAtlas) -> None:
    """Buttons that select a known benchmark."""
    with st.popover("Start from", icon=":material/flag:", key=f"{KEY}_start", help="Select a known benchmark."):
        offered = atlas.others(atlas.tested([]))
        selections = {
            label: [n for n in benchmark.names if n in atlas.candidates] for label, benchmark in offered.items()
        } | {"All candidates": list(atlas.candidates)}
        own = _own_pick(atlas)
        if own:
            selections[builder.OWN_PICK] = own
        for label, names in selections.items():
            if len(names) > 1:
                st.button(
                    f"{label} ({len(names)})",
                    key=f"{KEY}_from_{label}",
                    on_click=select,
                    args=(names,),
                    width="stretch",
                )
        st.button("Nothing", key=f"{KEY}_from_nothing", on_click=select, args=([],), width="stretch")


def _own_pick(atlas: CandidateAtlas) -> list[str]:
    try:
        return list(builder.rule_pick(atlas.overlap, atlas.labels)[0])
    except InvalidArgumentError:
        return []


def _draw(atlas: CandidateAtlas) -> int:
    """n, k, the seed, and the button that draws by algorithm 2; behind one button, since they say nothing of the selection."""
    with st.popover(
        "Draw at random", icon=":material/casino:", key=f"{KEY}_random", help="By category; it replaces the selection."
    ):
        sizes = atlas.sizes or [1]
        n = selection.selectbox(
            "Categories",
            list(range(1, len(sizes) + 1)),
            key=f"{KEY}_n",
            kind="number of categories",
            default=min(6, len(sizes)),
            width=110,
        )
        k = selection.selectbox(
            "Per category",
            list(range(1, sizes[0] + 1)),
            key=f"{KEY}_k",
            kind="number of corruptions of a category",
            default=min(2, sizes[0]),
            width=110,
        )
        seed = selection.number("Seed", 0, 99_999, key=f"{KEY}_seed", default=0, kind="seed", width=120)
        st.button(
            "Draw",
            icon=":material/casino:",
            key=f"{KEY}_draw",
            on_click=_select_random,
            args=(atlas.labelled, n, k, seed),
            type="primary",
            help="Random categories, then random corruptions of each (algorithm 2). The same seed gives the same draw.",
        )
    return seed


def _select_random(labels: tuple[tuple[str, int], ...], n: int, k: int, seed: int) -> None:
    try:
        select(list(benchmarks.draw(dict(labels), n, k, count=1, seed=seed)[0]))
    except InvalidArgumentError as error:
        st.session_state[DRAW_ERROR] = str(error)
