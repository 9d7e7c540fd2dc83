"""Networks and results small enough for a test."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch
from torch import Tensor, nn

from robustcore.datasets import Dataset, load_dataset
from robustcore.evaluation import Condition, evaluate
from robustcore.models.classifier import Card, Classifier
from robustcore.reports import compare

NAMES = ["gaussian_noise", "contrast", "fog"]


class Linear(nn.Module):
    """Random colours decide; always right about nothing, and different for each seed."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.layers = nn.Sequential(nn.AvgPool2d(16), nn.Flatten(), nn.Linear(48, 12))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.layers(x)
        return logits


class Never(nn.Module):
    """Always names the last class, which none of the first images is of."""

    def forward(self, x: Tensor) -> Tensor:
        return (torch.eye(12, device=x.device)[-1] - 1).expand(len(x), 12)  # logits: probabilities are warned of


def classifier(name: str, network: nn.Module) -> Classifier:
    return Classifier(network, Card(name, load_dataset("scenes").classes, 64, "scenes", architecture=name)).eval()


@dataclasses.dataclass
class World:
    dataset: Dataset
    one: Classifier
    two: Classifier
    never: Classifier
    store: Path

    def gather(self, *models: Classifier, **options: object) -> compare.Comparison:
        return compare.gather(models, self.dataset, ["imagenet-c"], store=self.store, **options)  # type: ignore[arg-type]


def make(store: Path) -> World:
    """`one` on 12 images; `two` on 8, fog on 4 and at severities 1 and 2 only; `never` clean and under contrast."""
    dataset = load_dataset("scenes")
    made = World(
        dataset, classifier("one", Linear(1)), classifier("two", Linear(2)), classifier("never", Never()), store
    )
    evaluate(made.one, dataset, NAMES, limit=12, store=store)
    evaluate(made.two, dataset, NAMES[:2], limit=8, store=store)
    evaluate(made.two, dataset, [Condition.corruption("fog", s) for s in (1, 2)], limit=4, store=store)
    never = next(n for n in range(4, 12) if 11 not in dataset.labels[:n].tolist())
    evaluate(made.never, dataset, "contrast", limit=never, store=store)
    return made
