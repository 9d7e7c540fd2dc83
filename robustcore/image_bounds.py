"""What a hostile image file could spend beyond its pixels: time in its structure, scans, tiles, metadata.

The number of pixels bounds what an honest file costs. These bounds hold the others: no honest file comes near them.
"""

from __future__ import annotations

import io
import re
import time
from typing import Any

from PIL import Image

from robustcore.errors import ImageError

SECONDS = 10.0  # of computing for one file; a photograph of 50 megapixels takes two or three
MAX_SCANS = 100  # of a JPEG; an encoder makes about ten, and each is a pass over the image
MAX_EXIF = 65_536  # bytes; a segment of a JPEG, where EXIF has its home, holds no more

_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # no stuffed byte, restart or fill byte
_TIFF_TILE = (322, 323)  # TileWidth, TileLength


class Reader(io.BytesIO):
    """A file in memory that stops giving once its reader has computed for `SECONDS`, or has read it many times over.

    Decoders read block by block: a million empty chunks, or tags that all point at the same megabytes, end here.
    """

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self._name = name
        self._end = time.thread_time() + SECONDS  # of this thread: a busy machine refuses no image
        self._left = 8 * len(data) + (64 << 20)

    def read(self, size: int | None = -1, /) -> bytes:
        """As of any file; an `ImageError` where the bounds are reached."""
        part = super().read(size)
        self._left -= len(part)
        if self._left < 0 or time.thread_time() > self._end:
            raise ImageError(f"{self._name} takes too long to decode: its structure is out of all proportion.")
        return part


def check(image: Image.Image, data: bytes, name: str, max_pixels: int) -> None:
    """Refuse, before the pixels are read, what one call of a decoder could not be stopped in.

    Raises:
        ImageError: a JPEG with very many scans, a TIFF with tiles beyond `max_pixels`, or oversized EXIF.
    """
    if image.format in ("JPEG", "MPO") and _scans(data) > MAX_SCANS:
        raise ImageError(f"{name} is a JPEG of more than {MAX_SCANS} scans, which would take too long to decode.")
    tags: Any = getattr(image, "tag_v2", {})
    if all(tag in tags for tag in _TIFF_TILE) and tags[_TIFF_TILE[0]] * tags[_TIFF_TILE[1]] > max_pixels:
        raise ImageError(f"{name} is a TIFF whose tiles are larger than the images that are read.")
    check_exif(image, name)


def check_exif(image: Image.Image, name: str) -> None:
    """Refuse oversized EXIF; a PNG may have it behind the pixels too."""
    written_as_text = len(image.info.get("Raw profile type exif", "")) // 2
    if max(len(image.info.get("exif", b"")), written_as_text) > MAX_EXIF:
        raise ImageError(f"{name} has more than {MAX_EXIF // 1024} KiB of EXIF data; save it without.")


def _scans(data: bytes) -> int:
    """The scans of a JPEG up to its end marker, or one more than are allowed; what follows it is not the image."""
    scans, place = 0, 2
    while scans <= MAX_SCANS and (marker := _MARKER.search(data, place)):
        place = marker.end()
        code = data[place - 1]
        if code == 0xD9:
            break
        scans += code == 0xDA
        place += int.from_bytes(data[place : place + 2], "big")
    return scans
