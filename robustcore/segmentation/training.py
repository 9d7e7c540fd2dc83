"""Training the small segmentation networks: cross entropy pixel by pixel, or the error of a reconstruction."""

from __future__ import annotations

import dataclasses
import math
import platform
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from robustcore import devices
from robustcore.errors import InvalidArgumentError, TrainingError
from robustcore.randomness import stable_hash
from robustcore.segmentation import data as datasets
from robustcore.segmentation import measures, networks
from robustcore.segmentation.data import PixelDataset
from robustcore.segmentation.networks import AUTOENCODER, Card

_RENDERED = 200  # images between two looks at the progress


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A training.

    Attributes:
        model: an architecture of `networks`.
        dataset: with masks, by name or path.
        epochs, seed, batch, learning_rate: as of other trainings; AdamW, one cycle.
        limit: use only the first training images, 2 or more.
    """

    model: str
    dataset: str = datasets.STREET
    epochs: int = 10
    seed: int = 0
    batch: int = 16
    learning_rate: float = 3e-3
    limit: int | None = None

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 2 or not self.learning_rate > 0:
            raise InvalidArgumentError(
                "A training has 1 epoch or more, 2 images or more in a step, and a rate above 0."
            )
        if self.limit is not None and self.limit < 2:
            raise InvalidArgumentError(f"A training takes 2 images or more, so that its limit is not {self.limit}.")

    @property
    def name(self) -> str:
        """What the trained network is called: dataset, architecture, and a seed other than 0."""
        place = self.dataset if self.dataset == datasets.STREET else Path(self.dataset).name or "folder"
        return f"{place}-{self.model.rpartition('/')[2]}" + (f"-seed{self.seed}" if self.seed else "")

    @property
    def command(self) -> str:
        """The command line that trains it."""
        parts = [
            f"robustcore train --task segmentation --model {self.model} --dataset {self.dataset} --epochs {self.epochs}"
        ]
        parts += [f"--seed {self.seed}"] if self.seed else []
        parts += [f"--batch {self.batch}"] if self.batch != 16 else []
        parts += [f"--lr {self.learning_rate:g}"] if self.learning_rate != 3e-3 else []
        parts += [f"--limit {self.limit}"] if self.limit else []
        return " ".join(parts)


@dataclasses.dataclass(frozen=True)
class Trained:
    """A trained network with its card, whose record has the validation's score: mIoU, or mean absolute error."""

    network: nn.Module
    card: Card


def train(
    recipe: Recipe,
    *,
    device: torch.device | str | None = "auto",
    progress: Callable[[str, int, int], None] | None = None,
) -> Trained:
    """Train a network; on a CPU equal recipes, versions and thread counts give equal weights.

    Args:
        recipe: what to do.
        device: where.
        progress: told an activity, what is done of it and how much there is.

    Raises:
        UnknownNameError: no such network or dataset.
        TrainingError: fewer than 2 images, or the loss became non-finite.
    """
    tell = progress or (lambda what, done, total: None)
    where = devices.pick(device)
    dataset = datasets.load(recipe.dataset, "train", recipe.limit)
    if len(dataset) < 2:
        raise TrainingError(f"{recipe.dataset} has {len(dataset)} training images; a training takes 2 or more.")
    torch.manual_seed(stable_hash(f"segmentation/{recipe.model}/{recipe.seed}") % 2**31)
    # Before the images are painted, which takes minutes: a wrong name is refused at once.
    network = networks.build(recipe.model, len(dataset.classes)).to(where).to(memory_format=torch.channels_last)
    images, masks = _read(dataset, lambda done: tell("painting the training images", done, len(dataset)))
    began = time.perf_counter()
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate, weight_decay=1e-3)
    generator = torch.Generator().manual_seed(recipe.seed)
    # Batch norm needs two images, so that a single last one is left out.
    steps_each = len(images) // recipe.batch + (len(images) % recipe.batch > 1)
    steps = steps_each * recipe.epochs
    step = 0
    for _ in range(recipe.epochs):
        order = torch.randperm(len(images), generator=generator)
        for start in range(0, len(order), recipe.batch):
            pick = order[start : start + recipe.batch]
            if len(pick) < 2:
                continue
            for group in optimizer.param_groups:
                group["lr"] = _rate(recipe.learning_rate, step, steps)
            mirrored = bool(torch.rand((), generator=generator) < 0.5)
            batch, mask = images[pick].to(where), masks[pick].to(where)
            loss = _loss(network, batch.flip(-1) if mirrored else batch, mask.flip(-1) if mirrored else mask)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            step += 1
            if step % 10 == 0 or step == steps:
                value = loss.item()
                if not math.isfinite(value):
                    raise TrainingError("The loss became non-finite; train with a smaller --lr.")
                tell(f"training, loss {value:.3f}", step, steps)
    network.eval().to(memory_format=torch.contiguous_format)
    seconds = time.perf_counter() - began
    score = _validated(network, recipe, where)
    record = {
        "command": recipe.command,
        "seed": recipe.seed,
        "epochs": recipe.epochs,
        "images": len(images),
        "data": dataset.fingerprint,
        "seconds": round(seconds, 1),
        "threads": torch.get_num_threads(),
        "versions": f"torch {torch.__version__}, python {platform.python_version()}",
        **score,
    }
    classes = () if recipe.model == AUTOENCODER else tuple(dataset.classes)
    return Trained(network, Card(recipe.name, recipe.model, classes, recipe.dataset, record))


def _read(dataset: PixelDataset, tell: Callable[[int], None]) -> tuple[Tensor, Tensor]:
    parts = []
    for start in range(0, len(dataset), _RENDERED):
        parts.append(dataset.pairs(start, min(start + _RENDERED, len(dataset))))
        tell(min(start + _RENDERED, len(dataset)))
    return torch.cat([images for images, _ in parts]), torch.cat([masks for _, masks in parts])


def _loss(network: nn.Module, images: Tensor, masks: Tensor) -> Tensor:
    inputs = (images.float() / 255).contiguous(memory_format=torch.channels_last)
    if isinstance(network, networks.Autoencoder):
        error: Tensor = (network(inputs) - inputs).abs().mean()
        return error
    logits, confidence = network(inputs)
    labels = masks.long()
    loss = functional.cross_entropy(logits.float(), labels, ignore_index=measures.IGNORED)
    if confidence is None:
        return loss
    # As printed, -y log(p c): the logarithm makes a sum of the cross entropy and of -log c.
    counted = labels != measures.IGNORED
    return loss + functional.softplus(-confidence.float())[counted].mean()


def _rate(peak: float, step: int, steps: int) -> float:
    """One cycle: up for the first 30 %, down along a cosine."""
    up = max(1.0, 0.3 * steps)
    if step < up:
        return peak * (0.05 + 0.95 * step / up)
    return peak * (0.5 + 0.5 * math.cos(math.pi * (step - up) / max(1.0, steps - up))) + 1e-6


@torch.inference_mode()
def _validated(network: nn.Module, recipe: Recipe, device: torch.device) -> dict[str, float]:
    """The score on the validation images: "val_miou", or "val_error" of a reconstruction."""
    dataset = datasets.load(recipe.dataset, "val", recipe.limit)
    counts = measures.Confusion(len(dataset.classes))
    errors = []
    for start in range(0, len(dataset), 50):
        images, masks = dataset.pairs(start, min(start + 50, len(dataset)))
        inputs = images.to(device).float() / 255
        if isinstance(network, networks.Autoencoder):
            errors.append(float((network(inputs) - inputs).abs().mean()) * len(images))
        else:
            counts.add(masks, network(inputs)[0].argmax(dim=1).cpu())
    if errors:
        return {"val_error": round(sum(errors) / len(dataset), 5)}
    return {"val_miou": round(counts.miou, 5)}
