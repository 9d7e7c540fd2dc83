"""The network that sees k shots and a query stacked as channels, and the classifier whose features prototypes are made of.

As printed (section 7.2): one logit, binary cross entropy, SGD at 0.1, divided by 10 at 45 and 66 of 90 epochs. Ours, because trainings
are short here: new shots every 20 steps instead of every 600, and the two divisions at the same shares of the steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from robustcore.errors import TrainingError
from robustcore.models import scenes

BATCH = 100
RENEW = 20  # steps between two drawings of the shots
_DIVIDED_AT = (45 / 90, 66 / 90)
Tell = Callable[[str, int, int], None]


def normalised(images: Tensor) -> Tensor:
    """uint8 -> float32 around 0."""
    return (images.float() / 255 - 0.45) / 0.25


def network(shots: int, seed: int) -> nn.Module:
    """The demo's small residual network with 3 (k + 1) input channels and one logit."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        built = scenes.resnet(1)
        built.stem[0] = nn.Conv2d(3 * (shots + 1), scenes.STEM, 5, 2, padding=2, bias=False)
    return built


def stacked(shots: Tensor, queries: Tensor) -> Tensor:
    """(n, 3 (k + 1), H, W) of shots (n, k, 3, H, W) and queries (n, 3, H, W), uint8 both."""
    return normalised(torch.cat([shots.flatten(1, 2), queries], dim=1))


def train_membership(images: dict[str, Tensor], shots: int, *, steps: int, seed: int, tell: Tell) -> nn.Module:
    """Train on pairs of seen classes, half of them members.

    Raises:
        TrainingError: the loss became non-finite.
    """
    model = network(shots, seed).train()
    pools = list(images.values())
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    keys: list[Tensor] = []
    for step in range(steps):
        if step % RENEW == 0:
            keys = [pool[torch.randperm(len(pool), generator=generator)[:shots]] for pool in pools]
        _divide(optimizer, 0.1, step / steps)
        classes = torch.randint(len(pools), (BATCH,), generator=generator)
        member = torch.arange(BATCH) % 2 == 0
        others = (classes + torch.randint(1, len(pools), (BATCH,), generator=generator)) % len(pools)
        asked = torch.where(member, classes, others)
        queries = torch.stack([_one(pools[int(k)], generator) for k in asked])
        logits = model(stacked(torch.stack([keys[int(k)] for k in classes]), queries))[:, 0]
        loss = functional.binary_cross_entropy_with_logits(logits, member.float())
        _step(optimizer, loss)
        if step % 20 == 19 or step + 1 == steps:
            _checked(loss)
            tell(f"{shots} shot{'s' if shots > 1 else ''}", step + 1, steps)
    return model.eval()


def train_classifier(images: dict[str, Tensor], *, steps: int, seed: int, tell: Tell) -> nn.Module:
    """An ordinary classifier of the seen classes; its features make the prototypes.

    Raises:
        TrainingError: the loss became non-finite.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = scenes.resnet(len(images)).train()
    pools = list(images.values())
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    for step in range(steps):
        _divide(optimizer, 0.1, step / steps)
        labels = torch.randint(len(pools), (BATCH,), generator=generator)
        batch = torch.stack([_one(pools[int(k)], generator) for k in labels])
        loss = functional.cross_entropy(model(normalised(batch)), labels)
        _step(optimizer, loss)
        if step % 20 == 19 or step + 1 == steps:
            _checked(loss)
            tell("the classifier behind the prototypes", step + 1, steps)
    return model.eval()


def _one(pool: Tensor, generator: torch.Generator) -> Tensor:
    image = pool[int(torch.randint(len(pool), (), generator=generator))]
    return image.flip(-1) if bool(torch.rand((), generator=generator) < 0.5) else image


def _divide(optimizer: torch.optim.Optimizer, rate: float, share: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate * 0.1 ** sum(share >= at for at in _DIVIDED_AT)


def _step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def _checked(loss: Tensor) -> None:
    if not math.isfinite(loss.item()):
        raise TrainingError("The loss became non-finite; train with other images, or for fewer steps.")
