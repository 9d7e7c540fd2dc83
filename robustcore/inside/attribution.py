"""Grad-CAM and input gradient: where in an image a model's answer comes from, and how far that moves under a corruption.

Grad-CAM (Selvaraju et al. 2017): of the chosen layer's maps A_k with the logit y, ReLU(sum_k w_k A_k) with w_k the mean of
dy / dA_k over the places. Input gradient: dy / dx, summed over the three channels and divided by its greatest magnitude, so that it
is in [-1, 1]. Both are of the logit of one class.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from robustcore.detection.outputs import evaluating
from robustcore.errors import InvalidArgumentError, MissingExtraError, ModelError
from robustcore.inside import layers as layers_
from robustcore.inside.layers import MAP, Layer
from robustcore.models import state_dicts
from robustcore.models.classifier import Classifier
from robustcore.notes import Note, note

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
TOP = 5
NO_GRADIENT = (ModelError, MissingExtraError)  # what a network raises that has none, or none without onnx2torch


@note
def no_attribution(method: str, reason: str) -> str:
    return f"No {method}: {reason}"


@dataclasses.dataclass(frozen=True)
class Attribution:
    """What a model answers to n forms of an image, the clean one first, and where in them the answer comes from.

    Attributes:
        answers: (n, k) int64, the most probable classes of each.
        probabilities: (n, k) float32, theirs.
        target: (n,) int64, the class whose logit is explained.
        layer: whose maps Grad-CAM draws; None where there is none.
        cam: (n, h, w) float32, 0 or more, at the layer's own resolution; None where there is none.
        gradient: (n, H, W) float32 in [-1, 1]; None where there is none.
        choices: the spatial layers that Grad-CAM can draw, by name.
        notes: why something is missing.
    """

    answers: npt.NDArray[np.int64]
    probabilities: Floats
    target: npt.NDArray[np.int64]
    layer: Layer | None
    cam: Floats | None
    gradient: Floats | None
    choices: tuple[str, ...]
    notes: tuple[Note, ...]


def attribute(
    model: Classifier,
    images: Tensor,
    *,
    layer: str | None = None,
    own_answer: bool = False,
    target: int | None = None,
) -> Attribution:
    """Grad-CAM and input gradient of forms of an image.

    Args:
        images: (n, 3, H, W), the clean one first; uint8, or float in [0, 1] as attacks make them.
        layer: whose maps Grad-CAM draws; found where it is not named.
        own_answer: explain each image's own answer; otherwise that to the first, in all.
        target: the class that is explained in all, where it is known already; `own_answer` goes first.

    Raises:
        UnknownNameError: a named layer that there is not.
    """
    x = _pixels(model, images)
    logits, met = layers_.logits_and_layers(model, x)
    probabilities = logits.float().softmax(1)
    best = probabilities.topk(min(TOP, probabilities.shape[1]), dim=1)
    first = best.indices[:1, 0] if target is None else torch.tensor([target], device=x.device)
    explained = best.indices[:, 0] if own_answer else first.expand(len(x))
    choices = tuple(each.name for each in layers_.spatial(met))
    chosen, cam, gradient, notes = None, None, None, []
    try:
        chosen = layers_.last_map(model, met) if layer is None else layers_.named(model, met, layer)
        cam = grad_cam(model, images, chosen, explained)
    except NO_GRADIENT as error:  # a network that hides its layers, or a defence without a gradient
        notes.append(no_attribution("Grad-CAM", str(error)))
    try:
        gradient = input_gradient(model, images, explained)
    except NO_GRADIENT as error:
        notes.append(no_attribution("input gradient", str(error)))
    return Attribution(
        answers=best.indices.cpu().numpy(),
        probabilities=best.values.cpu().numpy(),
        target=explained.cpu().numpy(),
        layer=chosen if cam is not None else None,
        cam=cam,
        gradient=gradient,
        choices=choices,
        notes=tuple(notes),
    )


def joined(parts: Sequence[Attribution]) -> Attribution:
    """Forms of one image that were explained one by one, as if they had been together; a map that one lacks is left out."""
    first = parts[0]
    cams, gradients = [part.cam for part in parts], [part.gradient for part in parts]
    return Attribution(
        answers=np.concatenate([part.answers for part in parts]),
        probabilities=np.concatenate([part.probabilities for part in parts]),
        target=np.concatenate([part.target for part in parts]),
        layer=None if any(cam is None for cam in cams) else first.layer,
        cam=None if any(cam is None for cam in cams) else np.concatenate(cams),  # type: ignore[arg-type]
        gradient=None if any(each is None for each in gradients) else np.concatenate(gradients),  # type: ignore[arg-type]
        choices=first.choices,
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )


def grad_cam(model: Classifier, images: Tensor, layer: Layer, target: Tensor) -> Floats:
    """float32 (N, h, w), 0 or more: Grad-CAM of the logits `target`, (N,) int64, at a layer's own resolution.

    Raises:
        ModelError: the logits do not depend on the layer, or it has no places.
    """
    if not layer.form:
        raise ModelError(
            f"The output of {layer.name} has no places, so that Grad-CAM cannot draw it: choose another layer."
        )
    x = _pixels(model, images).requires_grad_(True)
    module = layers_.modules(model)[layer.name]
    with evaluating(model):
        if layer.form == MAP:
            from captum.attr import LayerGradCam

            try:
                weighted = LayerGradCam(model, module).attribute(x, target=target, relu_attributions=True)[:, 0]
            except RuntimeError as error:  # torch's, where no path leads from the layer to the logits
                raise _independent(layer, error) from error
        else:
            weighted = _token_cam(model, layer, x, target)
    cam: Floats = weighted.detach().float().cpu().numpy()
    return cam


def _token_cam(model: Classifier, layer: Layer, x: Tensor, target: Tensor) -> Tensor:
    """The same of tokens, and of maps with the channels last, which captum takes for something else."""
    outputs: list[Tensor] = []
    with (
        torch.enable_grad(),
        layers_.hooked([(layer.name, layers_.modules(model)[layer.name])], lambda _, o: outputs.append(o)),
    ):
        logits = model(x)
    chosen = logits.gather(1, target[:, None]).sum()
    if not outputs or not outputs[0].requires_grad:
        raise _independent(layer)
    (gradient,) = torch.autograd.grad(chosen, outputs[:1], allow_unused=True)
    if gradient is None:
        raise _independent(layer)
    maps, gradients = layer.as_map(outputs[0]), layer.as_map(gradient)
    return F.relu((gradients.mean((2, 3), keepdim=True) * maps).sum(1))


def _independent(layer: Layer, cause: RuntimeError | None = None) -> ModelError:
    why = f" ({state_dicts.first_sentence(cause)})" if cause is not None else ""
    return ModelError(f"No gradient of the answer reaches the layer {layer.name}{why}: choose another one.")


def input_gradient(model: Classifier, images: Tensor, target: Tensor) -> Floats:
    """float32 (N, H, W) in [-1, 1]: how the logits `target` change when a pixel gets brighter, relative to the strongest.

    Raises:
        ModelError: no gradient reaches the image.
    """
    from captum.attr import Saliency

    x = _pixels(model, images).requires_grad_(True)
    try:
        with evaluating(model):
            raw = Saliency(model).attribute(x, target=target, abs=False)
    except RuntimeError as error:  # torch's, where a network computes outside of it
        raise ModelError(
            f"No gradient of {model.card.name} reaches the image ({state_dicts.first_sentence(error)}); what needs none is shown."
        ) from error
    total = raw.detach().float().sum(1)
    largest = total.abs().amax((1, 2), keepdim=True)
    scaled: Floats = torch.where(largest > 0, total / largest.clamp_min(1e-30), torch.zeros_like(total)).cpu().numpy()
    return scaled


def correlation(first: npt.NDArray[np.floating], second: npt.NDArray[np.floating]) -> float:
    """Pearson's correlation of two maps of one shape, -1 .. 1; NaN where one of them is the same everywhere."""
    if first.shape != second.shape:
        raise InvalidArgumentError(f"Two maps of one shape are correlated, not {first.shape} and {second.shape}.")
    a, b = (np.asarray(each, np.float64).ravel() - np.mean(each, dtype=np.float64) for each in (first, second))
    scale = np.sqrt((a @ a) * (b @ b))
    return float(np.clip(a @ b / scale, -1, 1)) if scale > 0 else float("nan")


def share_inside(heat: npt.NDArray[np.floating], mask: Floats | Bools) -> float:
    """The share of a map's mass that is inside an object, 0 .. 1; NaN where the map is 0 everywhere.

    Args:
        heat: (h, w); its magnitude counts. It is brought to the mask's size (bilinear).
        mask: (H, W), how much of each pixel the object covers, 0 .. 1.
    """
    mass = torch.from_numpy(np.abs(np.asarray(heat, np.float64)))[None, None]
    if heat.shape != mask.shape:
        mass = F.interpolate(mass, mask.shape, mode="bilinear", align_corners=False)
    total = float(mass.sum())
    return float((mass[0, 0].numpy() * mask).sum() / total) if total > 0 else float("nan")


@dataclasses.dataclass(frozen=True)
class Movement:
    """How far the maps of an attribution move from the clean image to another form of it.

    Attributes:
        cam, gradient: correlations of the two maps, -1 .. 1; NaN where there is no map, or one is the same everywhere.
        cam_inside, gradient_inside: (clean, other) shares of the mass inside the object; NaN where its mask is unknown.
    """

    cam: float
    gradient: float
    cam_inside: tuple[float, float]
    gradient_inside: tuple[float, float]


def movement(attribution: Attribution, mask: Floats | None, *, form: int = 1, moves_pixels: bool = False) -> Movement:
    """How far the maps move.

    Args:
        mask: of the clean image's object; see `share_inside`.
        form: the place of the other form.
        moves_pixels: whether that may have moved the object, so that the mask is that of the clean image alone.
    """
    nan = float("nan")

    def compared(maps: Floats | None) -> tuple[float, tuple[float, float]]:
        if maps is None:
            return nan, (nan, nan)
        if mask is None:
            return correlation(maps[0], maps[form]), (nan, nan)
        other = nan if moves_pixels else share_inside(maps[form], mask)
        return correlation(maps[0], maps[form]), (share_inside(maps[0], mask), other)

    cam, cam_inside = compared(attribution.cam)
    gradient, gradient_inside = compared(attribution.gradient)
    return Movement(cam, gradient, cam_inside, gradient_inside)


def _pixels(model: Classifier, images: Tensor) -> Tensor:
    """float32 (N, 3, H, W) in [0, 1] on the model's device."""
    if images.ndim != 4 or images.shape[1] != 3 or not (images.dtype == torch.uint8 or images.is_floating_point()):
        raise InvalidArgumentError(
            f"Images are (N, 3, H, W), uint8 or float in [0, 1], not {images.dtype} {tuple(images.shape)}."
        )
    pixels = images.to(model.device, torch.float32)
    return pixels / 255 if images.dtype == torch.uint8 else pixels.clone()
