"""One image under attack: the result, the attack step by step, and whether it survives being saved to a file."""

from __future__ import annotations

import dataclasses
import enum
import io
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor

from robustcore import attacks
from robustcore.attacks import autoattack, budgets
from robustcore.datasets._base import Item
from robustcore.images import to_array, to_tensor
from robustcore.models.classifier import Classifier
from robustcore.notes import Note, note
from robustcore.reports.preview.gallery import Answers, answers
from robustcore.reports.provenance import Footer, package_version


@dataclasses.dataclass(frozen=True)
class Settings:
    """What an attack is run with; None leaves a value to the preset or the attack.

    Attributes:
        name: an attack or a preset.
        eps: the budget's radius with pixels in [0, 1], in the norm.
        norm, goal: as for `robustcore.attack`.
        target: the class to reach, for the goal "targeted".
        seed: of the draws.
        options: the attack's own.
    """

    name: str
    eps: float | None = None
    norm: str | None = None
    goal: str | None = None
    target: int | None = None
    seed: int = 0
    options: tuple[tuple[str, Any], ...] = ()

    def arguments(self) -> dict[str, Any]:
        """The keyword arguments of `robustcore.attack`, without those left open."""
        options = {"eps": self.eps, "norm": self.norm, "goal": self.goal, "target": self.target, "seed": self.seed}
        return {k: v for k, v in options.items() if v is not None} | dict(self.options)


@dataclasses.dataclass(frozen=True)
class Attacked:
    """An attack on one image.

    Attributes:
        clean, adversarial: float32 (1, 3, H, W) in [0, 1], on the CPU.
        before, after: the victim's answers to them.
        result: what the attack gave back, with its trace; the trace's images are uint8, as they are shown.
        label: the class that the attack leads away from.
    """

    clean: Tensor
    adversarial: Tensor
    before: Answers
    after: Answers
    result: attacks.AttackResult
    label: int

    @property
    def perturbation(self) -> Tensor:
        """(1, 3, H, W) in -1 .. 1."""
        return self.adversarial - self.clean

    @property
    def magnification(self) -> float:
        """What `magnified` multiplies the change by, so that its largest value is half of the range."""
        largest = float(self.perturbation.abs().max())
        return 0.5 / largest if largest > 0 else 1.0

    @property
    def magnified(self) -> Tensor:
        """uint8 (3, H, W): the change around mid-grey, magnified."""
        return ((self.perturbation[0] * self.magnification + 0.5).clamp(0, 1) * 255).round().to(torch.uint8)


def attack(
    model: Classifier,
    item: Item,
    label: int,
    settings: Settings,
    *,
    surrogate: Classifier | None = None,
    cancel: Callable[[], bool] | None = None,
) -> Attacked:
    """Attack one image and keep the trace.

    Args:
        model: the victim, who judges.
        item: the image; its id belongs to the draws, as in an evaluation.
        label: the class that counts as right.
        settings: what to run.
        surrogate: crafted on, instead of the victim.
        cancel: asked before every pass.
    """
    device = next(model.parameters()).device
    image = item.image[None].to(device)
    result = attacks.attack(
        model,
        image,
        torch.tensor([label]),
        settings.name,
        surrogate=surrogate,
        ids=[item.id],
        trace=True,
        cancel=cancel,
        **settings.arguments(),
    )
    if result.trace is not None:
        as_pixels = (result.trace.images.clamp(0, 1) * 255).round().to(torch.uint8)
        result = dataclasses.replace(result, trace=dataclasses.replace(result.trace, images=as_pixels))
    clean = image.to("cpu", torch.float32) / 255
    adversarial = result.images.detach().to("cpu", torch.float32)
    return Attacked(clean, adversarial, answers(model, clean), answers(model, adversarial), result, label)


@note
def attacked_image(
    victim: str, image: str, surrogate: str | None, attack: str, arguments: tuple[tuple[str, Any], ...]
) -> str:
    crafted = "" if surrogate is None else f", computed on {surrogate}"
    norm = str(dict(arguments).get("norm", ""))
    settings = [f"{name} {_written(name, value, norm)}" for name, value in arguments]
    return f"{victim} on {image}{crafted}; {', '.join([attack, *settings])}; float32."


def _written(name: str, value: Any, norm: str) -> str:
    """A setting as people write it: a radius in L-inf as a fraction of 255, a norm by its title."""
    if name == "eps" and isinstance(value, float):
        return budgets.written(value, norm)
    if name == "norm":
        return budgets.TITLES.get(value, str(value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def footer(victim: str, image: str, settings: Settings, *, surrogate: str | None = None) -> Footer:
    """The footer of every figure of one attacked image.

    Args:
        victim: the attacked model's name.
        image: the image's title.
        settings: what was run.
        surrogate: the name of the model that the attack was computed on, None for the victim itself.
    """
    arguments = tuple(settings.arguments().items())
    return Footer(
        before=(attacked_image(victim, image, surrogate, settings.name, arguments),), further=(package_version(),)
    )


@note
def broken_first(stage: str) -> str:
    return f"{stage} was the first to break the image; the attacks after it were not run."


@note
def broken_when_clean() -> str:
    return "The model misclassifies the clean image, so that no attack was run."


@note
def broken_by_none(attack: str) -> str:
    return f"The image holds: none of the attacks that {attack} consists of broke it."


def breaking(done: Attacked, attack: str) -> list[Note]:
    """Of an attack, by name, that consists of several: which was the first to break the image; and what has to be said with it."""
    result = done.result
    if result.broken_by is None:
        return []
    titles = [autoattack.TITLES.get(stage, stage) for stage in result.stages]
    number = int(result.broken_by[0])
    if result.cancelled:
        return list(result.notes)
    if number < 0:
        return [broken_by_none(attacks.get(attack).title), *result.notes]
    return [broken_when_clean() if number == 0 else broken_first(titles[number - 1]), *result.notes]


def steps(done: Attacked, classes: Sequence[str]) -> pd.DataFrame:
    """The attack query by query: query, loss, margin, and for each class that is ever among the best five its probability.

    Columns: query, loss, class, probability. A class that is not among the best five at a query has no row there.
    """
    trace = done.result.trace
    assert trace is not None
    rows = [
        {"query": int(query), "loss": float(trace.loss[t, 0]), "class": classes[int(k)], "probability": float(p)}
        for t, query in enumerate(trace.queries)
        for k, p in zip(trace.classes[t, 0], trace.probabilities[t, 0], strict=True)
    ]
    return pd.DataFrame(rows, columns=["query", "loss", "class", "probability"])


class Outcome(enum.Enum):
    """What came of an attack on one image."""

    SUCCESS = "the answer is what the attack wants, and was not before"
    FAILURE = "the answer is not what the attack wants"
    CLEAN_WRONG = "the model was wrong on the clean image already, so that the attack had nothing to do"
    ALSO_RIGHT = "the answer has changed to another one that is right too"


def outcome(done: Attacked, right: Collection[int] = ()) -> Outcome:
    """What came of an attack.

    Args:
        done: the attacked image.
        right: the classes that are right for it; empty where nobody knows, and then the answer when clean counts as right.
    """
    before, after = int(done.before.classes[0, 0]), int(done.after.classes[0, 0])
    if done.result.targets is None:
        if before not in (right or {done.label}):
            return Outcome.CLEAN_WRONG
        if after != done.label and after in right:
            return Outcome.ALSO_RIGHT
    elif reaches(done, before):
        return Outcome.CLEAN_WRONG
    return Outcome.SUCCESS if bool(done.result.success[0]) else Outcome.FAILURE


SURVIVALS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "8-bit PNG": ("PNG", {}),
    "JPEG 90": ("JPEG", {"quality": 90}),
    "JPEG 75": ("JPEG", {"quality": 75}),
}


@dataclasses.dataclass(frozen=True)
class Survival:
    """Whether an adversarial image still reaches its goal after it was saved to a file and read again."""

    form: str
    survives: bool
    answer: int
    probability: float


def survivals(model: Classifier, done: Attacked) -> list[Survival]:
    """The adversarial image through 8-bit PNG and JPEG."""
    pixels = to_array((done.adversarial[0].clamp(0, 1) * 255).round().to(torch.uint8))
    outcomes = []
    for form, (kind, options) in SURVIVALS.items():
        out = io.BytesIO()
        Image.fromarray(pixels).save(out, kind, **options)
        again = np.array(Image.open(io.BytesIO(out.getvalue())).convert("RGB"))
        predicted = answers(model, to_tensor(again)[None])
        best = int(predicted.classes[0, 0])
        outcomes.append(Survival(form, reaches(done, best), best, float(predicted.probabilities[0, 0])))
    return outcomes


def reaches(done: Attacked, answer: int) -> bool:
    """Whether an answer is what the attack wants."""
    targets = done.result.targets
    return answer == int(targets[0]) if targets is not None else answer != done.label


JUDGED = ("model", "clean", "clean_probability", "adversarial", "adversarial_probability", "fooled")


def judged(models: Mapping[str, Classifier], done: Attacked) -> pd.DataFrame:
    """What other models answer to the clean and to the adversarial image.

    Columns: model, clean, clean_probability, adversarial, adversarial_probability, fooled (whether the answer to the
    adversarial image is what the attack wants: not the right class, or the target).
    """
    rows = []
    for name, model in models.items():
        before, after = answers(model, done.clean), answers(model, done.adversarial)
        rows.append(
            {
                "model": name,
                "clean": model.card.classes[int(before.classes[0, 0])],
                "clean_probability": float(before.probabilities[0, 0]),
                "adversarial": model.card.classes[int(after.classes[0, 0])],
                "adversarial_probability": float(after.probabilities[0, 0]),
                "fooled": reaches(done, int(after.classes[0, 0])),
            }
        )
    return pd.DataFrame(rows, columns=list(JUDGED))


def fooled_before(table: pd.DataFrame, done: Attacked, classes: Sequence[str]) -> pd.Series:
    """Of each row of `judged`, whether the answer to the clean image is already what the attack wants."""
    return table["clean"].map({name: reaches(done, k) for k, name in enumerate(classes)}).fillna(False).astype(bool)


# Radii of a sweep with pixels in [0, 1].
LINF_RADII = (0.0, *(n / 255 for n in (0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 16)))
L2_RADII = (0.0, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
L1_RADII = (0.0, 1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 24.0, 40.0, 60.0, 120.0)
_RADII = {"linf": LINF_RADII, "l2": L2_RADII, "l1": L1_RADII}


def norm_of(settings: Settings) -> str:
    """The norm of the settings, else of the preset or the attack."""
    method, preset = attacks.resolve(settings.name)
    return settings.norm or (preset.norm if preset else method.norms[0])


def radii(settings: Settings) -> tuple[float, ...] | None:
    """The radii that a sweep of these settings goes through; None for an attack without a budget."""
    method, _ = attacks.resolve(settings.name)
    return _RADII[norm_of(settings)] if method.bounded else None


def sweep_passes(settings: Settings) -> int:
    """How many images a sweep takes through the model at most, forward; 0 for an attack without a budget."""
    method, preset = attacks.resolve(settings.name)
    options = dict(preset.options if preset else {}) | dict(settings.options)
    return len(radii(settings) or ()) * method.passes(
        {name: options.get(name, o.default) for name, o in method.options.items()}
    )


def sweep(
    model: Classifier,
    item: Item,
    label: int,
    settings: Settings,
    radii: Sequence[float],
    *,
    surrogate: Classifier | None = None,
    cancel: Callable[[], bool] | None = None,
) -> pd.DataFrame:
    """The same attack at several radii, all in one batch: eps, probability of the right class, success, best class.

    The draws are those of the image's own id at every radius, so that the curve moves with eps alone.
    """
    device = next(model.parameters()).device
    n = len(radii)
    image = item.image[None].to(device).expand(n, -1, -1, -1).contiguous()
    arguments = settings.arguments() | {"eps": torch.tensor(list(radii))}
    result = attacks.attack(
        model,
        image,
        torch.full((n,), label),
        settings.name,
        surrogate=surrogate,
        ids=[item.id] * n,
        early_stop=False,
        cancel=cancel,
        **arguments,
    )
    probabilities = result.logits.detach().float().softmax(dim=1).cpu()
    return pd.DataFrame(
        {
            "eps": list(radii),
            "probability": probabilities[:, label].tolist(),
            "success": result.success.cpu().tolist(),
            "answer": [model.card.classes[int(k)] for k in probabilities.argmax(dim=1)],
        }
    )


def png(done: Attacked) -> bytes:
    """The adversarial image as an 8-bit PNG: rounded, so that it may be a little weaker than the floating-point one."""
    out = io.BytesIO()
    Image.fromarray(to_array((done.adversarial[0].clamp(0, 1) * 255).round().to(torch.uint8))).save(out, "PNG")
    return out.getvalue()


def npy(done: Attacked) -> bytes:
    """The adversarial image as a NumPy file: float32 (3, H, W) in [0, 1], exact."""
    out = io.BytesIO()
    np.save(out, done.adversarial[0].numpy())
    return out.getvalue()
