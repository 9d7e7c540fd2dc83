"""The corruptions of Laugros' thesis that ImageNet-C lacks or defines differently (figures 3.2 and 4.3).

Each has one continuous strength, in the figure's unit and range; a larger one is harder. Lengths are for images of 224
pixels and scale with the shorter side. The figures describe each corruption in a sentence. What they leave open is our
choice, marked "(ours)" at the corruption. Uncovered area is black. The thesis worked on floating-point images, so results are rounded
to the nearest grey level rather than truncated. Random quantities are drawn before the strength enters, so that a strength
slider moves the strength and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from robustcore.corruptions._base import Size, corruption
from robustcore.corruptions.kernels import filters
from robustcore.randomness import Draws

Function = Callable[[Tensor, Draws, Size, Tensor], Tensor]

GREY = (0.299, 0.587, 0.114)  # Rec. 601 luma
DOTS = 5  # of a dotted line
DOT = 3.0  # side of a dot at 224 pixels; the gap between two dots is as wide


def _laugros(
    figure: str,
    family: str,
    summary: str,
    strengths: tuple[float, float] | None = None,
    limits: tuple[float, float] | None = None,
    deterministic: bool = False,
    suites: tuple[str, ...] = ("laugros",),
) -> Callable[[Function], Function]:
    def register(function: Function) -> Function:
        def rounded(x: Tensor, draws: Draws, size: Size, strength: Tensor | None = None) -> Tensor:
            # Adding half a level makes the base's truncation round to nearest.
            return function(x, draws, size, torch.empty(0) if strength is None else strength).add_(0.5 / 255)

        corruption(
            family=family,
            suites=suites,
            source=f"Laugros' thesis, figure {figure}",
            summary=summary,
            strengths=strengths,
            limits=limits,
            deterministic=deterministic,
            plain_name=function.__name__,
            name=f"laugros_{function.__name__}",
        )(rounded)
        return function

    return register


def _per_image(values: Tensor) -> Tensor:
    """(n,) -> (n, 1, 1, 1): one value for each image."""
    return values.view(-1, 1, 1, 1)


def _sign(draws: Draws) -> Tensor:
    """(n,) float32, -1 or 1."""
    return (draws.integers(0, 2) * 2 - 1).to(torch.float32)


def _rows_and_columns(x: Tensor) -> tuple[Tensor, Tensor]:
    """Pixel indices (1, 1, H, 1) and (1, 1, 1, W), int64."""
    height, width = x.shape[-2:]
    rows, columns = torch.arange(height, device=x.device), torch.arange(width, device=x.device)
    return rows.view(1, 1, -1, 1), columns.view(1, 1, 1, -1)


def _cos_sin(angle: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine and sine, computed in float64: its last bit may depend on the position in the batch, but is rounded away."""
    angle = angle.to(torch.float64)
    return angle.cos().to(torch.float32), angle.sin().to(torch.float32)


def _sample(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Bilinear values of x at (n, H, W) pixel positions, black outside."""
    height, width = x.shape[-2:]
    grid = torch.stack((columns * (2 / (width - 1)) - 1, rows * (2 / (height - 1)) - 1), dim=-1)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=True)


@_laugros(
    "3.2", "noise", "Adds independent zero-mean normal noise; the strength is its deviation.", (0.05, 0.18), (0, 1)
)
def gaussian_noise(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    return draws.normal(*x.shape[1:]).mul_(_per_image(strength)).add_(x)


def _five_boxes(scale: float) -> npt.NDArray[np.float64]:
    """The weights of five passes of a three-tap box along an axis; at other sizes, passes with scaled variance.

    A pass [a, 1 - 2a, a] has variance 2a, and a box has a = 1/3; five of them have 10/3 square pixels at 224. Larger images
    need more passes, because a box is the widest possible pass.
    """
    passes = max(5, math.ceil(5 * scale**2))
    a = 5 * scale**2 / (3 * passes)
    weights = np.ones(1)
    for _ in range(passes):
        weights = np.convolve(weights, [a, 1 - 2 * a, a])
    return weights


@_laugros(
    "3.2",
    "blur",
    "Mixes the image with its blur by five 3 x 3 box filters; the strength is the blur's weight.",
    (0.4, 0.95),
    (0, 1),
    deterministic=True,
)
def blur(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    blurred = filters.separable(x, _five_boxes(size.share_of_224), "reflect101")
    return blurred.sub_(x).mul_(_per_image(strength)).add_(x)


@_laugros(
    "3.2 and 4.3",
    "occlusion",
    "Draws small dotted lines, each of one colour; the strength is their number.",
    (15, 170),
    (0, 1000),
)
def artifacts(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    """Place, direction and colour of a line are uniform; its five square dots of 3 pixels are 6 pixels apart (ours).

    A greater strength adds lines and keeps the existing ones. A dot smaller than a pixel becomes a pixel that is blended
    in by the dot's area.
    """
    n, _, height, width = x.shape
    number = strength.round()
    lines = max(1, int(number.max()))
    drawn = draws.uniform(lines, 6)  # place, direction and colour of each line
    dot = DOT * size.share_of_224
    side = max(1, round(dot))
    cos, sin = _cos_sin(drawn[..., 2:3] * math.pi)
    along = torch.arange(DOTS, device=x.device) * (2 * dot) - (DOTS - 1) * dot
    corner = (side - 1) / 2
    rows = (drawn[..., 0:1] * height + sin * along - corner).floor().to(torch.int64)  # (n, lines, DOTS)
    columns = (drawn[..., 1:2] * width + cos * along - corner).floor().to(torch.int64)
    within = torch.arange(side * side, device=x.device)
    rows = (rows[..., None] + within // side).flatten(2)  # (n, lines, DOTS * side * side)
    columns = (columns[..., None] + within % side).flatten(2)

    line = torch.arange(1, lines + 1, device=x.device)[None, :, None]
    visible = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width) & (line <= number[:, None, None])
    pixel = torch.where(visible, rows * width + columns, height * width)  # invisible pixels go to the extra last cell
    # The last line drawn owns a pixel. A maximum is independent of the order.
    owner = torch.zeros(n, height * width + 1, dtype=torch.int64, device=x.device)
    owner = owner.scatter_reduce_(1, pixel.flatten(1), line.expand_as(pixel).flatten(1), "amax")[:, :-1]
    colour = drawn[..., 3:].gather(1, (owner - 1).clamp_(min=0)[..., None].expand(-1, -1, 3))  # (n, H * W, 3)
    colour = colour.transpose(1, 2).reshape(x.shape)
    weight = (owner > 0).view(n, 1, height, width) * min(1.0, dot**2)
    return colour.sub_(x).mul_(weight).add_(x)


@_laugros(
    "3.2 and 4.3",
    "occlusion",
    "Covers one random square with a single grey value; the strength is its side in pixels.",
    (47, 125),
    (0, 224),
)
def obstruction(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    """The square is inside the image, and a larger one contains a smaller one; its value is uniform (ours)."""
    place, value = draws.uniform(2), draws.uniform(1)
    side = (strength * size.share_of_224).round().to(torch.int64)
    top = (place[:, 0] * (size.height - side + 1)).to(torch.int64)
    left = (place[:, 1] * (size.width - side + 1)).to(torch.int64)
    rows, columns = _rows_and_columns(x)
    inside = (
        (rows >= _per_image(top))
        & (rows < _per_image(top + side))
        & (columns >= _per_image(left))
        & (columns < _per_image(left + side))
    )
    return torch.where(inside, _per_image(value), x)


@_laugros(
    "3.2 and 4.3",
    "geometry",
    "Shifts the image sideways and up or down, by as much; the strength is the shift in pixels.",
    (15, 62),
    (0, 224),
)
def translation(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    """The two directions are drawn; the shift is whole pixels; uncovered area is black (ours)."""
    shift = (strength * size.share_of_224).round()
    rows, columns = _rows_and_columns(x)
    rows = rows - _per_image((_sign(draws) * shift).to(torch.int64))  # (n, 1, H, 1)
    columns = columns - _per_image((_sign(draws) * shift).to(torch.int64))
    seen = (rows >= 0) & (rows < size.height) & (columns >= 0) & (columns < size.width)
    moved = x.gather(2, rows.clamp(0, size.height - 1).expand(x.shape))
    moved = moved.gather(3, columns.clamp(0, size.width - 1).expand(x.shape))
    return moved.mul_(seen)


@_laugros(
    "3.2 and 4.3",
    "geometry",
    "Turns the image about its centre, either way; the strength is the angle in degrees.",
    (7, 50),
    (0, 180),
)
def rotation(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    """Bilinear; uncovered corners are black (ours)."""
    cos, sin = _cos_sin(strength * _sign(draws) * (math.pi / 180))
    cos, sin = cos[:, None, None], sin[:, None, None]
    rows, columns = (i[0] for i in _rows_and_columns(x))
    down, right = rows - (size.height - 1) / 2, columns - (size.width - 1) / 2
    return _sample(x, down * cos - right * sin + (size.height - 1) / 2, right * cos + down * sin + (size.width - 1) / 2)


@_laugros(
    "3.2 (its text names it, its table does not)",
    "geometry",
    "Turns the image upside down; inferred from the published accuracies, since the document does not say which way.",
    deterministic=True,
    suites=("laugros", "laugros-scenes"),  # it has no range to calibrate
)
def flip(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    """One fixed operation, without a range: it has no severities."""
    return x.flip(-2)


@_laugros(
    "3.2",
    "colour",
    "Adds one value to all pixels or subtracts it; the strength is the value, of a range of 1.",
    (0.16, 0.51),
    (0, 1),
)
def brightness(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    return x + _per_image(strength * _sign(draws))


@_laugros(
    "3.2",
    "colour",
    "Takes away a share of the contrast; the strength is that share.",
    (0.33, 0.74),
    (0, 1),
    deterministic=True,
)
def contrast(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    """Moves every value towards the mean of the image's grey version, by the share `strength` of the way.

    The figure's "contrast reduction factor" is read as the share removed: the thesis raises every strength from almost
    nothing to its upper bound (3.2.2), so 0.74 must be the hard end.
    """
    # Whole levels are summed, which is exact in any order.
    sums = (x * 255).round_().to(torch.int64).sum(dim=(2, 3)).to(torch.float64)
    mean = (sums[:, 0] * GREY[0] + sums[:, 1] * GREY[1] + sums[:, 2] * GREY[2]) / (255 * size.height * size.width)
    return (_per_image(mean.to(torch.float32)) - x).mul_(_per_image(strength)).add_(x)


@_laugros(
    "3.2 and 4.3",
    "colour",
    "Adds one value to one of the channels; the strength is the value, of a range of 1.",
    (0.09, 0.40),
    (0, 1),
)
def color_distortion(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    channel = F.one_hot(draws.integers(0, 3), 3)  # (n, 3)
    return x + (channel * strength[:, None])[..., None, None]


@_laugros(
    "4.3",
    "digital",
    "Keeps 9 to 4 equally spaced levels of each channel; the strength is 10 minus their number.",
    (1, 6),
    (-246, 8),
    deterministic=True,
)
def quantization(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    """The strength is rounded to a whole number of levels; each value goes to the nearest level, 0 and 1 among them."""
    steps = _per_image((9 - strength).round())
    return (x * steps).add_(0.5).floor_().div_(steps)


@_laugros(
    "4.3",
    "digital",
    "Makes the image smaller and larger again, bilinearly; the strength is the factor.",
    (1.1, 3.25),
    (1, 16),
    deterministic=True,
)
def thumbnail_resize(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    """Two plain bilinear interpolations without antialiasing, as in the figure's text."""
    factor = strength.to(torch.float64)
    heights, widths = (size.height / factor).round().tolist(), (size.width / factor).round().tolist()
    groups: dict[tuple[int, int], list[int]] = {}
    for i, (height, width) in enumerate(zip(heights, widths, strict=True)):
        groups.setdefault((max(1, int(height)), max(1, int(width))), []).append(i)
    out = torch.empty_like(x)
    for small, members in groups.items():
        index = torch.tensor(members, device=x.device)
        thumbnail = F.interpolate(x[index], small, mode="bilinear", align_corners=False)
        out[index] = F.interpolate(thumbnail, x.shape[-2:], mode="bilinear", align_corners=False)
    return out


@_laugros(
    "4.3",
    "occlusion",
    "Fills the image's border with a single grey value; the strength is its width in pixels.",
    (9, 46),
    (0, 112),
)
def border(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    """The value is uniform (ours)."""
    value = draws.uniform(1)
    thickness = _per_image((strength * size.share_of_224).round().to(torch.int64))
    rows, columns = _rows_and_columns(x)
    inside = (rows >= thickness) & (rows < size.height - thickness)
    inside = inside & (columns >= thickness) & (columns < size.width - thickness)
    return torch.where(inside, x, _per_image(value))


@_laugros(
    "4.3",
    "geometry",
    "Shears the image sideways; the strength is the top row's shift, as a share of the width.",
    (0.078, 0.39),
    (0, 2),
)
def shear(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    """The bottom row stays, the top row moves most, to either side; bilinear, uncovered area is black (ours).

    The figure prints only the upper bound; the lower one is a fifth of it (ours), about the ratio in its other rows.
    """
    rows, columns = (i[0] for i in _rows_and_columns(x))
    reach = (strength * _sign(draws))[:, None, None] * size.width
    columns = columns - reach * ((size.height - 1 - rows) / (size.height - 1))  # (n, H, W)
    return _sample(x, rows.expand_as(columns), columns)


@_laugros(
    "4.3",
    "colour",
    "Brightens one side of a straight line and darkens the other; the strength is the value.",
    (0.11, 0.44),
    (0, 1),
)
def backlight(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    """The line passes through a point of the image's central half, in any direction (ours)."""
    point, turn = draws.uniform(2, low=0.25, high=0.75), draws.uniform()
    cos, sin = _cos_sin(turn * (2 * math.pi))
    rows, columns = _rows_and_columns(x)
    side = (rows - _per_image(point[:, 0] * size.height)) * _per_image(sin) + (
        columns - _per_image(point[:, 1] * size.width)
    ) * _per_image(cos)
    return x + torch.where(side > 0, _per_image(strength), -_per_image(strength))


@_laugros(
    "4.3",
    "colour",
    "Mixes the image with its grey version; the strength is the grey version's weight.",
    (0.49, 1.0),
    (0, 1),
    deterministic=True,
)
def gray_scale(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    grey = x[:, 0:1] * GREY[0] + x[:, 1:2] * GREY[1] + x[:, 2:3] * GREY[2]
    return (grey - x).mul_(_per_image(strength)).add_(x)
