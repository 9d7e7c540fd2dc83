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
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from robustcore import image_bounds
from robustcore.errors import ImageError, InvalidArgumentError

UInt8Array = npt.NDArray[np.uint8]

MIN_SIDE = 8
MAX_PIXELS = 50_000_000  # of a file, before decoding: a larger one is refused unread
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


def decode(source: bytes | Path | str, *, name: str = "") -> UInt8Array:
    """Decode a PNG, JPEG, WebP, BMP, GIF or TIFF into uint8 (H, W, 3), or raise an `ImageError` of one sentence.

    Orientation tags are applied; the first frame of an animation is used; transparency is composited over white; grey,
    CMYK and palette images become RGB, and 16-bit ones are scaled to 8. Files over `MAX_BYTES`, images over `MAX_PIXELS`
    and images under `MIN_SIDE` pixels a side are refused before their pixels are read, as are files that would take
    disproportionately long to decode (`image_bounds`).
    """
    if isinstance(source, (str, Path)):
        name = name or str(source)
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
        with Image.open(
            image_bounds.Reader(data, name), formats=("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
        ) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise ImageError(
                    f"{name} has {width} x {height} pixels; at most {MAX_PIXELS // 1_000_000} megapixels are read. "
                    "Make it smaller first."
                )
            if min(width, height) < MIN_SIDE:
                raise ImageError(f"{name} has {width} x {height} pixels; at least {MIN_SIDE} a side are needed.")
            image_bounds.check(image, data, name, MAX_PIXELS)
            image.load()
            image_bounds.check_exif(image, name)
            return _to_rgb(image)
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        raise ImageError(f"{name} is not a readable image; PNG, JPEG, WebP, BMP, GIF and TIFF are.") from error
    except (
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:  # the warning, if filters turn it into an error
        raise ImageError(
            f"{name} has too many pixels; at most {MAX_PIXELS // 1_000_000} megapixels are read."
        ) from error
    except Exception as error:  # decoders raise almost anything on a damaged file
        raise ImageError(f"{name} is damaged or incomplete and cannot be decoded ({error}).") from error


def _to_rgb(image: Image.Image) -> UInt8Array:
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith(("I", "F")):  # 16- or 32-bit grey
        values = np.asarray(image, dtype=np.float64)
        top = 65535.0 if image.mode.startswith("I") else max(1.0, float(values.max()))
        grey = np.clip(values / top * 255 + 0.5, 0, 255).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, (255, 255, 255, 255)), rgba)
    return np.array(image.convert("RGB"), dtype=np.uint8)


def fit(image: UInt8Array, side: int) -> UInt8Array:
    """Shorter side resized to `side` (Pillow bilinear, antialiased), then the centre `side` x `side` crop."""
    height, width = image.shape[:2]
    scale = side / min(height, width)
    size = (max(side, round(width * scale)), max(side, round(height * scale)))
    resized = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))
    top, left = (resized.shape[0] - side) // 2, (resized.shape[1] - side) // 2
    return np.ascontiguousarray(resized[top : top + side, left : left + side])
