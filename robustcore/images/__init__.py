"""Decoding and checking images, and converting between array forms.

Internally a batch of images is a `torch.uint8` tensor of shape (N, 3, H, W), RGB, on any device. Public functions also
accept numpy arrays (H, W, 3) or (N, H, W, 3) and return the same form: `Batch` remembers it.
"""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageOps, JpegImagePlugin, UnidentifiedImageError
from torch import Tensor

from robustcore.errors import ImageError, InvalidArgumentError
from robustcore.images import bounds
from robustcore.images.preparation import INTERPOLATIONS, Preparation
from robustcore.paths import printable

UInt8Array = npt.NDArray[np.uint8]

# What `decode` reads, by the endings of the files' names.
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
SUFFIXES = frozenset(
    [
        ".png",
        ".apng",
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".webp",
        ".bmp",
        ".gif",
        ".tif",
        ".tiff",
        ".ppm",
        ".pgm",
        ".pbm",
        ".pnm",
    ]
)
READABLE = "PNG, JPEG, WebP, BMP, GIF, TIFF and PPM"
MIN_SIDE = 8
MAX_REDUCED = 256_000_000  # pixels of a JPEG that is read at a half, a quarter or an eighth of its sides
MAX_PIXELS = 8192 * 6144  # of what is decoded, checked before: 50 megapixels, as cameras count them
LARGEST_RESIZED = 1 << 24  # pixels of a whole image that is resized and then cropped
MAX_BYTES = 50 * 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Batch:
    """Images in the internal form, and the way back to the caller's form."""

    images: Tensor  # uint8 (N, 3, H, W)
    was_numpy: bool
    was_single: bool

    @classmethod
    def of(cls, images: Any) -> Batch:
        """Check images in any of the public forms and convert them to the internal one.

        Accepted: uint8 tensor (3, H, W) or (N, 3, H, W); uint8 array (H, W, 3) or (N, H, W, 3).
        """
        if isinstance(images, Tensor):
            single, channels, was_numpy = images.ndim == 3, -3, False
        elif isinstance(images, np.ndarray):
            single, channels, was_numpy = images.ndim == 3, -1, True
        else:
            raise InvalidArgumentError(
                f"Images are a torch.uint8 tensor (N, 3, H, W) or a numpy uint8 array (N, H, W, 3), not {type(images).__name__}."
            )
        if images.dtype not in (torch.uint8, np.uint8):
            raise InvalidArgumentError(f"Images are uint8, 0..255; these are {images.dtype}.")
        if images.ndim not in (3, 4) or images.shape[channels] != 3:
            wanted = "(N, H, W, 3) or (H, W, 3)" if was_numpy else "(N, 3, H, W) or (3, H, W)"
            raise InvalidArgumentError(f"Images have shape {wanted}, RGB; these have {tuple(images.shape)}.")
        if 0 in images.shape[-3:]:
            raise InvalidArgumentError(f"Images have at least one pixel; these have shape {tuple(images.shape)}.")
        batch = images[None] if single else images
        return cls(_to_planes(batch) if was_numpy else batch.contiguous(), was_numpy, single)

    def restore(self, images: Tensor) -> Any:
        """`images`, uint8 (N, 3, H, W), in the form that the caller passed in."""
        result: Any = images
        if self.was_numpy:
            result = _to_pixels(images.cpu())
        return result[0] if self.was_single else result


def _to_planes(images: UInt8Array) -> Tensor:
    """uint8 (N, H, W, 3) array -> uint8 (N, 3, H, W) tensor. OpenCV splits channels ten times faster than a copy does."""
    n, height, width, _ = images.shape
    planes = np.empty((n, 3, height, width), dtype=np.uint8)
    for image, result in zip(images, planes, strict=True):
        cv2.split(np.ascontiguousarray(image), list(result))
    return torch.from_numpy(planes)


def _to_pixels(images: Tensor) -> UInt8Array:
    """uint8 (N, 3, H, W) tensor -> uint8 (N, H, W, 3) array."""
    n, _, height, width = images.shape
    pixels = np.empty((n, height, width, 3), dtype=np.uint8)
    for image, result in zip(images.numpy(), pixels, strict=True):
        cv2.merge(list(image), result)
    return pixels


def to_tensor(image: UInt8Array) -> Tensor:
    """uint8 (H, W, 3) array -> uint8 (3, H, W) tensor."""
    return torch.from_numpy(np.require(image.transpose(2, 0, 1), requirements=["C", "W"]))


def to_array(image: Tensor) -> UInt8Array:
    """uint8 (3, H, W) tensor -> uint8 (H, W, 3) array."""
    array: UInt8Array = image.detach().cpu().permute(1, 2, 0).contiguous().numpy()
    return array


def content_id(image: UInt8Array) -> int:
    """The 63-bit id of an image that belongs to no dataset: a hash of its shape and pixels."""
    digest = hashlib.sha256(repr(image.shape).encode() + np.ascontiguousarray(image).tobytes()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def decode(source: bytes | Path | str, *, name: str = "", check_only: bool = False) -> UInt8Array:
    """Decode a PNG, JPEG, WebP, BMP, GIF, TIFF or PPM into uint8 (H, W, 3), or raise an `ImageError` of one sentence.

    Orientation tags are applied; the first frame of an animation is used; transparency is composited over white; grey,
    CMYK and palette images become RGB, and 16-bit ones are scaled to 8. Files over `MAX_BYTES`, images over `MAX_PIXELS`
    and images under `MIN_SIDE` pixels a side are refused before their pixels are read, as are files that would take
    disproportionately long to decode (`robustcore.images.bounds`). A JPEG over `MAX_PIXELS`, up to `MAX_REDUCED`, is read at the
    first of a half, a quarter and an eighth of its sides that is not over it.

    Args:
        source: a file's content or path.
        name: for the sentence; default the path.
        check_only: the image may be smaller than it is: only whether it can be decoded is asked.
    """
    if isinstance(source, (str, Path)):
        name = name or printable(str(source))
        try:
            data = Path(source).read_bytes()
        except OSError as error:
            raise ImageError(f"The image {name} cannot be read ({error.strerror or error}).") from error
    else:
        data = source
    name = name or "the image"
    if len(data) > MAX_BYTES:
        raise ImageError(f"{name} has {len(data) / 2**20:.0f} MiB; at most {MAX_BYTES // 2**20} MiB are read.")
    try:
        with _opened(data, name) as image:
            width, height = image.size
            reduction = _reduction(image, check_only)
            if width * height > MAX_PIXELS * reduction**2:
                raise ImageError(
                    f"{name} has {width} x {height} pixels; at most {MAX_PIXELS // 1_000_000} megapixels are read. "
                    "Make it smaller first."
                )
            if min(width, height) // reduction < MIN_SIDE:
                raise ImageError(f"{name} has {width} x {height} pixels; at least {MIN_SIDE} a side are needed.")
            bounds.check(image, data, name, MAX_PIXELS)
            if reduction > 1:
                image.draft(None, (width // reduction, height // reduction))
            image.load()
            bounds.check_exif(image, name)
            return _to_rgb(image, name)
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        raise ImageError(f"{name} is not a readable image; {READABLE} are.") from error
    except (
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:  # the warning, if filters turn it into an error
        raise ImageError(
            f"{name} has too many pixels; at most {MAX_PIXELS // 1_000_000} megapixels are read."
        ) from error
    except Exception as error:  # decoders raise almost anything on a damaged file
        raise ImageError(f"{name} is damaged or incomplete and cannot be decoded ({printable(str(error))}).") from error


def _opened(data: bytes, name: str) -> Image.Image:
    """The image with its header read."""
    reader = bounds.Reader(data, name)
    if data.startswith(b"\xff\xd8\xff"):
        # Pillow's own limit of pixels takes no account of a JPEG that is read at a part of its sides.
        return JpegImagePlugin.JpegImageFile(reader)
    return Image.open(reader, formats=FORMATS)


def _reduction(image: Image.Image, check_only: bool) -> int:
    """By what a JPEG's sides are divided while it is read: 1, 2, 4 or 8. The coefficients of a progressive one are all kept in
    memory, whatever it is read at."""
    pixels = image.width * image.height
    if image.format != "JPEG" or pixels > MAX_REDUCED or (image.info.get("progressive") and pixels > MAX_PIXELS):
        return 1
    needed = next((factor for factor in (1, 2, 4, 8) if pixels <= MAX_PIXELS * factor**2), 1)
    if check_only and min(image.size) >= 8 * MIN_SIDE:
        return max(needed, 8)
    return needed


def _to_rgb(image: Image.Image, name: str) -> UInt8Array:
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith(("I", "F")):  # 16- or 32-bit grey
        values = np.asarray(image, dtype=np.float64)
        if not np.isfinite(values).all():
            raise ImageError(f"{name} has values that are not numbers; it cannot be shown as grey levels.")
        if image.mode.startswith("I") and not 0 <= values.min() <= values.max() <= 65535:
            raise ImageError(
                f"{name} has grey levels from {values.min():.0f} to {values.max():.0f}; 0 to 65535 are read."
            )
        top = 65535.0 if image.mode.startswith("I") else max(1.0, float(values.max()))
        grey = np.clip(values / top * 255 + 0.5, 0, 255).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, (255, 255, 255, 255)), rgba)
    return np.array(image.convert("RGB"), dtype=np.uint8)


def fit(image: UInt8Array, side: int, preparation: Preparation | None = None) -> UInt8Array:
    """The shorter side resized (Pillow, antialiased), then the centre `side` x `side` crop.

    Args:
        image: uint8 (H, W, 3).
        side: of the result in pixels.
        preparation: another resizing and interpolation than `side` and bilinear; its own side is not looked at.
    """
    height, width = image.shape[:2]
    shorter = side if preparation is None else preparation.resize
    resampling = INTERPOLATIONS["bilinear" if preparation is None else preparation.interpolation]
    scale = shorter / min(height, width)
    size = (max(shorter, round(width * scale)), max(shorter, round(height * scale)))
    if preparation is not None and preparation.is_stretched:
        size = (shorter, shorter)
    top, left = (size[1] - side) // 2, (size[0] - side) // 2
    if size[0] * size[1] > max(LARGEST_RESIZED, 16 * shorter * shorter):
        # A strip of 20,000 x 8 pixels has 125 million at 224 a side: only what stays is resized. A level may differ by one.
        x, y = width / size[0], height / size[1]
        box = (left * x, top * y, (left + side) * x, (top + side) * y)
        return np.array(Image.fromarray(image).resize((side, side), resampling, box=box))
    resized = np.asarray(Image.fromarray(image).resize(size, resampling))
    return np.ascontiguousarray(resized[top : top + side, left : left + side])
