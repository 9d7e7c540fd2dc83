"""Limits against hostile image files: decoding time, JPEG scans, TIFF tiles and EXIF size.

The number of pixels already limits the cost of an ordinary file, and ordinary files stay far below these limits.
"""

from __future__ import annotations

import io
import re
import time
from typing import Any

from PIL import Image

from robustcore.errors import ImageError

SECONDS = 10.0  # of processor time for one file; a 50-megapixel photograph takes two or three
MAX_SCANS = 100  # in a JPEG; encoders write about ten, and each is a pass over the image
MAX_EXIF = 65_536  # bytes; EXIF is stored in one JPEG segment, which holds no more

_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # no stuffed byte, restart or fill byte
_TIFF_TILE = (322, 323)  # TileWidth, TileLength


class Reader(io.BytesIO):
    """A file in memory that raises once decoding has taken `SECONDS`, or once it has been read many times over.

    Decoders read block by block, so this stops a million empty chunks, or tags that all point at the same megabytes.
    """

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self._name = name
        self._end = time.thread_time() + SECONDS  # of this thread: a busy machine refuses no image
        self._left = 8 * len(data) + (64 << 20)

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as usual; raises an `ImageError` once a limit is reached."""
        part = super().read(size)
        self._left -= len(part)
        if self._left < 0 or time.thread_time() > self._end:
            raise ImageError(f"{self._name} takes too long to decode: its structure is out of all proportion.")
        return part


def check(image: Image.Image, data: bytes, name: str, max_pixels: int) -> None:
    """Refuse, before the pixels are read, files that would block inside a single decoder call.

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
    """Refuse oversized EXIF. Call it again after decoding: a PNG may store EXIF after the pixels."""
    written_as_text = len(image.info.get("Raw profile type exif", "")) // 2
    if max(len(image.info.get("exif", b"")), written_as_text) > MAX_EXIF:
        raise ImageError(f"{name} has more than {MAX_EXIF // 1024} KiB of EXIF data; save it without.")


def _scans(data: bytes) -> int:
    """The number of scans before the JPEG's end marker; counting stops at one more than is allowed."""
    scans, position = 0, 2
    while scans <= MAX_SCANS and (marker := _MARKER.search(data, position)):
        position = marker.end()
        code = data[position - 1]
        if code == 0xD9:
            break
        scans += code == 0xDA
        position += int.from_bytes(data[position : position + 2], "big")
    return scans
