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
    """Raise an error if attacks on the model cannot be crafted on the surrogate, for example because its classes differ.

    The classes of a model without a card are counted from its logits for `image`, (1, 3, H, W).
    """
    victim.check_surrogate(victim.check(surrogate, "surrogate"), model, image)


def resolve(name: str) -> tuple[Attack, Preset | None]:
    """The attack of a name, and the preset if it is a preset's name.

    A preset is named document/name; the plain name suffices unless an attack has it ("pgd_ll", but "laugros/pgd").
    """
    if name in registry:
        return registry[name], None
    plain = {p.plain_name: p for p in presets.registry if p.plain_name not in registry}
    full = {p.name: p for p in presets.registry}
    preset = (plain | full).get(name) if isinstance(name, str) else None
    if preset is None:
        raise UnknownNameError("attack", name, [*registry.names(), *full, *plain])
    return registry[preset.attack], preset


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
    classes: Sequence[str] | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    **options: Any,
) -> AttackResult:
    """Change images, within a budget, so that the model misclassifies them; returns the best image found.

    Arguments left out have the preset's value, else the attack's default: for most attacks L-inf, untargeted, eps 8/255.

    Args:
        model: a module over [0, 1] pixels with the normalisation inside, in eval mode; success is judged on it.
        images: (N, 3, H, W) tensor, uint8 or float in [0, 1]; or (N, H, W, 3) array.
        labels: (N,) true classes.
        name: an attack or a preset, see `names()` and `preset_names()`.
        eps: the budget's radius, in pixels of [0, 1] and in the norm: one number, one per image, or a range
            (low, high) from which each image draws. L-inf: 0 to 1; L2: 0 to sqrt(3 H W); L1: 0 to 3 H W. Attacks that look for the
            nearest image (cw, hopskipjump) or the highest score (fooling) need none.
        norm: "linf" or "l2"; of some attacks "l1", see `get(name).norms`.
        goal: "untargeted", "targeted" or "least_likely".
        target: the class to reach, or one for each image, or "random"; makes the goal targeted.
        surrogate: another model with the same classes to craft the attack on; success is judged on `model`.
        seed: of the random draws; an image's draws depend on (seed, attack, image id) alone.
        ids: (N,) image ids; default 0..N-1.
        early_stop: whether an image is finished as soon as its goal is reached, and images that are already misclassified
            stay unchanged; attacks that look for the nearest image stop when it no longer gets nearer. On by default,
            except for a trace, and for a surrogate within a budget, because stronger images transfer better.
        batch_size: images in one pass through the model; by default a fast number; halved when memory runs out.
        trace: whether to record each query's images, loss and best classes.
        progress: called with the completed share of the work, 0 to 1.
        cancel: called before every pass; True ends the attack with the best images so far.
        classes: names in the order of the logits, of a model without a card: then labels may be names.
        mean, std: normalise pixels first, for a model without a card that does not do so itself.
        **options: the attack's own, see `get(name).options`.

    Raises:
        UnknownNameError: no such attack, norm, goal or option.
        InvalidArgumentError: any other invalid argument.
        ModelError: the model's output is not logits, or not finite.
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
    if classes is not None or mean is not None or std is not None:
        model = victim.described(model, classes, mean, std)
    inputs = _gather(model, images, labels, method, eps, norm, goal, target, seed, ids)
    for option, value in checked.items():
        if isinstance(value, Tensor):
            checked[option] = argument_checks.companions_of(option, value, inputs.images)
    if surrogate is not None:
        check_surrogate(surrogate, model, inputs.images[:1])
    run = Run(
        attack=method,
        options=checked,
        norm=norm,
        model=model,
        crafts_on=model if surrogate is None else surrogate,
        seed=seed,
        early_stop=(not trace and (surrogate is None or method.nearest)) if early_stop is None else early_stop,
        trace=trace,
        progress=progress,
        cancel=cancel,
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
    """The checked inputs that belong to individual images."""
    pixels = argument_checks.images_of(images)
    n, shape = len(pixels), tuple(pixels.shape[1:])
    classes = arguments.whole_numbers(labels, n, "label", classes=victim.classes_of(model))
    image_ids = torch.arange(n) if ids is None else arguments.whole_numbers(ids, n, "id")
    if eps is None and method.bounded:
        eps = default_eps(norm, shape)
    radii = (
        None if eps is None else argument_checks.eps_of(eps, norm, shape, Draws(seed, f"{method.name}:eps", image_ids))
    )
    attack_goal = Goal(classes, least_likely=goal == "least_likely")
    if goal == "targeted":
        class_count = victim.count_classes(model, pixels[:1])
        draws = Draws(seed, f"{method.name}:target", image_ids)
        targets = argument_checks.targets_of(target, classes, class_count, draws, victim.classes_of(model))
        attack_goal = dataclasses.replace(attack_goal, targets=targets)
    return argument_checks.Inputs(pixels, attack_goal, image_ids, radii)
