"""Headings with pictures, for documents that open without a server: `sections.html.jinja` draws them."""

from __future__ import annotations

import base64
import dataclasses

import cv2
import numpy as np

from robustcore.images import UInt8Array

CRISP = 96  # pixels a side up to which they are drawn as squares
_JPEG_QUALITY = 88


@dataclasses.dataclass(frozen=True)
class Picture:
    """One image of a document: its address, what it shows, and whether its pixels are drawn as squares."""

    source: str
    caption: str
    crisp: bool


@dataclasses.dataclass(frozen=True)
class Section:
    """A heading with pictures.

    Attributes:
        title: the heading.
        pictures: row by row.
        columns: pictures in a row; 0 for as many small ones as there is room for.
        notes: what is said of them.
    """

    title: str
    pictures: tuple[Picture, ...]
    columns: int
    notes: tuple[str, ...] = ()


def picture(pixels: UInt8Array, caption: str, crisp: bool, *, small: bool = False) -> Picture:
    """An image (H, W, 3) as it is, in PNG; a small one that is no sketch of few pixels in JPEG."""
    bgr = np.ascontiguousarray(pixels[..., ::-1])
    lossy = small and not crisp
    kind, options = ("jpg", [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]) if lossy else ("png", [])
    encoded = cv2.imencode(f".{kind}", bgr, options)[1]
    mime = "jpeg" if lossy else "png"
    return Picture(f"data:image/{mime};base64,{base64.b64encode(encoded.tobytes()).decode()}", caption, crisp)
