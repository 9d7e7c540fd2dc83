"""Attack: one image changed within a budget until the model errs, step by step."""

from __future__ import annotations

import dataclasses

import streamlit as st

from dashboard import cache, data_urls
from dashboard.pages import Page
from dashboard.session import selection
from dashboard.views.attack import controls
from dashboard.widgets import figure, image_picker, labels, markup, pair, states
from dashboard.widgets.choice import Choice
from dashboard.widgets.markup import Markup
from robustcore.attacks.budgets import TITLES
from robustcore.display import display_name
from robustcore.figures import attack as figures
from robustcore.reports.preview import attack_anatomy, gallery
from robustcore.reports.preview.attack_anatomy import Outcome
from robustcore.reports.provenance import Footer

PAGE = Page(
    title="Attack",
    icon=":material/bolt:",
    order=22,
    group="Explore",
    question="How small a change fools the model?",
    purpose="An attack searches for a small change, within a budget, that fools the model.",
    help="Choose a model, an image and an attack. You see the change magnified, the attack step by step, the same attack at "
    "other budgets, and which other models the image fools.",
    terms=("Budget", "Goal", "Surrogate", "Preset"),
)
KEY = "attack"
PATIENCE = 3000  # images through the model; a longer sweep runs only when it is asked for
LARGE_PATIENCE = 30  # the same for large models
_OUTCOMES = {
    Outcome.SUCCESS: "**Success**",
    Outcome.FAILURE: "**No success**",
    Outcome.CLEAN_WRONG: "The model already misclassifies the clean image",
    Outcome.ALSO_RIGHT: "**No success**: the other answer is right too",
}


@dataclasses.dataclass(frozen=True)
class Case:
    """One victim under one attack on one image."""

    victim: str
    surrogate: str | None
    choice: Choice
    label: int
    settings: attack_anatomy.Settings

    @property
    def right(self) -> frozenset[int]:
        """The victim's classes that are right for the image; none where nobody says what is on it."""
        return self.choice.right_among(self.classes)

    @property
    def left(self) -> str:
        """What the attack leads away from, in words."""
        return "the right class" if self.right else "the answer on the clean image"

    @property
    def classes(self) -> tuple[str, ...]:
        """The victim's classes."""
        return tuple(cache.models.card(self.victim).classes)

    def run(self) -> tuple[attack_anatomy.Attacked, tuple[attack_anatomy.Survival, ...]]:
        """The attack, and whether it survives being saved; the same one is not run twice."""
        return cache.attacks.attacked(self.victim, self.surrogate, self.choice.item, self.label, self.settings)

    @property
    def footer(self) -> Footer:
        """Where a figure's numbers come from."""
        return attack_anatomy.footer(self.victim, self.choice.title, self.settings, surrogate=self.surrogate)


def render() -> None:
    """The page below its heading."""
    with st.container(border=True, key=f"{KEY}_controls"):
        victim, surrogate, second = _pick_models()
        choice = image_picker.pick(KEY, victim)
        label = None if choice is None else _label(victim, choice)
        settings = controls.pick(KEY, cache.models.card(victim).classes, label)
    if choice is None:
        states.empty("Choose an image", "Upload one above, or take a photograph or a scene.", icon=":material/image:")
        return
    if label is None:
        _no_answer(victim, choice)
        return
    case = Case(victim, surrogate, choice, label, settings)
    done, survivals = case.run()
    _result(case, done, survivals)
    if second is not None:
        other = dataclasses.replace(case, victim=second, surrogate=None if surrogate == second else surrogate)
        st.divider()
        _result(other, *other.run())
    _anatomy(case, done)
    left, right = st.columns(2, gap="medium")
    with left:
        _sweep(case)
    with right:
        _judges(case, done)


def _no_answer(victim: str, choice: Choice) -> None:
    """A model that knows no such image: one that does is a click away, where it is installed."""
    place = states.empty(
        "This image has no right answer",
        f"{victim} only knows the shapes of the test images: its answer to {choice.title} is meaningless, so there "
        "is nothing to attack. Choose a scene, or another model.",
        icon=":material/bolt:",
    )
    knows_photographs = cache.models.PHOTOGRAPHS_MODEL
    if knows_photographs in cache.models.model_names():
        place.button(
            f"Attack {knows_photographs}",
            icon=":material/swap_horiz:",
            key=f"{KEY}_photographs_model",
            help="A classifier of ImageNet, which knows photographs.",
            on_click=lambda: st.session_state.update({f"{KEY}_model": knows_photographs}),
        )


def _pick_models() -> tuple[str, str | None, str | None]:
    a, b, c = st.columns(3, vertical_alignment="bottom")
    with a:
        victim = image_picker.choose_model(KEY)
    alike = [n for n in cache.models.alike(victim) if n != victim]
    with b:
        itself = "the model itself"
        crafted = selection.selectbox(
            "Source model",
            [itself, *alike],
            key=f"{KEY}_surrogate",
            kind="model",
            help="The model that the attack is computed on. Another one than the attacked: a black-box attack.",
        )
    with c:
        nobody = "no model"
        second = selection.selectbox(
            "Compare with",
            [nobody, *alike],
            key=f"{KEY}_beside",
            kind="model",
            help="The same attack on a second model.",
        )
    return victim, None if crafted == itself else crafted, None if second == nobody else second


def _label(victim: str, choice: Choice) -> int | None:
    """The class that the attack leads away from: a right one, if possible the one that the model answers; or the model's answer
    to an image of which nobody says what it shows. None where its answers mean nothing."""
    card = cache.models.card(victim)
    right = choice.right_among(card.classes)
    if not right and not gallery.is_in_domain(card, choice.item):
        return None
    if len(right) == 1:
        return next(iter(right))
    answer = cache.attacks.clean_answer(victim, choice.item)
    return answer if not right or answer in right else min(right)


def _result(case: Case, done: attack_anatomy.Attacked, survivals: tuple[attack_anatomy.Survival, ...]) -> None:
    classes = case.classes
    st.markdown(_sentence(case, done))
    for note in attack_anatomy.breaking(done, case.settings.name):
        st.caption(states.plain(note.text))
    crisp = done.clean.shape[-1] <= data_urls.EXACT_SIDE
    images = [(image[0] * 255).round().byte() for image in (done.clean, done.adversarial)]
    sides = [
        pair.Side(data_urls.exact(images[0]), "Clean", "The clean image", [_bars(done.before, case)], crisp),
        pair.Side(
            data_urls.exact(done.magnified),
            f"The change, magnified {done.magnification:.0f} times",
            "The change around mid-grey, magnified",
            [],
            crisp,
        ),
        pair.Side(data_urls.exact(images[1]), "Adversarial", "The adversarial image", [_bars(done.after, case)], crisp),
    ]
    left, right = st.columns([2.4, 1], gap="medium")
    with left:
        markup.show(pair.row(sides), key=f"{KEY}_three_{case.victim}")
    with right:
        if attack_anatomy.outcome(done, case.right) is Outcome.SUCCESS:
            st.markdown("**Still effective after saving?**")
            markup.show(_badges(survivals, classes), key=f"{KEY}_badges_{case.victim}")
        else:
            st.caption("The attack has changed nothing that saving the image could undo.")
        name = f"adversarial-{case.settings.name}-{case.choice.item.id}".replace("/", "-")
        a, b = st.columns(2)
        a.download_button(
            "PNG",
            lambda: attack_anatomy.png(done),
            file_name=f"{name}.png",
            mime="image/png",
            on_click="ignore",
            icon=":material/download:",
            width="stretch",
            key=f"{KEY}_png_{case.victim}",
            help="Rounded to 8 bits a value.",
        )
        b.download_button(
            "npy",
            lambda: attack_anatomy.npy(done),
            file_name=f"{name}.npy",
            mime="application/octet-stream",
            on_click="ignore",
            icon=":material/download:",
            width="stretch",
            key=f"{KEY}_npy_{case.victim}",
            help="float32 (3, H, W) in 0..1, exact.",
        )


def _sentence(case: Case, done: attack_anatomy.Attacked) -> str:
    classes, result = case.classes, done.result
    before, after = int(done.before.classes[0, 0]), int(done.after.classes[0, 0])
    goal = (
        "" if result.targets is None else f" towards **{states.plain(display_name(classes[int(result.targets[0])]))}**"
    )
    reached = attack_anatomy.outcome(done, case.right)
    if reached is Outcome.CLEAN_WRONG and result.targets is not None:
        outcome = "The model answers the target to the clean image already"
    else:
        outcome = _OUTCOMES[reached]
    distance = f"L-inf {255 * float(result.linf[0]):.2f}/255, L2 {float(result.l2[0]):.2f}, L1 {float(done.perturbation.abs().sum()):.2f}"
    passes = f"{int(result.forwards[0])} forward and {int(result.backwards[0])} backward passes"
    return (
        f"{outcome}: {states.plain(case.victim)} answers **{states.plain(display_name(classes[before]))}** "
        f"({labels.confidence(float(done.before.probabilities[0, 0]))}) to the clean image and "
        f"**{states.plain(display_name(classes[after]))}** ({labels.confidence(float(done.after.probabilities[0, 0]))}) to the "
        f"adversarial one{goal}. {distance}; {passes}."
        + (
            ""
            if case.right
            else " The right class is unknown: the attack moves away from the prediction on the clean image."
        )
    )


def _verdict(fooled: bool, before: bool) -> str:
    """Of one model: whether the attack has fooled it, and whether there was anything to do."""
    if fooled and before:
        return "– so when clean too"
    return "✕ fooled" if fooled else "✓ not fooled"


def _bars(answers: gallery.Answers, case: Case) -> pair.Bars:
    best = zip(answers.classes[0], answers.probabilities[0], strict=True)
    return pair.Bars(case.victim, [(case.classes[int(k)], float(p), int(k) in case.right) for k, p in best])


def _badges(survivals: tuple[attack_anatomy.Survival, ...], classes: tuple[str, ...]) -> Markup:
    parts = []
    for survival in survivals:
        sign, kind, word = ("✓", "yes", "still fools") if survival.survives else ("✕", "no", "no longer fools")
        answer_text = f"{display_name(classes[survival.answer])} {labels.confidence(survival.probability)}"
        parts.append(
            Markup('<div class="rc-badge {}"><b>{} {}</b> {}<small>{}</small></div>').format(
                kind, sign, survival.form, word, answer_text
            )
        )
    return Markup('<div class="rc-badges">{}</div>').format(Markup().join(parts))


def _anatomy(case: Case, done: attack_anatomy.Attacked) -> None:
    st.subheader("Step by step", anchor=False)
    trace = done.result.trace
    if trace is None or len(trace.queries) < 2:
        st.caption("The attack queried the model only once.")
        return
    classes = case.classes
    last = len(trace.queries)
    left, right = st.columns([1, 2.4], gap="medium")
    with left:
        step = st.select_slider(
            "Query",
            range(last),
            last - 1,
            format_func=lambda at: f"{int(trace.queries[at]):,}",
            key=f"{KEY}_step_{last}",
            help="Of the model, in order; where an attack asks very often, some of its queries.",
        )
        query = int(trace.queries[step])
        image = trace.images[step, 0]
        best = zip(trace.classes[step, 0], trace.probabilities[step, 0], strict=True)
        bars = pair.Bars(case.victim, [(classes[int(k)], float(p), int(k) in case.right) for k, p in best])
        side = pair.Side(
            data_urls.exact(image),
            f"At query {query}",
            f"The image at query {query}",
            [bars],
            done.clean.shape[-1] <= data_urls.EXACT_SIDE,
        )
        markup.show(pair.single(side), key=f"{KEY}_at_step")
    with right:
        wanted = None if done.result.targets is None else classes[int(done.result.targets[0])]
        table = attack_anatomy.steps(done, classes)
        drawn = figures.trajectory(
            table,
            right=classes[done.label],
            known=bool(case.right),
            wanted=wanted,
            chosen=query,
            footer=case.footer.text,
            alt="Probabilities of the leading classes and the loss at every query of the attack",
        )
        figure.card(
            drawn,
            key=f"{KEY}-trajectory",
            title="The answer, query by query",
            says=f"The attack succeeds where {case.left} is no longer the most probable; the dotted line is the loss that it "
            "increases.",
            table=table,
            footer=case.footer,
        )


def _sweep(case: Case) -> None:
    if attack_anatomy.radii(case.settings) is None:
        st.caption("This attack has no budget: it searches for the nearest image that fools the model.")
        return
    patience = PATIENCE if cache.models.is_quick(case.victim) else LARGE_PATIENCE
    if attack_anatomy.sweep_passes(case.settings) > patience and not st.toggle(
        "Attack with other budgets too (takes several seconds)", key=f"{KEY}_sweep_{case.settings.name}"
    ):
        return
    table = cache.attacks.attack_sweep(case.victim, case.surrogate, case.choice.item, case.label, case.settings)
    norm = attack_anatomy.norm_of(case.settings)
    linf = norm == "linf"
    table = table.assign(shown=table["eps"] * 255 if linf else table["eps"])
    chosen = case.settings.eps if case.settings.eps is None or not linf else case.settings.eps * 255
    right = case.classes[case.label]
    drawn = figures.eps_sweep(
        table,
        right=display_name(right),
        chosen=chosen,
        unit=f"n/255, {TITLES[norm]}" if linf else TITLES[norm],
        footer=case.footer.text,
        alt=f"Probability of {case.left} against the attack's budget",
    )
    figure.card(
        drawn,
        key=f"{KEY}-sweep",
        title="How large a budget does it take?",
        says="The same attack at other budgets. A cross marks success.",
        table=table,
        footer=case.footer,
    )


def _judges(case: Case, done: attack_anatomy.Attacked) -> None:
    names = cache.models.alike(case.victim)
    table = cache.attacks.judged(names, case.victim, case.surrogate, case.choice.item, case.settings, done)
    with st.container(border=True):
        st.subheader("Which other models does it fool?", anchor=False)
        if not case.right:
            st.caption("Fooled: the prediction is not the one the attacked model gives the clean image.")
        elif done.result.targets is not None:
            wanted = display_name(case.classes[int(done.result.targets[0])])
            st.caption(states.plain(f"Fooled: the prediction is the target, {wanted}."))
        st.caption("Answers of all models with the same classes to the same adversarial image.")
        before = attack_anatomy.fooled_before(table, done, case.classes)
        columns = table.assign(
            fooled=[_verdict(*pair) for pair in zip(table["fooled"], before, strict=True)],
            clean=[
                f"{display_name(c)} {labels.confidence(p)}"
                for c, p in zip(table["clean"], table["clean_probability"], strict=True)
            ],
            adversarial=[
                f"{display_name(c)} {labels.confidence(p)}"
                for c, p in zip(table["adversarial"], table["adversarial_probability"], strict=True)
            ],
        )
        st.dataframe(
            columns[["model", "clean", "adversarial", "fooled"]].rename(columns=str.capitalize),
            hide_index=True,
            width="stretch",
        )
        figure.download_csv(table, f"{KEY}-judges")
        st.caption(states.plain(case.footer.text))
