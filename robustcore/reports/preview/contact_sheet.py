"""A contact sheet: rows of small images with captions, composed into one image for a paper or a slide."""

from __future__ import annotations

import dataclasses
import io
import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from robustcore.images import UInt8Array

TILE = 112  # side of an image on the sheet, pixels
_LABEL_WIDTH, _GAP, _MARGIN, _CAPTION = 168, 10, 24, 18
_INK, _MUTED, _WRONG = (27, 37, 48), (93, 107, 120), (179, 54, 27)


@dataclasses.dataclass(frozen=True)
class SheetImage:
    """One image of a row: uint8 (H, W, 3), its caption lines, and whether it is marked."""

    image: UInt8Array
    captions: tuple[str, ...] = ()
    marked: bool = False


@dataclasses.dataclass(frozen=True)
class SheetRow:
    """A name and the images to its right."""

    name: str
    tiles: Sequence[SheetImage]


def compose(title: str, subtitle: str, clean: SheetImage, columns: Sequence[str], rows: Sequence[SheetRow]) -> bytes:
    """The sheet as a PNG, black on white: the clean image, then the rows below their columns' headings.

    Images are brought to `TILE` pixels a side: enlarged without smoothing, then averaged where the factor is not whole.
    A marked tile has a frame; its caption says why in letters, so that nothing depends on colour.
    """
    big, bold, small = (ImageFont.load_default(size) for size in (22, 15, 13))
    tiles = [clean, *(tile for row in rows for tile in row.tiles)]
    height = TILE + max(len(tile.captions) for tile in tiles) * _CAPTION + _GAP
    width = 2 * _MARGIN + _LABEL_WIDTH + len(columns) * (TILE + _GAP)
    width = max(width, 2 * _MARGIN + math.ceil(max(big.getlength(title), small.getlength(subtitle))))
    first = _MARGIN + 64
    top = first + height + 28
    sheet = Image.new("RGB", (width, top + len(rows) * height + _MARGIN), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((_MARGIN, _MARGIN), title, _INK, big)
    draw.text((_MARGIN, _MARGIN + 32), subtitle, _MUTED, small)
    for i, column in enumerate(columns):
        draw.text((_left(i) + TILE // 2, top - 24), column, _INK, bold, anchor="ma")
    for row, y in [(SheetRow("Clean", [clean]), first), *((row, top + j * height) for j, row in enumerate(rows))]:
        draw.text((_MARGIN, y + TILE // 2), _fit(row.name, bold, _LABEL_WIDTH - 8), _INK, bold, anchor="lm")
        for i, tile in enumerate(row.tiles):
            sheet.paste(_resized(tile.image), (_left(i), y))
            if tile.marked:
                draw.rectangle((_left(i) - 3, y - 3, _left(i) + TILE + 2, y + TILE + 2), outline=_WRONG, width=2)
            for k, caption in enumerate(tile.captions):
                place = (_left(i) + TILE // 2, y + TILE + 4 + k * _CAPTION)
                draw.text(place, _fit(caption, small, TILE + _GAP - 2), _INK, small, anchor="ma")
    out = io.BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()


def _left(column: int) -> int:
    return _MARGIN + _LABEL_WIDTH + column * (TILE + _GAP)


def _resized(image: UInt8Array) -> Image.Image:
    side = max(image.shape[:2])
    if side < TILE:
        image = np.repeat(np.repeat(image, -(-TILE // side), axis=0), -(-TILE // side), axis=1)
    return Image.fromarray(image).resize((TILE, TILE), Image.Resampling.BOX)


def _fit(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float) -> str:
    """The text, cut with an ellipsis where it is too long. The font has no sign for a space that keeps words together."""
    text = text.replace("\N{NO-BREAK SPACE}", " ")
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text.rstrip() + "..."
