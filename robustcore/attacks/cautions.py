"""Cautions: signs that what an attack says of a model's robustness is not to be relied on, and how they are seen.

Source: Croce et al. 2021, RobustBench, section 2 (randomised defences, zero gradients, an optimisation in the forward pass), and the
public documentation of AutoAttack, which adds probabilities and "Square improves robust accuracy".
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from robustcore import outputs
from robustcore.attacks.engine.oracle import NoGradientError, Oracle
from robustcore.notes import Note, note

if TYPE_CHECKING:
    from robustcore.attacks._base import Attack

RANDOM, PROBABILITIES, FLAT, OPTIMISES, FEW_CLASSES, NO_GRADIENT = VALUES = (
    "caution_random",
    "caution_probabilities",
    "caution_flat",
    "caution_optimises",
    "caution_few_classes",
    "caution_no_gradient",
)
BROKEN_BY = "broken_by_"  # and a stage: the share of images that it was the first to break
_CLASSES_OF_DLR = 4
AT_RANDOM = "rand"  # the version of AutoAttack for models that draw at random
_SAME = 1e-3  # share of the greatest logit by which two answers to one image may differ


def examine(oracle: Oracle) -> bool:
    """Query the clean images, state the cautions of each that is classified correctly, and whether gradients can be had."""
    clean, rows = oracle.ball.clean, oracle.rows
    first = oracle.answers(clean)
    optimises = optimises_inside(oracle.model, clean[:1])
    oracle.judge(clean)
    places = oracle.places_among(rows)
    second = oracle.logits
    apart = (first[places] - second).abs().amax(dim=1) > _SAME * (1 + second.abs().amax(dim=1))
    oracle.state(RANDOM, apart)
    oracle.state(PROBABILITIES, float(outputs.look_like_probabilities(second)))
    oracle.state(OPTIMISES, float(optimises))
    oracle.state(FEW_CLASSES, float(second.shape[1] < _CLASSES_OF_DLR))
    try:
        gradient = oracle.gradient(oracle.ball.clean)
    except NoGradientError:
        oracle.state(NO_GRADIENT, 1.0)
        return False
    oracle.state(FLAT, (gradient == 0).flatten(1).all(dim=1))
    return True


def optimises_inside(model: nn.Module, images: Tensor) -> bool:
    """Whether the model calls for gradients while it answers, as defences do that optimise their input first."""
    asking = {torch.autograd.grad.__code__, torch.autograd.backward.__code__}
    calls = 0

    def see(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event == "call" and frame.f_code in asking

    before = sys.getprofile()
    sys.setprofile(see)
    try:
        with torch.no_grad():
            model(images)
    finally:
        sys.setprofile(before)
    return calls > 0


def of_images(
    attack: Attack, options: Mapping[str, Any], values: Mapping[str, Tensor], broken_by: Tensor
) -> list[Note]:
    """The cautions of a result: further numbers of N images by name, and the stage that broke each."""
    if not attack.stages or not len(broken_by):
        return []
    if bool((broken_by == 0).all()):
        return [nothing_to_attack("The model")]
    shares = {name: float(each.double().mean()) for name, each in values.items()}
    shares |= {name: float(each.double().mean()) for name, each in first_breaks(attack.stages, broken_by).items()}
    return of_shares("The model", shares, version=str(options.get("version", "")))


def first_breaks(stages: tuple[str, ...], broken_by: Tensor) -> dict[str, Tensor]:
    """Name -> (N,) 1 where a stage was the first to break the image, else 0."""
    return {f"{BROKEN_BY}{stage}": (broken_by == number).float() for number, stage in enumerate(stages, start=1)}


def of_shares(model: str, shares: Mapping[str, float], *, within: str = "", version: str = "") -> list[Note]:
    """The cautions of an attack on a model.

    Args:
        model: its name.
        shares: the means of the attack's further numbers by name, NaN or absent where there are none.
        within: the attack's budget for people, where results of several are shown together.
        version: of AutoAttack.
    """
    kinds: dict[str, Callable[[str, float], Note]] = {
        RANDOM: attack_averaged_random_answers if version == AT_RANDOM else attack_met_random_answers,
        PROBABILITIES: attack_met_probabilities,
        FLAT: attack_met_zero_gradients,
        OPTIMISES: model_optimises_inside,
        FEW_CLASSES: dlr_needs_four_classes,
        NO_GRADIENT: square_alone,
        f"{BROKEN_BY}square": lambda model, share: square_broke_more(model, share, within),
    }
    positive = {name: float(shares[name]) for name in kinds if name in shares and float(shares[name]) > 0}
    if NO_GRADIENT in positive:  # Square is then no surprise, and no DLR was asked for
        positive.pop(f"{BROKEN_BY}square", None)
        positive.pop(FEW_CLASSES, None)
    return [kinds[name](model, share) for name, share in positive.items()]


@note
def attack_met_random_answers(model: str, share: float) -> str:
    return (
        f"{model} gives {_of_images(share)} another answer when it is asked again: it draws at random. Attack it with "
        "AutoAttack's version 'rand', which averages over several answers."
    )


@note
def attack_averaged_random_answers(model: str, share: float) -> str:
    return (
        f"{model} gives {_of_images(share)} another answer when it is asked again: gradients and answers are means over several, and another "
        "run may find a somewhat different accuracy."
    )


@note
def nothing_to_attack(model: str) -> str:
    return f"{model} misclassifies every one of the images when clean: none was attacked, and the attack's success is undefined."


@note
def attack_met_probabilities(model: str, share: float) -> str:
    return (
        f"{model} answers with probabilities, not logits: attacks on it look weaker than they are. Remove the softmax."
    )


@note
def attack_met_zero_gradients(model: str, share: float) -> str:
    return (
        f"{model}: the gradient is zero for {_of_images(share)}, so APGD and FAB may fail where another attack would not. "
        "Do not rely on this robust accuracy."
    )


@note
def model_optimises_inside(model: str, share: float) -> str:
    return (
        f"{model} optimises its input before it answers. AutoAttack is not made for such defences, and an attack that knows the "
        "optimisation may well be stronger."
    )


@note
def dlr_needs_four_classes(model: str, share: float) -> str:
    return (
        f"{model} has fewer than 4 classes, for which the targeted DLR is undefined. APGD-T raises the difference of the two logits "
        "divided by the gap between the first and the third, or undivided with two classes."
    )


@note
def square_alone(model: str, share: float) -> str:
    return f"{model} has no gradient, so that Square Attack alone was run: the robust accuracy is an upper bound."


@note
def square_broke_more(model: str, share: float, within: str = "") -> str:
    budget = f" within {within}" if within else ""
    return (
        f"{model}: Square Attack broke {_of_images(share)}{budget} that APGD and FAB could not, without gradients. The gradients are "
        "probably masked; a stronger attack may find more."
    )


def _of_images(share: float) -> str:
    return f"{share:.1%} of the images"
