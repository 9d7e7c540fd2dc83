"""What the parts work on, made here: networks with random weights and images without a file, so that nothing has to be
carried to the machine."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import threading
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from robustcore import datasets
from robustcore.evaluation import api
from robustcore.evaluation.condition import Condition
from robustcore.evaluation.request import EvaluationRequest
from robustcore.evaluation.run import executors
from robustcore.evaluation.run.runner import Progress, Summary
from robustcore.evaluation.store.store import Store
from robustcore.images import UInt8Array
from robustcore.models.classifier import Card, Classifier

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_BASE = 256  # different images of a `Synthetic`; the others are these, moved sideways


@dataclasses.dataclass(frozen=True)
class Setting:
    """How large a run is.

    Attributes:
        device: where it computes.
        small: whether it is the small run, for a CPU.
        folder: for its results files.
    """

    device: torch.device
    small: bool
    folder: Path

    @property
    def side(self) -> int:
        """Of the images of most parts."""
        return 64 if self.small else 224

    def synchronise(self) -> float:
        """Wait for the device; the time then, in seconds."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return time.perf_counter()


class Synthetic:
    """Coloured blocks under grain: images of any number without a file. Labels say nothing.

    Args:
        size, side: images, and their side in pixels.
        count: classes.
    """

    def __init__(self, size: int, side: int, count: int = 1000) -> None:
        self.size, self.side = size, side
        self.name, self.split = "synthetic", "test"
        self.classes = tuple(f"class {i}" for i in range(count))
        self.ids: npt.NDArray[np.int64] = np.arange(size, dtype=np.int64)
        self.labels: npt.NDArray[np.int64] = self.ids % count
        self.fingerprint = hashlib.sha256(f"synthetic 1 {size} {side} {count}".encode()).hexdigest()

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.images(index, index + 1)[0], int(self.labels[index])

    def images(self, start: int, stop: int) -> Tensor:
        """uint8 (stop - start, 3, side, side)."""
        base = _pictures(self.side)
        return torch.stack([base[i % _BASE].roll(i // _BASE, -1) for i in range(start, stop)])

    def source(self, index: int) -> UInt8Array:
        image: UInt8Array = self[index][0].permute(1, 2, 0).contiguous().numpy()
        return image


@functools.lru_cache(maxsize=4)
def _pictures(side: int) -> Tensor:
    generator = np.random.default_rng(0)
    blocks = generator.integers(20, 236, (_BASE, 3, 8, 8), dtype=np.uint8)
    large = torch.nn.functional.interpolate(torch.from_numpy(blocks).float(), (side, side), mode="bilinear")
    grain = torch.from_numpy(generator.integers(-12, 13, (_BASE, 1, side, side), dtype=np.int8))
    return (large + grain).clamp_(0, 255).to(torch.uint8)


class Network(nn.Module):
    """A small convolutional network.

    Args:
        classes: logits.
        most: images of one pass; more raise what a full device raises. 0 for any number.
    """

    def __init__(self, classes: int, most: int = 0) -> None:
        super().__init__()
        self.most = most
        self.layers = nn.Sequential(
            nn.Conv2d(3, 16, 3, 2, 1, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, 2, 1, bias=False),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(4),
            nn.Flatten(),
            nn.Linear(512, classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        if self.most and len(x) > self.most:
            raise torch.OutOfMemoryError(f"out of memory: {len(x)} images, where {self.most} fit")
        logits: Tensor = self.layers(x)
        return logits


def small_network(classes: tuple[str, ...], side: int, *, most: int = 0, name: str = "small network") -> Classifier:
    """A `Network` with weights from a fixed seed, whose answers differ from image to image."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = Network(len(classes), most)
    last = network.layers[-1]
    assert isinstance(last, nn.Linear)
    last.weight.data.mul_(20)
    return Classifier(network, Card(name, classes, side, "synthetic"), mean=MEAN, std=STD).eval()


def large_network(name: str, classes: tuple[str, ...]) -> Classifier:
    """A network of torchvision, "resnet50" say, with random weights, at 224 pixels."""
    import torchvision

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = torchvision.models.get_model(name, weights=None, num_classes=len(classes))
    card = Card(name, classes, 224, "synthetic", architecture=f"torchvision/{name}")
    return Classifier(network, card, mean=MEAN, std=STD).eval()


def scenes(n: int, side: int) -> tuple[Tensor, Tensor]:
    """uint8 (n, 3, side, side) images of scenes and their (n,) labels, on the CPU."""
    dataset = datasets.load_dataset("scenes", limit=n, side=side)
    return dataset.images(0, n), torch.as_tensor(dataset.labels[:n])


def corruption_conditions(names: list[str], severities: tuple[int, ...]) -> list[Condition]:
    """Each at each severity."""
    return [Condition("corruption", name, severity) for name in names for severity in severities]


@dataclasses.dataclass
class Watch:
    """How an evaluation went.

    Attributes:
        reports: (seconds since it began, progress) after each group.
    """

    reports: list[tuple[float, Progress]] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        self._began = time.perf_counter()

    def __call__(self, progress: Progress) -> None:
        self.reports.append((time.perf_counter() - self._began, progress))


def evaluate(
    models: list[Classifier],
    dataset: Synthetic,
    conditions: list[Condition],
    store: Store,
    device: str,
    *,
    precision: str = "float32",
    executor: executors.Executor | None = None,
    progress: Watch | None = None,
    cancelled: threading.Event | None = None,
) -> tuple[api.Evaluation, Summary]:
    """The project's own evaluation."""
    request = EvaluationRequest.of(models, dataset, conditions, device=device, precision=precision)
    evaluation = api.prepare(request)
    summary = api.carry_out(evaluation, store, executor=executor, progress=progress, cancelled=cancelled)
    return evaluation, summary


def counts(store: Store, evaluation: api.Evaluation) -> list[tuple[int, int]]:
    """(images, right answers) of each cell that is stored."""
    totals = [totals.counts for totals in store.totals(evaluation.cells)]
    return [(0, 0) if each is None else (each.n, each.correct) for each in totals]
