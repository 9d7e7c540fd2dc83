"""The driver: runs an attack group by group, handles budgets, memory and cancelling, and collects the results."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from robustcore import devices, outputs
from robustcore.attacks import cautions
from robustcore.attacks._base import Attack
from robustcore.attacks.budgets import BALLS, PIXELS, Ball
from robustcore.attacks.engine import victim
from robustcore.attacks.engine.inputs import Inputs
from robustcore.attacks.engine.oracle import Best, Oracle, Stop
from robustcore.attacks.engine.trace import Recorder, Trace
from robustcore.attacks.goals import Goal
from robustcore.errors import ModelError
from robustcore.notes import Note
from robustcore.randomness import Draws

# Values in one pass through the model. On a CPU a few images at a time fit the caches, which is faster.
_VALUES_PER_PASS = {"cpu": 16 * 3 * 64 * 64, "cuda": 128 * 3 * 224 * 224}
_MOST_PER_PASS = 512
_LEAST_PER_PASS = 8
_PASSES_PER_GROUP = 4  # images that are attacked together, so that passes stay full when some of them are finished


@dataclasses.dataclass(frozen=True)
class AttackResult:
    """The best image found for each of N images; everything is on the device of the input images.

    Attributes:
        images: float32 (N, 3, H, W) in [0, 1], within the budget.
        logits: (N, K) the model's logits for them; NaN if the attack was cancelled before the first query.
        success: (N,) bool, whether the goal is reached: misclassified, or classified as the target. An image that is
            already misclassified counts as an untargeted success.
        linf: (N,) largest change of a value.
        l2: (N,) Euclidean length of the change.
        forwards: (N,) int64 forward passes of each image through the model that the attack was crafted on; the final
            pass through the victim of a surrogate attack is not counted.
        backwards: (N,) int64 backward passes, counted the same way.
        targets: (N,) int64 classes to reach, or None for an untargeted attack.
        eps: (N,) radii of the budget, or None where there is none.
        batch_size: images in one pass at the end; smaller than at the start if memory ran out.
        cancelled: whether the attack was cancelled before its end.
        trace: the recorded queries, if requested.
        broken_by: (N,) int64, of an attack that consists of several: the number in `stages` of the first that reached the goal,
            from 1; 0 where the clean image reaches it, -1 where none did.
        stages: the attacks that it consists of.
        values: further numbers of each image by name, (N,) each, as the attack's `values` names them.
        notes: what has to be said with the result.
    """

    images: Tensor
    logits: Tensor
    success: Tensor
    linf: Tensor
    l2: Tensor
    forwards: Tensor
    backwards: Tensor
    targets: Tensor | None
    eps: Tensor | None
    batch_size: int
    cancelled: bool
    trace: Trace | None = None
    broken_by: Tensor | None = None
    stages: tuple[str, ...] = ()
    values: Mapping[str, Tensor] = dataclasses.field(default_factory=dict)
    notes: tuple[Note, ...] = ()


@dataclasses.dataclass(frozen=True)
class Run:
    """One attack on one model, with everything that is common to all images.

    Attributes:
        attack: what to run, with its checked `options` and `norm`.
        model: the victim, which judges success.
        crafts_on: the model that is queried for gradients, scores or decisions: the victim or a surrogate.
        seed: of the draws.
        early_stop: whether an image is finished as soon as its goal is reached.
        trace: whether to keep a trace.
        progress: called with the completed share of the work, 0 to 1.
        cancel: called before every pass; True ends the attack with the best images so far.
    """

    attack: Attack
    options: dict[str, Any]
    norm: str
    model: nn.Module
    crafts_on: nn.Module
    seed: int
    early_stop: bool
    trace: bool
    progress: Callable[[float], None] | None
    cancel: Callable[[], bool] | None

    def __call__(self, inputs: Inputs, batch_size: int | None) -> AttackResult:
        """Attack all images, group by group; half as many at a time when memory runs out."""
        device = victim.device_of(self.crafts_on, inputs.images.device)
        size = batch_size or images_per_pass(inputs.images, device)
        groups: list[_Group] = []
        done, cancelled = 0, False
        with victim.float32_gradients(device), victim.frozen(self.crafts_on):
            while done < len(inputs) and not cancelled:
                group = slice(done, done + size * _PASSES_PER_GROUP)
                full: Exception | None = None
                try:
                    groups.append(self._attack(inputs, group, device, size))
                except (RuntimeError, MemoryError) as error:
                    if not devices.is_out_of_memory(error):
                        raise
                    full = error.with_traceback(None)  # whose frames hold what the failed pass computed
                if full is not None:
                    size = self._halve(size, full, device)
                    continue
                done += len(groups[-1].images)
                cancelled = groups[-1].cancelled
            if cancelled and done < len(inputs):
                groups.append(_not_attacked(inputs, slice(done, None), groups[-1].logits.shape[1]))
        if self.progress is not None and not cancelled:
            self.progress(1.0)
        return self._gather(groups, inputs, size, cancelled)

    def _halve(self, size: int, error: Exception, device: torch.device) -> int:
        if size == 1:
            raise ModelError(
                "There is not enough memory to attack a single image of this size; use a smaller model or smaller images."
            ) from error
        devices.forget_freed_memory(device)
        return size // 2

    def _attack(self, inputs: Inputs, group: slice, device: torch.device, size: int) -> _Group:
        """Attack one group of images; after a surrogate attack, let the victim judge them."""
        # Convolutions on a CPU are faster in this layout; on a GPU in float32 they are not.
        layout = torch.channels_last if device.type == "cpu" else torch.contiguous_format
        clean = inputs.images[group].clone().to(device).contiguous(memory_format=layout)
        ids = inputs.ids[group]
        goal = inputs.goal[group].to(device)
        eps = None if inputs.eps is None else inputs.eps[group].to(device)
        ball = BALLS[self.norm](clean, eps)
        planned = self.attack.passes(self.options)
        recorder = Recorder(planned) if self.trace else None
        oracle = Oracle(
            self.crafts_on,
            self.attack.name,
            # Attacks that look for the nearest image are unbounded; their result is projected into the ball at the end.
            BALLS[self.norm](clean, None) if self.attack.nearest else ball,
            goal,
            Draws(self.seed, self.attack.name, ids, device=device),
            ids,
            nearest=self.attack.nearest,
            early_stop=self.early_stop,
            slice_size=size,
            watch=lambda share: self._watch(inputs, group, share),
            planned=planned,
            recorder=recorder,
            values=self.attack.values,
        )
        options = {k: v[group].to(device) if isinstance(v, Tensor) else v for k, v in self.options.items()}
        with contextlib.suppress(Stop):
            self.attack.function(oracle, **options)
        best = oracle.finish()
        if self.attack.nearest and eps is not None and best.logits is not None:
            self._project_back(best, ball, size)
        if best.logits is None:
            best.logits = torch.full((len(ids), victim.count_classes(self.model, clean[:1])), torch.nan, device=device)
        elif self.crafts_on is not self.model:
            best.logits = self._judge(best.images, size)
        return _Group.of(best, ball, oracle.full_goal, oracle.cancelled, recorder, oracle.values)

    def _project_back(self, best: Best, ball: Ball, size: int) -> None:
        """Project images outside the ball, and query again whether they still reach the goal."""
        assert ball.eps is not None
        assert best.logits is not None
        outside = (ball.distance(best.images) > ball.eps).nonzero()[:, 0]
        if len(outside):
            moved = ball.take(outside).project(best.images[outside])
            best.images[outside] = moved
            best.logits[outside] = _logits(self.crafts_on, moved, size)
            best.forwards[outside] += 1

    def _judge(self, images: Tensor, size: int) -> Tensor:
        """The victim's logits, on the images' device."""
        device = victim.device_of(self.model, images.device)
        return _logits(self.model, images.to(device), size).to(images.device)

    def _watch(self, inputs: Inputs, group: slice, share: float) -> bool:
        if self.progress is not None:
            n = len(inputs)
            start, stop, _ = group.indices(n)
            self.progress((start + share * (stop - start)) / n)
        return self.cancel is not None and self.cancel()

    def _gather(self, groups: list[_Group], inputs: Inputs, size: int, cancelled: bool) -> AttackResult:
        device = inputs.images.device
        whole = {
            field.name: torch.cat([getattr(g, field.name).to(device) for g in groups])
            for field in dataclasses.fields(_Group)
            if field.name not in ("targets", "recorder", "cancelled", "values")
        }
        broken_by = whole.pop("broken_by")
        values = {
            name: torch.cat([g.values.get(name, torch.zeros(len(g.images))).to(device) for g in groups])
            for name in self.attack.values
        }
        targets = None
        if inputs.goal.targets is not None or inputs.goal.least_likely:
            targets = torch.cat([g.targets.to(device) for g in groups if g.targets is not None])
        traces = [t for g in groups if g.recorder is not None and (t := g.recorder.trace()) is not None]
        return AttackResult(
            **whole,
            targets=targets,
            eps=None if inputs.eps is None else inputs.eps.to(device),
            batch_size=size,
            cancelled=cancelled,
            trace=Trace.join(traces) if traces else None,
            broken_by=broken_by if self.attack.stages else None,
            stages=self.attack.stages,
            values=values,
            notes=tuple(cautions.of_images(self.attack, self.options, values, broken_by)),
        )


@dataclasses.dataclass(frozen=True)
class _Group:
    """The result for the images of one group."""

    images: Tensor
    logits: Tensor
    success: Tensor
    linf: Tensor
    l2: Tensor
    forwards: Tensor
    backwards: Tensor
    broken_by: Tensor
    targets: Tensor | None = None
    cancelled: bool = False
    recorder: Recorder | None = None
    values: Mapping[str, Tensor] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(
        cls,
        best: Best,
        ball: Ball,
        goal: Goal,
        cancelled: bool,
        recorder: Recorder | None,
        values: Mapping[str, Tensor],
    ) -> _Group:
        assert best.logits is not None
        images = best.images.contiguous()
        change = (images - ball.clean).abs_()
        answered = ~best.logits.isnan().any(dim=1)
        targets = goal.targets
        if targets is None and goal.least_likely:  # cancelled before the model saw the clean images
            targets, answered = torch.full_like(goal.labels, -1), torch.zeros_like(answered)
        result = cls(
            images=images,
            logits=best.logits,
            success=goal.reached(best.logits) & answered,
            linf=change.amax(dim=PIXELS),
            l2=torch.linalg.vector_norm(change, dim=PIXELS),
            forwards=best.forwards,
            backwards=best.backwards,
            broken_by=best.broken_by,
            targets=targets,
            cancelled=cancelled,
            recorder=recorder,
            values=values,
        )
        assert bool(((images >= 0) & (images <= 1)).all())
        if ball.eps is not None:
            reached = ball.distance(images)
            # A sum over all values adds their rounding errors up.
            rounding = 2**-25 * change[0].numel() if ball.norm == "l1" else 0.0
            assert bool((reached <= ball.eps * (1 + 1e-5) + 1e-6 + rounding).all())
        return result


def _not_attacked(inputs: Inputs, group: slice, classes: int) -> _Group:
    """The result for images that were not attacked because of a cancel."""
    images = inputs.images[group]
    n = len(images)
    none = torch.zeros(n, dtype=torch.int64)
    targets = inputs.goal.targets
    open_targets = none - 1 if inputs.goal.least_likely else None
    return _Group(
        images=images.clone(),
        logits=torch.full((n, classes), torch.nan),
        success=none.bool(),
        linf=torch.zeros(n),
        l2=torch.zeros(n),
        forwards=none,
        backwards=none.clone(),
        broken_by=none - 1,
        targets=open_targets if targets is None else targets[group],
        cancelled=True,
    )


def _logits(model: nn.Module, images: Tensor, size: int) -> Tensor:
    """(N, K) logits, computed for a few images at a time."""
    with torch.no_grad():
        return torch.cat(
            [outputs.logits_of(model(images[start : start + size])) for start in range(0, len(images), size)]
        )


def images_per_pass(images: Tensor, device: torch.device) -> int:
    """How many images of this size go through the network at once."""
    values = _VALUES_PER_PASS.get(device.type, _VALUES_PER_PASS["cuda"])
    return max(_LEAST_PER_PASS, min(_MOST_PER_PASS, values // images[0].numel()))
