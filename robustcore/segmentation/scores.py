"""Anomaly scores of pixels: higher is stranger (Basart, dissertation, section 4.4.1).

A score is a function of an `Answer`; what it needs and the network does not have makes it undefined, with a reason.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import torch
from torch import Tensor, nn

from robustcore.randomness import stable_hash
from robustcore.segmentation.networks import Autoencoder

PASSES = 20  # with dropout on; how many the document does not print


@dataclasses.dataclass(frozen=True)
class Answer:
    """What networks say of n images; None for what they do not have.

    Attributes:
        logits: (n, K, H, W).
        confidence: (n, H, W), 0..1, of the confidence branch.
        variance: (n, H, W) of the probabilities over passes with dropout on, the mean over the classes.
        error: (n, H, W) absolute error of an autoencoder's reconstruction, 0..1, the mean over the channels.
        background: the class that holds everything else.
    """

    logits: Tensor
    confidence: Tensor | None
    variance: Tensor | None
    error: Tensor | None
    background: int | None

    @property
    def predicted(self) -> Tensor:
        """(n, H, W) the most probable class of every pixel."""
        return self.logits.argmax(dim=1)


@dataclasses.dataclass(frozen=True)
class PixelScore:
    """A score.

    Attributes:
        title, formula: for people.
        needs: the field of `Answer` that it cannot do without, "" for the logits alone.
        missing: why a network may not have it.
        function: Answer -> (n, H, W).
    """

    title: str
    formula: str
    needs: str
    missing: str
    function: Callable[[Answer], Tensor]

    def __call__(self, answer: Answer) -> Tensor | None:
        """The score of every pixel; None where the network has not what it needs."""
        if self.needs and getattr(answer, self.needs) is None:
            return None
        return self.function(answer)


def _background(answer: Answer) -> Tensor:
    assert answer.background is not None
    return answer.logits.softmax(dim=1)[:, answer.background]


def _given(field: str, sign: float) -> Callable[[Answer], Tensor]:
    return lambda answer: sign * getattr(answer, field)


SCORES: dict[str, PixelScore] = {
    "max_logit": PixelScore("Maximum logit", "- greatest logit", "", "", lambda answer: -answer.logits.amax(dim=1)),
    "msp": PixelScore(
        "Maximum softmax",
        "- greatest softmax probability",
        "",
        "",
        lambda answer: -answer.logits.softmax(dim=1).amax(dim=1),
    ),
    "background": PixelScore(
        "Background",
        "softmax probability of the background class",
        "background",
        "the dataset has no background class",
        _background,
    ),
    "dropout": PixelScore(
        "Dropout variance",
        f"variance of the softmax probabilities over {PASSES} passes with dropout on, the mean over the classes",
        "variance",
        "the network has no dropout",
        _given("variance", 1.0),
    ),
    "branch": PixelScore(
        "Confidence branch",
        "- confidence of a branch trained with -y log(p c), as printed: nothing in this loss lets c fall",
        "confidence",
        "the network has no confidence branch",
        _given("confidence", -1.0),
    ),
    "autoencoder": PixelScore(
        "Autoencoder",
        "|x - reconstruction|, the mean over the channels",
        "error",
        "no autoencoder was given",
        _given("error", 1.0),
    ),
}


@torch.inference_mode()
def answer(
    network: nn.Module,
    images: Tensor,
    *,
    background: int | None,
    autoencoder: nn.Module | None = None,
    passes: int = PASSES,
    seed: int = 0,
) -> Answer:
    """What networks say of uint8 images (n, 3, H, W).

    Args:
        network: gives logits and, where it has one, a confidence's logit.
        images: on any device.
        background: the class that holds everything else.
        autoencoder: whose error is taken too.
        passes: with dropout on; 0 for none.
        seed: of the dropout.
    """
    inputs = images.float() / 255
    logits, confidence = network(inputs)
    error = None
    if isinstance(autoencoder, Autoencoder):
        error = (autoencoder(inputs) - inputs).abs().mean(dim=1)
    return Answer(
        logits,
        None if confidence is None else confidence.sigmoid(),
        _variance(network, inputs, passes, seed),
        error,
        background,
    )


def _variance(network: nn.Module, inputs: Tensor, passes: int, seed: int) -> Tensor | None:
    dropping = [m for m in network.modules() if isinstance(m, nn.modules.dropout._DropoutNd) and m.p > 0]
    if not dropping or passes < 2:
        return None
    total = square = None
    with torch.random.fork_rng(devices=[] if inputs.device.type == "cpu" else [inputs.device]):
        torch.manual_seed(stable_hash(f"segmentation/dropout/{seed}") % 2**31)
        try:
            for module in dropping:
                module.train()
            for _ in range(passes):
                probabilities = network(inputs)[0].softmax(dim=1)
                total = probabilities if total is None else total + probabilities
                square = probabilities**2 if square is None else square + probabilities**2
        finally:
            for module in dropping:
                module.eval()
    assert total is not None
    assert square is not None
    variance: Tensor = (square / passes - (total / passes) ** 2).clamp(min=0).mean(dim=1)
    return variance
