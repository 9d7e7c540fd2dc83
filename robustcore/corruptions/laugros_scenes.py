"""The ten corruptions of figure 3.2 of Laugros' thesis with ranges calibrated for scenes.

The thesis sets each range for the model and data at hand (3.2.2): from where the standard model has lost one accuracy point
to where it has lost half of its accuracy. Its printed ranges do that for ImageNet at 224 pixels; a model of scenes hardly
notices some of them. Here the operations are those of `laugros.py`, with their units, and the range is read from a table;
see `_calibrated.py`. The flip has no range, and is in both suites.

A blur in the thesis' range changes little at 64 pixels, even at a weight of 1. So `laugros_scenes_blur` filters in pixels
of the image at hand, and goes on beyond a weight of 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from robustcore.corruptions._base import Corruption, Size, registry
from robustcore.corruptions._calibrated import second_set
from robustcore.corruptions.kernels import filters
from robustcore.randomness import Draws

SUITE = "laugros-scenes"
PREFIX = "laugros_scenes_"
MOST_BLURS = 6


def blur(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    """Five 3 x 3 box filters, mixed with the image by a strength up to 1; at 2 the image is filtered ten times, and strengths
    between whole ones mix the two nearest."""
    lower = strength.floor().clamp_(max=MOST_BLURS - 1)
    weight = (strength - lower).view(-1, 1, 1, 1)
    five_boxes = np.ones(1)
    for _ in range(5):
        five_boxes = np.convolve(five_boxes, np.full(3, 1 / 3))
    steps = [x]
    for _ in range(math.floor(float(lower.max())) + 1 if len(lower) else 0):
        steps.append(filters.separable(steps[-1], five_boxes, "reflect101"))
    out = torch.empty_like(x)
    for number in sorted(set(lower.tolist())):
        rows = lower == number
        less, more = steps[int(number)][rows], steps[int(number) + 1][rows]
        out[rows] = torch.lerp(less, more, weight[rows])
    return out.add_(0.5 / 255)


def _register(published: Corruption, function: Callable[..., Tensor], most: float, summary: str = "") -> None:
    second_set(
        published,
        SUITE,
        PREFIX,
        function,
        most=most,
        published_range=published.strengths,
        calibration="range calibrated for scenes by its section 3.2.2",
        remark="Calibrated for scenes.",
        summary=summary,
    )


# Greatest strengths that make sense, in the units of figure 3.2.
_MOST = {
    "gaussian_noise": 1.0,
    "artifacts": 1000.0,
    "obstruction": 224.0,
    "translation": 224.0,
    "rotation": 180.0,
    "brightness": 1.0,
    "contrast": 1.0,
    "color_distortion": 1.0,
}
for _name, _most in _MOST.items():
    _published = registry[f"laugros_{_name}"]
    _register(_published, _published.function, _most)
_register(
    registry["laugros_blur"],
    blur,
    float(MOST_BLURS),
    "Mixes the image with its blur by five 3 x 3 box filters, in its own pixels; the strength is the blur's weight, and "
    "above 1 the number of such blurs.",
)
