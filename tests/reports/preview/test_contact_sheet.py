"""The sheet for a slide: its size follows its content, and the images on it are the images."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from robustcore.reports.preview.contact_sheet import TILE, SheetImage, SheetRow, compose


def read(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)))


def colour(*rgb: int, side: int = 64, marked: bool = False) -> SheetImage:
    return SheetImage(np.full((side, side, 3), rgb, np.uint8), ("Star 12\N{NO-BREAK SPACE}%",), marked)


def test_every_tile_is_on_the_sheet() -> None:
    rows = [
        SheetRow("Fog", [colour(200, 0, 0), colour(0, 200, 0, side=224)]),
        SheetRow("A name that is far too long for its column", []),
    ]
    sheet = read(compose("Star", "seed 0", colour(0, 0, 200), ["Severity 1", "Severity 2"], rows))
    for rgb in ((200, 0, 0), (0, 200, 0), (0, 0, 200)):
        assert (sheet == rgb).all(axis=2).sum() == TILE * TILE


def test_a_marked_tile_has_a_frame() -> None:
    plain, marked = (
        read(compose("Star", "", colour(0, 0, 0), ["1"], [SheetRow("Fog", [colour(9, 9, 9, marked=m)])]))
        for m in (False, True)
    )
    assert plain.shape == marked.shape
    assert (plain != marked).any(axis=2).sum() == 2 * 4 * (TILE + 6 - 2)


def test_more_rows_make_a_longer_sheet_and_long_titles_a_wider_one() -> None:
    short = read(compose("Star", "", colour(0, 0, 0), ["1"], []))
    longer = read(compose("Star", "", colour(0, 0, 0), ["1"], [SheetRow("Fog", [colour(1, 1, 1)])]))
    wider = read(compose("Star " * 60, "", colour(0, 0, 0), ["1"], []))
    assert longer.shape[0] > short.shape[0]
    assert longer.shape[1] == short.shape[1] < wider.shape[1]
