"""Images for the browser: data addresses, exact where the image is small."""

from __future__ import annotations

import base64
import io

import cv2
import numpy as np
from PIL import Image
from torch import Tensor

from robustcore.images import to_array

EXACT_SIDE = 96  # up to this side a thumbnail holds every pixel as it is
_THUMBNAIL_SIDE = 168  # of larger images; drawn at about 100 CSS pixels
_JPEG_QUALITY = 92
_FRAME_MS = 160  # of an animation


def exact(image: Tensor) -> str:
    """uint8 (3, H, W) -> a PNG as a data address: every pixel as it is."""
    return _address("png", _bgr(image), [cv2.IMWRITE_PNG_COMPRESSION, 1])


def thumbnails(images: Tensor) -> list[str]:
    """uint8 (N, 3, H, W) -> N data addresses; images beyond `EXACT_SIDE` are made smaller and stored as JPEG."""
    side = max(images.shape[-2:])
    if side <= EXACT_SIDE:
        return [exact(image) for image in images]
    scale = min(1.0, _THUMBNAIL_SIDE / side)
    options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    return [
        _address("jpg", cv2.resize(_bgr(i), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), options)
        for i in images
    ]


def animation(frames: Tensor) -> str:
    """uint8 (F, 3, H, W) -> the frames one after another as an animated WebP in a data address; it plays without end."""
    small = max(frames.shape[-2:]) <= EXACT_SIDE
    images = [Image.fromarray(to_array(frame)) for frame in frames]
    out = io.BytesIO()
    # Method 0 is the fastest to encode; lossless where pixels are drawn as squares.
    images[0].save(
        out,
        "WEBP",
        save_all=True,
        append_images=images[1:],
        duration=_FRAME_MS,
        loop=0,
        lossless=small,
        quality=85,
        method=0,
    )
    return f"data:image/webp;base64,{base64.b64encode(out.getvalue()).decode()}"


def _bgr(image: Tensor) -> np.ndarray:
    return np.ascontiguousarray(image.permute(1, 2, 0).numpy()[..., ::-1])


def _address(kind: str, image: np.ndarray, options: list[int]) -> str:
    encoded = cv2.imencode(f".{kind}", image, options)[1]
    mime = {"png": "image/png", "jpg": "image/jpeg"}[kind]
    return f"data:{mime};base64,{base64.b64encode(encoded.tobytes()).decode()}"
