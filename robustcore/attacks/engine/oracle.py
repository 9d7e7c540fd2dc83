"""The oracle answers an attack's queries for the images that are not finished, and keeps the best image of each.

An attack is its arithmetic on a batch. What all attacks share is here: passes through the model and their counts, the
best image so far, early stopping, the check for non-finite values, progress, cancelling and the trace.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn

from robustcore import devices, outputs
from robustcore.attacks.budgets import PIXELS, Ball
from robustcore.attacks.engine.trace import Recorder
from robustcore.attacks.goals import Goal, cross_entropy
from robustcore.errors import InvalidArgumentError, ModelError
from robustcore.randomness import Draws

Objective = Callable[[Goal, Tensor], Tensor]

_FAILED = 1e9  # added to the rank of images that do not reach the goal; the rank of the others is their distance


class NoGradientError(ModelError):
    """The model's logits do not depend on the pixels as far as a gradient can tell."""


class Stop(Exception):  # noqa: N818 - no error: it ends an attack's function early
    """Every image is finished, or the caller has cancelled."""


@dataclasses.dataclass
class Best:
    """The best found for each of n images.

    Attributes:
        images: (n, 3, H, W); the clean ones before the first query.
        logits: (n, K) the model's logits for them; None before the first query.
        rank: (n,) float64 where the device has it, lower is better: the margin, or the distance for attacks that look for the nearest image.
        forwards, backwards: (n,) int64 passes of each image.
        broken_by: (n,) int64 the attack's `stage` in which the goal was first reached; -1 where it has not been.
    """

    images: Tensor
    logits: Tensor | None
    rank: Tensor
    forwards: Tensor
    backwards: Tensor
    broken_by: Tensor

    def take(self, rows: Tensor) -> Best:
        """The state of some of the images, as a copy."""
        logits = None if self.logits is None else self.logits[rows]
        return Best(
            self.images[rows], logits, self.rank[rows], self.forwards[rows], self.backwards[rows], self.broken_by[rows]
        )

    def put(self, rows: Tensor, part: Best) -> None:
        """Write back a copy from `take`."""
        if part.logits is not None:
            if self.logits is None:
                self.logits = part.logits.new_full((len(self.rank), part.logits.shape[1]), torch.nan)
            self.logits[rows] = part.logits
        self.images[rows], self.rank[rows] = part.images, part.rank
        self.forwards[rows], self.backwards[rows] = part.forwards, part.backwards
        self.broken_by[rows] = part.broken_by


class Oracle:
    """Answers an attack's queries about a model.

    `ball`, `goal` and `draws` are those of the n images still under attack. A query may finish images; the attack then
    calls `keep` on its own tensors and continues with the others. When none is left, `Stop` ends the attack's function.

    An attack may set these: `stage`, the number of the attack that it runs at present, where it consists of several; `beyond`,
    whether it queries images outside its ball, which then do not count; `repeats`, the passes that a gradient is averaged
    over; `early_stop`. After a query `margin`, `reached` and `logits` are those of its images, after a gradient also `value`, the
    objective's; all without the images that it finished.

    Args:
        model: eval mode, frozen, on the images' device.
        name: the attack's, for messages.
        ball, goal, draws: of all images.
        ids: (n,) image ids, for messages.
        nearest: whether the attack looks for the nearest image that reaches the goal, not the lowest margin in a ball.
        early_stop: whether an image is finished as soon as it cannot be improved.
        slice_size: images in one pass through the model.
        watch: called before every pass with the completed share of the work; returns True to cancel.
        planned: expected number of passes, for that share.
        recorder: records a trace, if requested.
        values: names of further per-image numbers that the attack states.
    """

    def __init__(
        self,
        model: nn.Module,
        name: str,
        ball: Ball,
        goal: Goal,
        draws: Draws,
        ids: Tensor,
        *,
        nearest: bool = False,
        early_stop: bool = True,
        slice_size: int = 64,
        watch: Callable[[float], bool] = lambda share: False,
        planned: int = 1,
        recorder: Recorder | None = None,
        values: Sequence[str] = (),
    ) -> None:
        n = len(ids)
        self.ball, self.goal, self.draws = ball, goal, draws
        self.early_stop = early_stop
        self.confidence = 0.0  # how far below zero an attack with `nearest` needs the margin
        self.stage, self.beyond, self.repeats = 0, False, 1
        self.asked = 0
        self.cancelled = False
        self._has_gradient = False  # whether a gradient was looked at and found
        self.model, self._name, self._ids = model, name, ids
        self._nearest, self._slice, self._watch, self._planned = nearest, slice_size, watch, planned
        self._recorder, self._size = recorder, n
        self._all_balls, self._all_goals, self._all_draws = ball, goal, draws
        device = ball.clean.device
        self._rows = torch.arange(n, device=device)
        self._kept: Tensor | None = None
        zeros = torch.zeros(n, dtype=torch.int64, device=device)
        # Where there is no float64, ties of two logits are left to float32.
        self._rank_type = torch.float64 if devices.is_exact(device) else torch.float32
        rank = torch.full((n,), torch.inf, dtype=self._rank_type, device=device)
        self._best = Best(ball.clean.clone(), None, rank, zeros, zeros.clone(), zeros - 1)
        self._all = self._best
        self._pending_checks: list[tuple[Tensor, Tensor, int, str]] = []
        # Where reading the values does not wait for the device, or they are read anyway.
        self._checks_at_once = early_stop or device.type == "cpu"
        self.margin = rank.to(torch.float32)
        self.value = self.margin
        self.reached = torch.zeros(n, dtype=torch.bool, device=device)
        self.logits = torch.empty(n, 0, device=device)
        self.values = {name: torch.zeros(n, device=device) for name in values}

    # For attacks

    def look_at_clean(self) -> None:
        """Query the clean images if that is useful: for the least likely class, or to finish misclassified images.

        For attacks whose first query is not the clean images.
        """
        if self.goal.is_open or self.early_stop:
            self.judge(self.ball.clean)

    def gradient(self, x: Tensor, objective: Objective = cross_entropy) -> Tensor:
        """The gradient of the objective's sum over the images; each image's gradient is independent of the others.

        Args:
            x: (n, 3, H, W) in [0, 1].
            objective: (goal, logits) -> (n,) values that the attack raises.

        Returns:
            The shape of `x`, without the images that this answer finished.
        """
        self._begin()
        gradient = torch.empty_like(x) if len(x) > self._slice else None
        logits, values = [], []
        for part in self._parts(len(x)):
            piece, answer, value = self._gradient(x[part], self.goal[part], part, objective)
            logits.append(answer)
            values.append(value)
            if gradient is None:
                gradient = piece
            else:
                gradient[part] = piece
        assert gradient is not None
        self.value = values[0] if len(values) == 1 else torch.cat(values)
        self._check_later(
            gradient.sum(dim=PIXELS).isfinite(), "gradient"
        )  # one non-finite value makes the sum non-finite
        self._record(x, logits[0] if len(logits) == 1 else torch.cat(logits))
        return self.keep(gradient)[0]

    def _gradient(self, x: Tensor, goal: Goal, part: slice, objective: Objective) -> tuple[Tensor, Tensor, Tensor]:
        """Gradient, logits and the objective's values for one pass's images, each a mean over `repeats` passes."""
        total: tuple[Tensor, Tensor, Tensor] | None = None
        for _ in range(self.repeats):
            leaf = x.detach().requires_grad_(True)
            answer = self._forward(leaf)
            if goal.is_open:
                goal = goal.resolved(answer)
            logits = answer.detach()
            value = objective(goal, answer)
            if self.repeats == 1 and self._finishes(goal, logits):
                piece = torch.zeros_like(leaf)
            else:
                piece = self._backward(value.sum(), leaf, answer)
                self._best.backwards[part] += 1
            answers = piece, logits, value.detach()
            if self.repeats == 1:
                return answers
            total = answers if total is None else (total[0] + piece, total[1] + logits, total[2] + answers[2])
        assert total is not None
        return total[0] / self.repeats, total[1] / self.repeats, total[2] / self.repeats

    def judge(self, x: Tensor) -> None:
        """Query candidates, (n, 3, H, W) in [0, 1]; sets `margin` and `reached`, and keeps the best images."""
        self._begin()
        with torch.no_grad():
            logits = [self._mean_answer(x[part]) for part in self._parts(len(x))]
        self._record(x, logits[0] if len(logits) == 1 else torch.cat(logits))

    def decide(self, candidates: Tensor) -> Tensor:
        """Whether each of (B, n, 3, H, W) candidates reaches the goal: (B, n) bool; none of them is kept."""
        self._begin()
        flat = candidates.flatten(0, 1)
        answers = []
        with torch.no_grad():
            for part in self._parts(len(flat)):
                answers.append(self._forward(flat[part]))
        self._best.forwards += len(candidates)
        logits = torch.split(torch.cat(answers), candidates.shape[1])
        return torch.stack([self.goal.reached(row) for row in logits])

    def keep(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """The tensors, (n, ...) each, without the images that the last query finished."""
        return tensors if self._kept is None else tuple(t[self._kept] for t in tensors)

    def give_up(self, images: Tensor) -> None:
        """Finish some images, (n,) bool, as they are; the attack then calls `keep` and checks whether any is left."""
        self._kept = None
        if bool(images.any()):
            self._leave(images)

    def answers(self, x: Tensor) -> Tensor:
        """The model's logits for (n, 3, H, W) candidates, (n, K); none of them is kept."""
        self._begin()
        self._best.forwards += 1
        with torch.no_grad():
            return torch.cat([self._forward(x[part]) for part in self._parts(len(x))])

    @property
    def rows(self) -> Tensor:
        """(n,) int64, rising: which of all images are still under attack."""
        return self._rows

    def places_among(self, rows: Tensor) -> Tensor:
        """(n,) where the images under attack are among earlier `rows`."""
        return torch.searchsorted(rows, self._rows)

    def lead_to(self, classes: Tensor | None) -> None:
        """Let objectives lead to a class of each image, (n,) int64, though any class except the label will do."""
        if classes is None:
            self.goal = dataclasses.replace(self.goal, directions=None)
            self._all_goals = dataclasses.replace(self._all_goals, directions=None)
            return
        self.goal = dataclasses.replace(self.goal, directions=classes)
        directions = torch.zeros_like(self._all_goals.labels)
        directions[self._rows] = classes
        self._all_goals = dataclasses.replace(self._all_goals, directions=directions)

    def state(self, name: str, values: Tensor | float) -> None:
        """State a further number of each of the n images: (n,) values, or one for all."""
        self.values[name][self._rows] = torch.as_tensor(values, dtype=torch.float32, device=self._rows.device)

    # For the driver

    def finish(self) -> Best:
        """The best found for all images."""
        self._run_checks()
        self._write_back()
        return self._all

    @property
    def full_goal(self) -> Goal:
        """The goal of all images."""
        return self._all_goals

    # Internal

    def _begin(self) -> None:
        self._kept = None
        share = len(self._rows) / self._size * (1 - min(1.0, self.asked / self._planned))
        if self._watch(1 - share):
            self.cancelled = True
            raise Stop
        self.asked += 1

    def _parts(self, n: int) -> Iterator[slice]:
        return (slice(start, start + self._slice) for start in range(0, n, self._slice))

    def _mean_answer(self, x: Tensor) -> Tensor:
        """(n, K) logits, the mean over `repeats` passes."""
        logits = self._forward(x)
        for _ in range(1, self.repeats):
            logits = logits + self._forward(x)
        return logits if self.repeats == 1 else logits / self.repeats

    def _forward(self, x: Tensor) -> Tensor:
        logits = outputs.logits_of(self.model(x), len(x))
        if self._best.logits is None and self._all.logits is None:
            self._check_first_output(logits)
        return logits

    def _check_first_output(self, logits: Tensor) -> None:
        """Check a model's first output."""
        classes = logits.shape[1]
        if classes < 2:
            raise ModelError("An attack needs a model with two classes or more; this one has one.")
        goal = self._all_goals
        for noun, values in (("label", goal.labels), ("target", goal.targets)):
            if values is not None and int(values.max()) >= classes:
                raise InvalidArgumentError(
                    f"A {noun} is {int(values.max())}, but the model has {classes} classes, 0 to {classes - 1}."
                )
        if outputs.look_like_probabilities(logits):
            warnings.warn(
                "The model's outputs look like probabilities: they are not negative and sum to 1. Attacks expect logits; "
                "through a softmax the gradients vanish and an attack looks weaker than it is. Remove the softmax.",
                UserWarning,
                stacklevel=2,
            )

    def _backward(self, value: Tensor, leaf: Tensor, logits: Tensor) -> Tensor:
        if not value.requires_grad:
            raise NoGradientError(
                "The model's logits carry no gradient back to the images: something inside it detaches them. "
                "Use an attack that needs none, such as square or hopskipjump."
            )
        (gradient,) = torch.autograd.grad(value, leaf, retain_graph=not self._has_gradient)
        if not self._has_gradient:
            if not bool(gradient.any()):
                # A loss may be flat where a model is very sure; a model is flat if its logits are.
                weights = torch.arange(1, logits.shape[1] + 1, device=logits.device)
                (gradient_of_logits,) = torch.autograd.grad((logits * weights).sum(), leaf, allow_unused=True)
                if gradient_of_logits is None or not bool(gradient_of_logits.any()):
                    raise NoGradientError(
                        "The model has no gradient: that of its logits is zero at every pixel, because something inside it "
                        "rounds, thresholds or detaches. An attack that follows the gradient says nothing of its robustness; "
                        "use one that needs none, such as square or hopskipjump."
                    )
            self._has_gradient = True
        return gradient

    def _finishes(self, goal: Goal, logits: Tensor) -> bool:
        return self.early_stop and not self._nearest and bool(goal.reached(logits).all())

    def _record(self, x: Tensor, logits: Tensor) -> None:
        """Update the best images with the model's logits for `x`."""
        best = self._best
        best.forwards += self.repeats
        self._check_later(logits.sum(dim=1).isfinite(), "answer")
        if self.goal.is_open:
            self.goal = self.goal.resolved(logits)
            self._all_goals = self.goal  # the first query covers all images
        self.margin, self.reached, self.logits = self.goal.margin(logits), self.goal.reached(logits), logits
        # With two equal logits their order decides whether the goal is reached; the tiny term makes the rank agree.
        rank = self.margin.to(self._rank_type) - self.reached * 1e-12
        if self._nearest:
            counts = self.reached & (self.margin <= -self.confidence)
            rank = torch.where(counts, self.ball.distance(x).to(self._rank_type), _FAILED + rank)
        success = self.reached
        if self.beyond and self.ball.eps is not None:
            inside = self.ball.distance(x) <= self.ball.eps * (1 + 1e-6)
            rank = torch.where(inside, rank, torch.inf)
            success = success & inside
        best.broken_by = torch.where(success & (best.broken_by < 0), self.stage, best.broken_by)
        better = rank < best.rank
        torch.where(better[:, None, None, None], x, best.images, out=best.images)
        best.logits = logits if best.logits is None else torch.where(better[:, None], logits, best.logits)
        best.rank = torch.where(better, rank, best.rank)
        if self._recorder is not None:
            self._recorder.record(self._rows, x, logits, self.goal)
        if self.early_stop:
            done = rank == 0 if self._nearest else success
            if bool(done.any()):
                self._leave(done)
                if bool(done.all()):
                    raise Stop

    def _leave(self, leaving: Tensor) -> None:
        """Continue without some of the images, (n,) bool."""
        self._run_checks()
        self._write_back()
        kept = (~leaving).nonzero()[:, 0]
        self.margin, self.reached, self.logits = self.margin[kept], self.reached[kept], self.logits[kept]
        if len(self.value) == len(leaving):
            self.value = self.value[kept]
        self._enter(self._rows[kept])
        self._kept = kept

    def _write_back(self) -> None:
        if self._best is not self._all:
            self._all.put(self._rows, self._best)

    def _enter(self, rows: Tensor) -> None:
        self._rows = rows
        self.ball, self.goal = self._all_balls.take(rows), self._all_goals[rows]
        self.draws = self._all_draws.take(rows, after=self.draws)
        self._best = self._all.take(rows)

    def _check_later(self, finite: Tensor, quantity: str) -> None:
        self._pending_checks.append((finite, self._rows, self.asked, quantity))
        if self._checks_at_once or len(self._pending_checks) >= 64:
            self._run_checks()

    def _run_checks(self) -> None:
        """Raise for the first non-finite value."""
        checks, self._pending_checks = self._pending_checks, []
        if not checks or bool(torch.stack([finite.all() for finite, *_ in checks]).all()):
            return
        for finite, rows, asked, quantity in checks:
            wrong = rows[~finite]
            if len(wrong):
                identity = int(self._ids[wrong[0].cpu()])
                raise ModelError(
                    f"The model's {quantity} is not finite for image {identity} at query {asked} of {self._name} "
                    f"({len(wrong)} of {len(rows)} images). Check the model's weights and layers for overflow or "
                    "division by zero."
                )
