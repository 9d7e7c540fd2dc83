"""The controls: the atlas, where a selection starts from, a draw by algorithm 2, and what is set more rarely."""

from __future__ import annotations

import streamlit as st

from dashboard.cache import builder as building
from dashboard.session import selection
from dashboard.views.builder import inputs
from dashboard.views.builder.inputs import KEY, Ground
from dashboard.widgets import states
from robustcore.errors import InvalidArgumentError
from robustcore.overlap import benchmarks
from robustcore.reports.overlap import benchmark as builder

PICK, SAID = f"{KEY}_pick", f"{KEY}_said"
NOTHING = "(nothing)"
METRICS = {"residual": "Residual robustness", "app": "APP"}
_RULE = 0  # categories: as many as the rule takes


def pick() -> tuple[Ground, int] | None:
    """The ground that is chosen, and the seed; None where there is no atlas. Draws the controls."""
    atlases = building.atlases()
    if not atlases:
        return None
    names = sorted(atlases, key=_rank)
    with st.container(border=True, key=f"{KEY}_controls"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = selection.selectbox(
                "Candidates",
                names,
                key=f"{KEY}_table",
                kind="atlas of overlaps",
                text=inputs.title,
                width=330,
                help="An atlas of overlaps: which corruptions there are to choose from, and which of them measure the same.",
            )
            metric, k, every = _settings(name, atlases[name])
            found = inputs.lay(name, *atlases[name], metric, k, every)
            _adopt(found)
            _starts(found)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            seed = _draw(found)
    if said := st.session_state.pop(SAID, ""):
        states.notice(said)
    return found, seed


def chosen(found: Ground) -> list[str]:
    """The selection, in the order of the categories; the list of names is drawn here, for the keyboard and for searching."""
    with st.popover(
        "As a list", icon=":material/checklist:", key=f"{KEY}_names", help="Search by name, or use the keyboard."
    ):
        names = selection.multiselect(
            "Corruptions",
            [NOTHING, *found.candidates],
            key=PICK,
            kind="corruption",
            default=default(found),
            text=lambda name: name,
            placeholder="Choose one or more",
        )
    order = sorted(found.candidates, key=lambda n: (found.labels[n] == 0, found.labels[n], n))
    return [name for name in order if name in names]


def toggle(name: str) -> None:
    """Tick a corruption, or take it out."""
    now = [n for n in st.session_state.get(PICK, []) if n != NOTHING]
    keep([n for n in now if n != name] if name in now else [*now, name])


def keep(names: list[str]) -> None:
    """Make these the selection."""
    # An empty list in the address would mean the default: what is empty is said by a word.
    st.session_state[PICK] = names or [NOTHING]


def default(found: Ground) -> list[str]:
    """What a first look shows: ImageNet-C where it is among the candidates, else the pick of the Syn2Nat rule."""
    import robustcore.corruptions as corruptions

    whole = corruptions.names("imagenet-c")
    if set(whole) <= set(found.candidates) and len(found.candidates) > len(whole):
        return whole
    try:
        return list(builder.rule_pick(found.overlap, found.labels)[0])
    except InvalidArgumentError:
        return list(found.candidates)


def _rank(name: str) -> tuple[bool, bool, str]:
    """Those of most use first: the 40 candidates, then several suites together."""
    return (not name.startswith("candidates"), "+" not in name, name)


def _adopt(found: Ground) -> None:
    """A selection made of another atlas' corruptions keeps what this one has; where that is nothing, it starts anew."""
    now = st.session_state.get(PICK)
    if now is not None and not [n for n in now if n in found.candidates or n == NOTHING]:
        st.session_state[PICK] = default(found)


def _settings(name: str, atlas: tuple[str, int]) -> tuple[str, int | None, bool]:
    """Metric, number of categories and models, behind one button."""
    with st.popover("Settings", icon=":material/tune:", key=f"{KEY}_settings", help="Metric, categories, models."):
        metric = selection.segmented(
            "Robustness",
            list(METRICS),
            key=f"{KEY}_metric",
            kind="metric",
            text=METRICS.__getitem__,
            help="Of the overlaps. The thesis' experiments take residual robustness; correlations are always over it.",
        )
        sweep = building.atlas_categories(*atlas, metric)
        ks = sorted(sweep.categories) if sweep else []
        ruled = (sweep.chosen if sweep else None) or inputs.PUBLISHED_K
        k = selection.selectbox(
            "Categories",
            [_RULE, *ks],
            key=f"{KEY}_groups",
            kind="number of categories",
            text=lambda n: str(n) if n else f"by the rule ({ruled})",
            help="K of K-means on the overlaps. The rule: the first K at which corruptions of one category correlate by more than "
            "0.5; without such a K, the thesis' 6.",
        )
        every = selection.toggle(
            "With the atlas' own models",
            key=f"{KEY}_every",
            help="The models that the overlaps were computed from are left out of the correlations: the categories come from "
            "them. Here they can be counted too.",
        )
    return metric, k or None, every


def _starts(found: Ground) -> None:
    """Buttons that make a known benchmark the selection."""
    with st.popover(
        "Start from", icon=":material/flag:", key=f"{KEY}_start", help="A known benchmark as the selection."
    ):
        known = found.others(found.tested([]))
        inside = {
            label: [n for n in benchmark.names if n in found.candidates] for label, benchmark in known.items()
        } | {"All candidates": list(found.candidates)}
        own = _own_pick(found)
        if own:
            inside[builder.OWN_PICK] = own
        for label, names in inside.items():
            if len(names) > 1:
                st.button(
                    f"{label} ({len(names)})",
                    key=f"{KEY}_from_{label}",
                    on_click=keep,
                    args=(names,),
                    width="stretch",
                )
        st.button("Nothing", key=f"{KEY}_from_nothing", on_click=keep, args=([],), width="stretch")


def _own_pick(found: Ground) -> list[str]:
    try:
        return list(builder.rule_pick(found.overlap, found.labels)[0])
    except InvalidArgumentError:
        return []


def _draw(found: Ground) -> int:
    """n, k, the seed, and the button that draws by algorithm 2."""
    sizes = found.sizes or [1]
    n = selection.selectbox(
        "Categories n",
        list(range(1, len(sizes) + 1)),
        key=f"{KEY}_n",
        kind="number of categories",
        default=min(6, len(sizes)),
        width=110,
    )
    k = selection.selectbox(
        "Of each k",
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
        on_click=_drawn,
        args=(found.labelled, n, k, seed),
        type="primary",
        help="Algorithm 2: n categories at random, then k corruptions of each. The same seed draws the same.",
    )
    return seed


def _drawn(labels: tuple[tuple[str, int], ...], n: int, k: int, seed: int) -> None:
    try:
        keep(list(benchmarks.draw(dict(labels), n, k, count=1, seed=seed)[0]))
    except InvalidArgumentError as error:
        st.session_state[SAID] = str(error)
