"""Fooling-image training: images that a clean model takes for something else, under their true labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import torch

from robustcore.attacks import attack
from robustcore.errors import InvalidArgumentError, TrainingError
from robustcore.models import load_model
from robustcore.models.classifier import Classifier
from robustcore.randomness import Draws
from robustcore.training.data import TrainingSet
from robustcore.training.interventions._base import Intervention, intervention, setting
from robustcore.training.interventions.generated._sets import joined, other_ids

_BLOCK = 512  # images whose float32 copies are in memory at once


@intervention(
    "fooling",
    title="Fooling images",
    family="fooling",
    summary="Trains on images that fool a clean model, made once, beside the clean images or instead of them.",
    source="RobustNet, sections 2 and 3.2",
)
class Fooling(Intervention):
    """Before the training, images climb the pre-softmax score of a random wrong class of a clean model (the attack `fooling`).

    A fooling image keeps the label of the image that it began as. The document makes one image at each of the rates 5, 20
    and 100, and trains on all of them beside the clean ones: four times as many images. With `each` = one, every image
    gets one rate, drawn among them, and the set only doubles (ours, for equal work set half as many epochs); all is the
    document's. The document names its model, fine-tuned on the clean images, but no greatest number of steps.

    The model is a part of the recipe by its name: trained again under that name, it makes other fooling images. The card of
    what was trained holds its fingerprint.
    """

    rates: str = setting("5,20,100", help="learning rates of the ascent, for 224 pixels, separated by commas")
    clean: str = setting("beside", among=lambda: ("beside", "without"), help="beside the clean images, or without them")
    each: str = setting(
        "one", among=lambda: ("one", "all"), help="one fooling image for each image, or one at all rates"
    )
    steps: int = setting(20, low=1, high=1000, help="greatest number of steps of the ascent")
    model: str = setting("scenes/resnet-standard", help="the clean model that is fooled: a catalogue name or a path")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.numbers()

    @property
    def label(self) -> str:
        parts = [self.name]
        parts += [] if self.rates == "5,20,100" else [self.rates.replace(",", "+")]
        parts += [] if self.clean == "beside" else ["alone"]
        parts += [] if self.each == "one" else ["all"]
        return "-".join(parts)

    @property
    def growth(self) -> int:
        return (len(self.numbers()) if self.each == "all" else 1) + (self.clean == "beside")

    def numbers(self) -> tuple[float, ...]:
        """The rates; an `InvalidArgumentError` where one is no number from more than 0 to 1000."""
        try:
            rates = tuple(float(text) for text in self.rates.split(","))
        except ValueError:
            rates = ()
        if not rates or not all(0 < rate <= 1000 for rate in rates):
            raise InvalidArgumentError(
                f"The setting rates of fooling is numbers of more than 0 and at most 1000 with commas between, as 5,20,100, "
                f"not {self.rates!r}."
            )
        return rates

    def inputs(self, classes: tuple[str, ...], side: int) -> dict[str, str]:
        return {self.model: self._clean_model(classes).fingerprint()}

    def prepare(
        self,
        data: TrainingSet,
        *,
        seed: int,
        device: torch.device,
        count: Callable[[int, int], None] | None = None,
    ) -> TrainingSet:
        model = self._clean_model(data.classes).to(device).eval()
        rates = self.numbers()
        chosen = Draws(seed, "fooling:rate", data.ids).integers(0, len(rates))
        parts = [data] if self.clean == "beside" else []
        done, wanted = 0, len(data) * (len(rates) if self.each == "all" else 1)

        def add(images: int) -> None:
            nonlocal done
            done += images
            if count is not None:
                count(done, wanted)

        for index, rate in enumerate(rates):
            rows = torch.arange(len(data)) if self.each == "all" else (chosen == index).nonzero().flatten()
            if len(rows):
                parts.append(self._fooled(model, data, rows, rate, seed, add))
        return joined(parts)

    def _clean_model(self, classes: tuple[str, ...]) -> Classifier:
        model = load_model(self.model)
        if tuple(model.card.classes) != classes:
            raise TrainingError(
                f"Fooling images need a model of the classes that are trained on, and {self.model} was trained on others. "
                "Train a standard model on this dataset first and name it (--set model=NAME)."
            )
        return model

    def _fooled(
        self,
        model: Classifier,
        data: TrainingSet,
        rows: torch.Tensor,
        rate: float,
        seed: int,
        add: Callable[[int], None],
    ) -> TrainingSet:
        """The fooling images of some images at one rate, under ids of their own."""
        blocks = []
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            images, labels, ids = data.images[block].to(model.device), data.labels[block], data.ids[block]
            result = attack(
                model,
                images,
                labels,
                "fooling",
                target="random",
                learning_rate=rate,
                steps=self.steps,
                seed=seed,
                ids=ids,
            )
            blocks.append(result.images.mul(255).round_().to(torch.uint8).to(data.images.device))
            add(len(block))
        ids = other_ids(data.ids[rows], f"fooling:{rate:g}")
        return dataclasses.replace(data, images=torch.cat(blocks), labels=data.labels[rows], ids=ids)
