"""Image files that are small to send and would cost minutes or gigabytes to decode: refused, or decoded for what they are."""

from __future__ import annotations

import contextlib
import io
import re
import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from robustcore.errors import ImageError
from robustcore.images import bounds, decode

SECONDS = 2.0  # of computing, far below what each of these files would take without the bounds


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(extra: bytes = b"", *, behind: bytes = b"") -> bytes:
    """A black PNG of 16 x 16 pixels with chunks of one's own before and behind the pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress((b"\0" + bytes(3 * 16)) * 16))
    return b"\x89PNG\r\n\x1a\n" + header + extra + pixels + behind + chunk(b"IEND", b"")


def exif(tags: int, size: int) -> bytes:
    """EXIF whose tags all point at the same bytes: read naively it takes tags x size of memory."""
    entries = b"".join(struct.pack("<HHLL", 1000 + i, 1, size - 100, 0) for i in range(tags))
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", tags) + entries + bytes(4)
    return head.ljust(size, b"\0")


def tiff(tile: int, data: bytes, *, tags: tuple[tuple[int, int, int, int], ...] = ()) -> bytes:
    """A deflated grey TIFF of 64 x 64 pixels in one tile of that side."""
    entries = sorted(
        [
            (256, 4, 1, 64),
            (257, 4, 1, 64),
            (258, 3, 1, 8),
            (259, 3, 1, 8),
            (262, 3, 1, 1),
            (277, 3, 1, 1),
            (322, 4, 1, tile),
            (323, 4, 1, tile),
            (324, 4, 1, 8),
            (325, 4, 1, len(data)),
            *tags,
        ]
    )
    table = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHLL", *e) for e in entries) + bytes(4)
    return b"II*\0" + struct.pack("<L", 8 + len(data)) + data + table


def jpeg_of_scans(scans: int) -> bytes:
    """A progressive JPEG of 16 megapixels whose last scan, 31 bytes, comes again and again; each costs 7 ms."""
    data = saved(Image.new("L", (4000, 4000), 128), "JPEG", progressive=True)
    last = max(m.start() for m in re.finditer(rb"\xff\xda\x00\x08\x01", data))
    return data[:-2] + data[last:-2] * scans + data[-2:]


def gif_with_comment(blocks: int, size: int) -> bytes:
    data = saved(Image.new("P", (16, 16)), "GIF")
    start = 13 + (3 * (2 << (data[10] & 7)) if data[10] & 0x80 else 0)
    comment = b"!\xfe" + (bytes([size]) + b"x" * size) * blocks + b"\0"
    return data[:start] + comment + data[start:]


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "a JPEG of 5,000 scans": (lambda: jpeg_of_scans(5000), "more than 100 scans"),
    "a TIFF with one tile of 32,768 pixels": (lambda: tiff(32768, zlib.compress(bytes(1 << 20))), "tiles are larger"),
    "a TIFF with one tile of 2^31 pixels": (lambda: tiff(2**31 - 1, b"x" * 100), "tiles are larger"),
    "zTXt of 200 MB": (lambda: png(chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(200 << 20)))), "cannot be decoded"),
    "100 zTXt of 1 MB": (
        lambda: png(b"".join(chunk(b"zTXt", b"%d\0\0" % i + zlib.compress(bytes(1 << 20))) for i in range(100))),
        "cannot be decoded",
    ),
    "a colour profile of 200 MB": (
        lambda: png(chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(200 << 20)))),
        "cannot be decoded",
    ),
    "EXIF of 1 MB": (lambda: png(chunk(b"eXIf", exif(20_000, 1 << 20))), "more than 64 KiB of EXIF"),
    "EXIF of 1 MB behind the pixels": (
        lambda: png(behind=chunk(b"eXIf", exif(20_000, 1 << 20))),
        "more than 64 KiB of EXIF",
    ),
    "EXIF as text": (
        lambda: png(chunk(b"tEXt", b"Raw profile type exif\0" + b"\nexif\n 500000\n" + b"00" * 500_000)),
        "more than 64 KiB of EXIF",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_within_time_and_memory(case: str) -> None:
    make, says = REFUSED[case]
    data = make()
    tracemalloc.start()
    began = time.thread_time()
    with pytest.raises(ImageError, match=says) as error:
        decode(data, name="theirs")
    seconds, (_, peak) = time.thread_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert str(error.value).startswith("theirs ")
    assert seconds < SECONDS
    assert peak < 300 << 20


HARMLESS: dict[str, Callable[[], bytes]] = {
    "a GIF of 10,000 frames": lambda: saved(
        Image.new("P", (16, 16)),
        "GIF",
        save_all=True,
        loop=0,
        append_images=[Image.new("P", (16, 16), i % 256) for i in range(1, 10_000)],
    ),
    "a GIF with a comment of 5 MB": lambda: gif_with_comment(20_000, 255),
    "a GIF with a comment of single bytes": lambda: gif_with_comment(200_000, 1),
    "a PNG of 50,000 empty chunks": lambda: png(chunk(b"teSt", b"") * 50_000),
    "a JPEG with a film behind its end": lambda: (
        saved(Image.new("RGB", (16, 16)), "JPEG") + b"\xff\xda\x00\x08" * 100_000
    ),
}


@pytest.mark.parametrize("case", HARMLESS)
def test_odd_but_harmless_files_are_decoded_in_time(case: str) -> None:
    data = HARMLESS[case]()
    began = time.thread_time()
    assert decode(data).shape == (16, 16, 3)
    assert time.thread_time() - began < SECONDS


def test_a_structure_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "SECONDS", 0.05)
    data = png(chunk(b"teSt", b"") * 300_000)  # without the bound half a second, and 50 MB of it a quarter of a minute
    began = time.thread_time()
    with pytest.raises(ImageError, match="mine takes too long to decode"):
        decode(data, name="mine")
    assert time.thread_time() - began < 0.5


def test_tags_that_read_the_file_again_and_again_are_given_up() -> None:
    reader = bounds.Reader(bytes(1 << 20), "mine")

    def read_again_and_again() -> None:
        for _ in range(1000):
            reader.seek(0)
            reader.read()

    with pytest.raises(ImageError, match="mine takes too long"):
        read_again_and_again()


@pytest.mark.parametrize("tag", [(700, 1, 2**31, 0), (270, 2, 2**32 - 1, 2**32 - 1), (34665, 4, 1, 8)])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_tiff_with_absurd_tags_is_decoded_or_one_sentence(tag: tuple[int, int, int, int]) -> None:
    data = tiff(64, zlib.compress(bytes(64 * 64)), tags=(tag,))
    tracemalloc.start()
    began = time.thread_time()
    with contextlib.suppress(ImageError):  # anything else fails the test
        assert decode(data).shape == (64, 64, 3)
    assert time.thread_time() - began < SECONDS
    assert tracemalloc.get_traced_memory()[1] < 300 << 20
    tracemalloc.stop()


def test_a_loop_of_directories_in_a_tiff_ends() -> None:
    data = bytearray(tiff(64, zlib.compress(bytes(64 * 64))))
    data[-4:] = data[4:8]  # the next directory is the first one again
    began = time.thread_time()
    assert decode(bytes(data)).shape == (64, 64, 3)
    assert time.thread_time() - began < SECONDS
