"""Attacks: the registry, the presets of the documents, and `attack`."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from robustcore import arguments
from robustcore.attacks import presets
from robustcore.attacks._base import Attack, Option, registry
from robustcore.attacks.budgets import NORMS, default_eps
from robustcore.attacks.engine import inputs as argument_checks
from robustcore.attacks.engine import victim
from robustcore.attacks.engine.driver import AttackResult, Run
from robustcore.attacks.engine.inputs import Eps
from robustcore.attacks.engine.trace import Trace
from robustcore.attacks.goals import GOALS, Goal
from robustcore.attacks.presets import Preset
from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.randomness import Draws

for _module in pkgutil.iter_modules(__path__):
    if not _module.name.startswith("_"):
        importlib.import_module(f"{__name__}.{_module.name}")

__all__ = [
    "GOALS",
    "NORMS",
    "Attack",
    "AttackResult",
    "Option",
    "Preset",
    "Trace",
    "attack",
    "check_surrogate",
    "get",
    "names",
    "preset_names",
    "resolve",
]


def names() -> list[str]:
    """The names of all attacks, sorted."""
    return registry.names()


def preset_names() -> list[str]:
    """The names of all presets, document/name, sorted."""
    return presets.registry.names()


def get(name: str) -> Attack:
    """The registered attack of that name."""
    return registry[name]


def check_surrogate(surrogate: nn.Module, model: nn.Module, image: Tensor | None = None) -> None:
    """Raise an error if attacks on the model cannot be crafted on the surrogate: it knows other classes, say.

    Models without a card are asked for `image`, (1, 3, H, W), to count their classes.
    """
    victim.check_surrogate(victim.check(surrogate, "surrogate"), model, image)


def resolve(name: str) -> tuple[Attack, Preset | None]:
    """The attack that a name stands for, and the preset if it is one's.

    A preset is named document/name; its plain name does where no attack has it ("pgd_ll", but "laugros/pgd").
    """
    if name in registry:
        return registry[name], None
    plain = {p.plain_name: p for p in presets.registry if p.plain_name not in registry}
    full = {p.name: p for p in presets.registry}
    found = (plain | full).get(name)
    if found is None:
        raise UnknownNameError("attack", name, [*registry.names(), *full, *plain])
    return registry[found.attack], found


def attack(
    model: nn.Module,
    images: Any,
    labels: Any,
    name: str = "pgd",
    *,
    eps: Eps | None = None,
    norm: str | None = None,
    goal: str | None = None,
    target: int | Sequence[int] | Tensor | Literal["random"] | None = None,
    surrogate: nn.Module | None = None,
    seed: int = 0,
    ids: Tensor | Sequence[int] | None = None,
    early_stop: bool | None = None,
    batch_size: int | None = None,
    trace: bool = False,
    progress: Callable[[float], None] | None = None,
    cancel: Callable[[], bool] | None = None,
    **options: Any,
) -> AttackResult:
    """Change images, within a budget, so that the model misclassifies them; the best image found is given back.

    What is not given has the preset's value, else the attack's default: for most L-inf, untargeted, eps 8/255.

    Args:
        model: a module over [0, 1] pixels with the normalisation inside, in eval mode; it judges the success.
        images: (N, 3, H, W) tensor, uint8 or float in [0, 1]; or (N, H, W, 3) array.
        labels: (N,) true classes.
        name: an attack or a preset, see `names()` and `preset_names()`.
        eps: the budget's radius, in pixels of [0, 1] and in the norm: one number, one for each image, or a range
            (low, high) that each image draws from. L-inf: 0 to 1; L2: 0 to sqrt(3 H W). An attack that seeks the nearest
            image (cw, hopskipjump) or the highest score (fooling) needs none.
        norm: "linf" or "l2".
        goal: "untargeted", "targeted" or "least_likely".
        target: the class to reach, or one for each image, or "random"; makes the goal targeted.
        surrogate: another model to craft on, which knows the same classes; the success is judged on `model`.
        seed: of the random draws; an image's draws depend on (seed, attack, image id) alone.
        ids: (N,) image ids; default 0..N-1.
        early_stop: whether an image leaves as soon as its goal is reached, and those misclassified as they are are left
            unchanged; an attack that seeks the nearest image gives up what no longer comes nearer. On by default, but not
            for a trace, and not within a budget on a surrogate, since a stronger image transfers better.
        batch_size: images in one pass through the model; by default as many as are fast; halved when memory runs out.
        trace: keep every query's images, loss and best classes.
        progress: called with the share of the work that is done, 0 to 1.
        cancel: asked before every pass; True ends the attack with the best found so far.
        **options: the attack's own, see `get(name).options`.

    Raises:
        UnknownNameError: no such attack, norm, goal or option.
        InvalidArgumentError: anything else outside what is allowed.
        ModelError: a model that answers with something else than logits, or with values that are not finite.
    """
    method, preset = resolve(name)
    if preset is not None:
        eps = preset.eps if eps is None else eps
        norm = preset.norm if norm is None else norm
        goal = preset.goal if goal is None and target is None else goal
        options = {**preset.options, **options}
    checked = method.check_options(options)
    norm = method.check_norm(norm)
    goal = method.check_goal("targeted" if goal is None and target is not None else goal)
    if goal == "targeted" and target is None:
        if method.goals[0] != "targeted":
            raise InvalidArgumentError("The goal targeted needs a target: a class, one for each image, or 'random'.")
        target = "random"
    if goal != "targeted" and target is not None:
        raise InvalidArgumentError(f"A target belongs to the goal targeted, not to {goal}.")
    if batch_size is not None:
        batch_size = arguments.whole(batch_size, "A batch size is 1 or more", low=1)
    if early_stop is not None:
        early_stop = arguments.flag(early_stop, "early_stop is True, False or None")
    trace = arguments.flag(trace, "trace is True or False")
    seed = arguments.seed(seed)
    model = victim.check(model, "model")
    inputs = _gather(model, images, labels, method, eps, norm, goal, target, seed, ids)
    for option, value in checked.items():
        if isinstance(value, Tensor):
            checked[option] = argument_checks.companions_of(option, value, inputs.images)
    if surrogate is not None:
        check_surrogate(surrogate, model, inputs.images[:1])
    run = Run(
        method,
        checked,
        norm,
        model,
        model if surrogate is None else surrogate,
        seed,
        (not trace and (surrogate is None or method.nearest)) if early_stop is None else early_stop,
        trace,
        progress,
        cancel,
    )
    return run(inputs, batch_size)


def _gather(
    model: nn.Module,
    images: Any,
    labels: Any,
    method: Attack,
    eps: Eps | None,
    norm: str,
    goal: str,
    target: Any,
    seed: int,
    ids: Tensor | Sequence[int] | None,
) -> argument_checks.Inputs:
    """What belongs to the single images, checked."""
    pixels = argument_checks.images_of(images)
    n, shape = len(pixels), tuple(pixels.shape[1:])
    classes = arguments.whole_numbers(labels, n, "label", classes=victim.classes_of(model))
    own_ids = torch.arange(n) if ids is None else arguments.whole_numbers(ids, n, "id")
    if eps is None and method.bounded:
        eps = default_eps(norm, shape)
    radii = (
        None if eps is None else argument_checks.eps_of(eps, norm, shape, Draws(seed, f"{method.name}:eps", own_ids))
    )
    wanted = Goal(classes, least_likely=goal == "least_likely")
    if goal == "targeted":
        known = victim.count_classes(model, pixels[:1])
        draws = Draws(seed, f"{method.name}:target", own_ids)
        targets = argument_checks.targets_of(target, classes, known, draws, victim.classes_of(model))
        wanted = dataclasses.replace(wanted, targets=targets)
    return argument_checks.Inputs(pixels, wanted, own_ids, radii)
