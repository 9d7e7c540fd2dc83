"""Goals: what an attack wants the model to say. A goal is an argument, so every attack is written only once."""

from __future__ import annotations

import dataclasses

import torch
import torch.nn.functional as F
from torch import Tensor

GOALS = ("untargeted", "targeted", "least_likely")


@dataclasses.dataclass(frozen=True)
class Goal:
    """The goals of n attacks.

    Attributes:
        labels: (n,) int64 true classes.
        targets: (n,) int64 classes to reach; None if any class except the label will do, or while the targets
            are still to be read from the model's logits for the clean images.
        least_likely: whether the target is the class that the model finds least likely in the clean image.
        directions: (n,) int64 class of each image that an untargeted attack's objective leads to at present, though any
            class except the label will do; None where there is no such class.
    """

    labels: Tensor
    targets: Tensor | None = None
    least_likely: bool = False
    directions: Tensor | None = None

    def __getitem__(self, part: slice | Tensor) -> Goal:
        """The goals of some of the images."""
        targets = None if self.targets is None else self.targets[part]
        directions = None if self.directions is None else self.directions[part]
        return Goal(self.labels[part], targets, self.least_likely, directions)

    def to(self, device: torch.device) -> Goal:
        """A copy on a device; autograd can use it even if the original was created in inference mode."""
        targets = None if self.targets is None else self.targets.to(device, copy=True)
        directions = None if self.directions is None else self.directions.to(device, copy=True)
        return Goal(self.labels.to(device, copy=True), targets, self.least_likely, directions)

    @property
    def is_open(self) -> bool:
        """Whether the targets are still to be read from the clean images' logits."""
        return self.least_likely and self.targets is None

    def resolved(self, clean_logits: Tensor) -> Goal:
        """The goal with its targets: the least likely class of each image that is not its label."""
        others = clean_logits.detach().scatter(1, self.labels[:, None], torch.inf)
        return dataclasses.replace(self, targets=others.argmin(dim=1))

    @property
    def towards(self) -> Tensor:
        """(n,) the classes whose scores matter: the targets, to be raised, or else the labels, to be lowered."""
        return self.labels if self.targets is None else self.targets

    def reached(self, logits: Tensor) -> Tensor:
        """(n,) bool: misclassified, or classified as the target. (n, K) logits."""
        best = logits.argmax(dim=1)
        return best != self.labels if self.targets is None else best == self.targets

    def margin(self, logits: Tensor) -> Tensor:
        """(n,): below 0 where the goal is reached. Z_y - max Z_i for i != y, or max Z_i - Z_t for i != t."""
        chosen, others = self._split(logits)
        difference = chosen - others.amax(dim=1)
        return difference if self.targets is None else -difference

    def loss(self, logits: Tensor) -> Tensor:
        """(n,): the cross-entropy of the label, or of the target. An attack raises the one and lowers the other."""
        return F.cross_entropy(logits, self.towards, reduction="none")

    def _split(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """The scores of the classes that matter, (n,), and all scores with these at minus infinity, (n, K)."""
        place = self.towards[:, None]
        return logits.gather(1, place)[:, 0], logits.scatter(1, place, -torch.inf)


# Objectives: functions of a goal and (n, K) logits that an attack raises; (n,) each.


def cross_entropy(goal: Goal, logits: Tensor) -> Tensor:
    """A value whose gradient has the cross-entropy's direction, but does not vanish if the softmax is saturated.

    The gradient of the cross-entropy of class y is (1 - p_y) times that of log(sum of exp Z_i, i != y) - Z_y. The factor
    underflows for a confident model, and a step along the sign or the normalised gradient does not need it.
    """
    chosen, others = goal._split(logits)
    odds = others.logsumexp(dim=1) - chosen
    return odds if goal.targets is None else -odds


def margin(goal: Goal, logits: Tensor) -> Tensor:
    """The negative margin, which involves only the nearest other class."""
    return -goal.margin(logits)


def score(goal: Goal, logits: Tensor) -> Tensor:
    """The target's pre-softmax score, or the negative one of the label."""
    chosen = logits.gather(1, goal.towards[:, None])[:, 0]
    return -chosen if goal.targets is None else chosen


def lead(goal: Goal, logits: Tensor) -> Tensor:
    """How far the class that the attack leads to is above the label: Z_t - Z_y for the direction, else the negative margin.

    Of a target, and of an untargeted attack without a direction, it is compared with the best other class.
    """
    if goal.targets is not None or goal.directions is None:
        return -goal.margin(logits)
    pair = logits.gather(1, torch.stack([goal.directions, goal.labels], dim=1))
    return pair[:, 0] - pair[:, 1]


def dlr(goal: Goal, logits: Tensor) -> Tensor:
    """The difference of logits ratio (Croce & Hein 2020): `lead` divided by a gap between the sorted logits.

    The gap is Z_1 - Z_3 for an untargeted attack and Z_1 - (Z_3 + Z_4) / 2 towards a class, so that the value does not change
    when all logits are shifted or scaled. With three classes both use Z_1 - Z_3; with two there is no third logit, and the
    value is the lead itself.
    """
    classes = logits.shape[1]
    if classes < 3:
        return lead(goal, logits)
    best = logits.topk(min(4, classes), dim=1).values
    towards = goal.targets is not None or goal.directions is not None
    low = (best[:, 2] + best[:, 3]) / 2 if towards and classes > 3 else best[:, 2]
    return lead(goal, logits) / (best[:, 0] - low + 1e-12)


OBJECTIVES = {"cross_entropy": cross_entropy, "margin": margin, "score": score}
