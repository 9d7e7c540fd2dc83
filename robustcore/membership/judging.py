"""Accuracy of membership over drawings of the shots; half of the queries are members, so that chance is 50 %."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from robustcore.membership import training
from robustcore.models.scenes import SmallNetwork

DRAWS = 10  # of the shots, as printed
_BATCH = 200
Floats = npt.NDArray[np.float64]


def episodes(
    images: dict[str, Tensor], shots: int, seed: int, draws: int = DRAWS
) -> Iterator[tuple[int, Tensor, Tensor, Tensor]]:
    """(drawing, shots (k, 3, H, W), queries (n, 3, H, W), members (n,)) for each drawing and class.

    Queries are images of the class that are no shots, and as many of the other classes: all of whichever are fewer.
    """
    pools = list(images.values())
    generator = torch.Generator().manual_seed(seed)
    for draw in range(draws):
        for k, pool in enumerate(pools):
            order = torch.randperm(len(pool), generator=generator)
            rest = torch.cat([other for j, other in enumerate(pools) if j != k])
            count = min(len(pool) - shots, len(rest))
            own = pool[order[shots : shots + count]]
            others = rest[torch.randperm(len(rest), generator=generator)[:count]]
            members = torch.cat([torch.ones(count), torch.zeros(count)]).bool()
            yield draw, pool[order[:shots]], torch.cat([own, others]), members


def queries(images: dict[str, Tensor], shots: int) -> int:
    """The number of queries of one drawing over all classes."""
    sizes = [len(pool) for pool in images.values()]
    return sum(2 * min(size - shots, sum(sizes) - size) for size in sizes)


@torch.inference_mode()
def by_network(model: nn.Module, images: dict[str, Tensor], shots: int, seed: int, draws: int = DRAWS) -> Floats:
    """(draws,) the accuracy of a network over shots and query: a member where its logit is above 0."""

    def answer(keys: Tensor, queries: Tensor) -> Tensor:
        parts = []
        for at in range(0, len(queries), _BATCH):
            part = queries[at : at + _BATCH]
            parts.append(model(training.stacked(keys[None].expand(len(part), -1, -1, -1, -1), part))[:, 0] > 0)
        return torch.cat(parts)

    return _accuracies(images, shots, seed, draws, answer)


@torch.inference_mode()
def by_prototype(
    model: SmallNetwork, images: dict[str, Tensor], shots: int, threshold: float, seed: int, draws: int = DRAWS
) -> Floats:
    """(draws,) the accuracy of the likeness to the mean features of the shots: a member from a threshold on."""
    return _accuracies(images, shots, seed, draws, lambda keys, queries: likeness(model, keys, queries) >= threshold)


@torch.inference_mode()
def threshold_of(model: SmallNetwork, images: dict[str, Tensor], shots: int, seed: int) -> float:
    """The likeness from which on most pairs of the seen classes are told apart rightly."""
    values, members = [], []
    for _, keys, queries, of_class in episodes(images, shots, seed, 1):
        values.append(likeness(model, keys, queries).numpy())
        members.append(of_class.numpy())
    likenesses, member = np.concatenate(values), np.concatenate(members)
    order = np.argsort(likenesses)
    # Below a threshold are non-members: count those that are right for every cut.
    right = np.concatenate([[member.sum()], member.sum() + np.cumsum(np.where(member[order], -1, 1))])
    best = int(right.argmax())
    return float(likenesses[order[min(best, len(order) - 1)]])


def likeness(model: SmallNetwork, keys: Tensor, queries: Tensor) -> Tensor:
    """(n,) cosine of each query's features with the mean of the shots'."""
    prototype = model.features(training.normalised(keys)).mean(dim=0)
    parts = [model.features(training.normalised(queries[at : at + _BATCH])) for at in range(0, len(queries), _BATCH)]
    return torch.nn.functional.cosine_similarity(torch.cat(parts), prototype[None])


def _accuracies(
    images: dict[str, Tensor], shots: int, seed: int, draws: int, answer: Callable[[Tensor, Tensor], Tensor]
) -> Floats:
    right, total = np.zeros(draws), np.zeros(draws)
    for draw, keys, queries, members in episodes(images, shots, seed, draws):
        right[draw] += int((answer(keys, queries) == members).sum())
        total[draw] += len(members)
    return right / total
