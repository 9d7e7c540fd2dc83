"""The 15 corruptions of ImageNet-C with severities calibrated for scenes: a second set of severities, not the published one.

ImageNet-C has five rows of constants for each corruption, and those for 64 pixels are so mild on scenes that training on
seven of the 15 gains nothing. Here each corruption has one continuous strength (ours), in units of the published
severities, and a range by the rule of Laugros' thesis (3.2.2); see `_calibrated.py`. At the whole strengths 1 to 5 the
constants are the published ones. Between two whole strengths, 0 (the clean image) among them, their images are mixed; above 5
the image of severity 5 is corrupted once more, by what is left of the strength.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from robustcore.corruptions import blur, digital, noise, weather
from robustcore.corruptions._base import SEVERITIES, Corruption, Size, registry
from robustcore.corruptions._calibrated import second_set
from robustcore.randomness import Draws

SUITE = "imagenet-c-scenes"
PREFIX = "imagenet_c_scenes_"
_LAST = SEVERITIES[-1]
MOST = 2.0 * _LAST
DEFINED_IN = (blur, digital, noise, weather)  # must be registered before their second set


def _at_strength(published: Corruption) -> Callable[..., Tensor]:
    def whole(x: Tensor, draws: Draws, size: Size, strength: int) -> Tensor:
        """uint8 images at a whole strength; every strength has the same draws, and the second corruption the next ones."""
        if not published.deterministic:
            draws = draws.take(torch.arange(len(x), device=x.device))
        for severity in (min(strength, _LAST), strength - _LAST):
            if severity > 0:
                x = published.function(x.clone(), draws, size, **published.parameters(severity, size))
                assert x.dtype == torch.uint8
        return x

    def apply(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
        lower = strength.floor().clamp_(max=MOST - 1)
        out = torch.empty(x.shape, dtype=torch.float32, device=x.device)
        for number in sorted(set(lower.tolist())):
            rows = (lower == number).nonzero().flatten()
            part = draws if published.deterministic else draws.take(rows)
            less, more = (whole(x[rows], part, size, int(number) + up).to(torch.float32) for up in (0, 1))
            out[rows] = torch.lerp(less, more, (strength[rows] - number).view(-1, 1, 1, 1))
        return out.add_(0.5).clamp_(0, 255).to(torch.uint8)

    return apply


for _published in [each for each in registry if "imagenet-c" in each.suites]:
    second_set(
        _published,
        SUITE,
        PREFIX,
        _at_strength(_published),
        most=MOST,
        published_range=(float(SEVERITIES[0]), float(_LAST)),
        calibration="severities calibrated for scenes by section 3.2.2 of Laugros' thesis",
        remark="Calibrated for scenes: not the published severities.",
        takes="uint8",
    )
