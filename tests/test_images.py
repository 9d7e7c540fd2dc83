"""Decoding: everything that a person may upload becomes RGB, or one sentence."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFile

from robustcore import images
from robustcore.errors import ImageError, InvalidArgumentError
from robustcore.images import Batch, crops, decode, fit
from robustcore.images.preparation import Preparation


def pattern(height: int = 24, width: int = 32) -> NDArray[np.uint8]:
    """Smooth colours that survive a JPEG."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 255 // width, y * 255 // height, 255 - x * 255 // width], axis=2).astype(np.uint8)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds no pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"")
    chunks = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (header, data, b"IEND")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


# ---- what becomes RGB


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF", "WEBP", "JPEG"])
def test_every_format(kind: str) -> None:
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 95}}.get(kind, {})
    image = decode(encoded(Image.fromarray(pattern()), kind, **options))
    assert (image.shape, image.dtype) == ((24, 32, 3), np.uint8)
    allowed = {"JPEG": 12, "GIF": 60}.get(kind, 0)  # GIF has 256 colours
    assert np.abs(image.astype(int) - pattern()).max() <= allowed


def test_grey_becomes_three_equal_channels() -> None:
    grey = pattern()[..., 0]
    assert np.array_equal(decode(encoded(Image.fromarray(grey))), np.repeat(grey[..., None], 3, axis=2))
    bits = Image.fromarray(grey).convert("1")
    assert set(np.unique(decode(encoded(bits)))) == {0, 255}


def test_cmyk_becomes_rgb() -> None:
    image = decode(encoded(Image.fromarray(pattern()).convert("CMYK"), "JPEG", quality=95))
    assert np.abs(image.astype(int) - pattern()).mean() < 4


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_is_scaled_and_not_cut_off(kind: str) -> None:
    deep = np.array([[0, 65535 // 2, 65535] * 4] * 8, np.uint16)
    image = decode(encoded(Image.fromarray(deep), kind))
    assert image.shape == (8, 12, 3)
    assert image[0, :3, 0].tolist() == [0, 127, 255] or image[0, :3, 0].tolist() == [0, 128, 255]


def test_transparency_is_laid_over_white() -> None:
    rgba = np.zeros((16, 16, 4), np.uint8)
    rgba[:, 8:] = (200, 0, 0, 255)
    rgba[0, 0] = (0, 0, 0, 128)
    image = decode(encoded(Image.fromarray(rgba)))
    assert image[5, 2].tolist() == [255, 255, 255]
    assert image[5, 12].tolist() == [200, 0, 0]
    assert abs(int(image[0, 0, 0]) - 127) <= 1
    palette = Image.fromarray(rgba[..., :3]).convert("P", palette=Image.Palette.ADAPTIVE, colors=4)
    shown = decode(encoded(palette, "GIF", transparency=palette.getpixel((2, 5))))
    assert shown[5, 2].tolist() == [255, 255, 255]


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_is_taken(kind: str) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "lime", "blue")]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)
    assert np.abs(decode(data).astype(int) - (255, 0, 0)).max() < 4


def test_the_orientation_of_a_camera_is_applied() -> None:
    image = Image.fromarray(pattern())
    exif = image.getexif()
    exif[0x0112] = 6  # turned by 90 degrees
    turned = decode(encoded(image, "JPEG", quality=95, exif=exif))
    assert turned.shape == (32, 24, 3)
    assert np.abs(turned.astype(int) - np.rot90(pattern(), -1)).mean() < 4


# ---- what is refused


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is not a readable image"),
        (b"%PDF-1.7 and so on", "is not a readable image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a readable image"),
        (encoded(Image.fromarray(pattern()))[:80], "is damaged or incomplete"),
        (encoded(Image.fromarray(pattern(200, 200)), "JPEG")[:900], "is damaged or incomplete"),
        (encoded(Image.new("RGB", (1, 1))), "has 1 x 1 pixels; at least 8"),
        (encoded(Image.new("RGB", (4_000, 2))), "has 4000 x 2 pixels; at least 8"),
        (png_header(20_000, 20_000), "at most 50 megapixels are read"),
        (png_header(10_000, 10_000), "at most 50 megapixels are read"),
        (png_header(8_000, 8_000), "has 8000 x 8000 pixels; at most 50 megapixels are read"),
        (png_header(2**31 - 1, 2**31 - 1), "at most 50 megapixels are read"),
        (png_header(0, 0), ""),
    ],
    ids=[
        "empty",
        "pdf",
        "svg",
        "half a png",
        "half a jpeg",
        "1x1",
        "4000x2",
        "20000x20000",
        "10000x10000",
        "8000x8000",
        "a bomb",
        "0x0",
    ],
)
def test_one_sentence_names_file_and_reason(data: bytes, says: str) -> None:
    with pytest.raises(ImageError) as error:
        decode(data, name="mine.png")
    message = str(error.value)
    assert message.startswith("mine.png ")
    assert says in message
    assert "\n" not in message
    assert len(message) < 250


def test_a_real_image_of_20000_pixels_a_side_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(Image.new("1", (20_000, 20_000)))  # 50 kB, and 1.2 GB as RGB
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda image: pytest.fail("its pixels were read"))
    with pytest.raises(ImageError, match="at most 50 megapixels"):
        decode(data)


def test_a_file_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MAX_BYTES", 1 << 20)
    with pytest.raises(ImageError, match="2 MiB; at most 1 MiB"):
        decode(bytes(2 << 20))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"none\.png cannot be read"):
        decode(tmp_path / "none.png")


# ---- preparation and forms


@pytest.mark.parametrize("shape", [(24, 32), (32, 24), (17, 400), (64, 64), (9, 8)])
def test_fit_gives_a_square_from_the_centre(shape: tuple[int, int]) -> None:
    assert fit(pattern(*shape), 48).shape == (48, 48, 3)


def test_fit_keeps_an_image_of_that_side() -> None:
    assert np.array_equal(fit(pattern(32, 32), 32), pattern(32, 32))
    wide = pattern(32, 52)
    assert np.array_equal(fit(wide, 32), wide[:, 10:42])


@pytest.mark.parametrize("batch", [True, False])
@pytest.mark.parametrize("as_numpy", [True, False])
def test_a_batch_gives_back_the_form_that_it_was_given(batch: bool, as_numpy: bool) -> None:
    array = np.stack([pattern(), pattern()]) if batch else pattern()
    inputs: Any = array if as_numpy else torch.from_numpy(np.moveaxis(array, -1, -3).copy())
    inner = Batch.of(inputs)
    assert inner.images.shape == (2 if batch else 1, 3, 24, 32)
    back = inner.restore(inner.images)
    assert type(back) is type(inputs)
    assert np.array_equal(np.asarray(back), np.asarray(inputs))


@pytest.mark.parametrize(
    "wrong",
    [pattern().astype(np.float32), pattern()[..., :2], pattern()[..., 0], [1, 2], torch.zeros(3, 8, 8)],
    ids=["float", "two channels", "no channels", "a list", "a float tensor"],
)
def test_other_forms_are_refused(wrong: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="Images"):
        Batch.of(wrong)


def test_a_content_id_is_a_63_bit_hash_of_the_pixels() -> None:
    one, other = pattern(), pattern()
    assert images.content_id(one) == images.content_id(other.copy())
    other[0, 0, 0] ^= 1
    assert images.content_id(one) != images.content_id(other)
    assert images.content_id(one) != images.content_id(np.ascontiguousarray(pattern().reshape(32, 24, 3)))
    assert 0 <= images.content_id(one) < 1 << 63


# ---- what is large, thin or deep


def test_a_photograph_of_50_megapixels_is_read_whole() -> None:
    data = encoded(Image.new("L", (8160, 6144), 90), "JPEG", quality=30)
    assert decode(data).shape == (6144, 8160, 3)


def test_a_larger_jpeg_is_read_at_a_part_of_its_sides() -> None:
    image = Image.new("L", (12_000, 9_000), 90)
    image.paste(200, (6_000, 0, 12_000, 9_000))
    data = encoded(image, "JPEG", quality=30)
    small = decode(data)
    assert small.shape == (4_500, 6_000, 3)
    assert abs(int(small[100, 100, 0]) - 90) <= 2 >= abs(int(small[100, 5_900, 0]) - 200)
    with pytest.raises(ImageError, match="at most 50 megapixels"):
        decode(encoded(image, "JPEG", quality=30, progressive=True))


def test_checking_alone_answers_as_decoding_does() -> None:
    whole = encoded(Image.fromarray(pattern(200, 300)), "JPEG")
    assert decode(whole, check_only=True).shape == (25, 38, 3)
    for data in (whole[: len(whole) // 2], whole[:-40], b"\xff\xd8\xff nothing"):
        with pytest.raises(ImageError):
            decode(data)
        with pytest.raises(ImageError):
            decode(data, check_only=True)


@pytest.mark.parametrize("shape", [(8, 20_000), (20_000, 8), (8, 200_000)])
def test_of_a_strip_only_the_centre_is_resized(shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    largest = 0
    resize = Image.Image.resize

    def watched(self: Image.Image, size: tuple[int, int], *args: Any, **options: Any) -> Image.Image:
        nonlocal largest
        largest = max(largest, size[0] * size[1])
        return resize(self, size, *args, **options)

    monkeypatch.setattr(Image.Image, "resize", watched)
    strip = np.zeros((*shape, 3), np.uint8)
    middle = [slice(side // 2 - 4, side // 2 + 4) for side in shape]
    strip[middle[0], middle[1]] = 200
    assert fit(strip, 224).mean() > 190
    assert largest <= 224 * 224


def test_grey_levels_that_are_no_numbers_are_refused() -> None:
    values = np.full((16, 16), 0.5, np.float32)
    assert decode(encoded(Image.fromarray(values), "TIFF")).tolist() == [[[128] * 3] * 16] * 16
    for wrong in (np.nan, np.inf, -np.inf):
        values[3, 4] = wrong
        with pytest.raises(ImageError, match="values that are not numbers"):
            decode(encoded(Image.fromarray(values), "TIFF"))
    for level in (70_000, -1):
        deep = np.full((16, 16), level, np.int32)
        with pytest.raises(ImageError, match="0 to 65535 are read"):
            decode(encoded(Image.fromarray(deep), "TIFF"))


@pytest.mark.parametrize("mode", ["RGB", "L", "1"])
def test_portable_pixmaps(mode: str) -> None:
    image = Image.fromarray(pattern()).convert(mode)
    assert np.array_equal(decode(encoded(image, "PPM")), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize(
    ("shape", "preparation"),
    [((90, 70), Preparation(24, 32, "bicubic")), ((40, 200), Preparation(24, 30)), ((24, 24), Preparation(24, 27))],
)
def test_the_first_crop_is_the_prepared_image_and_the_others_are_corners_and_mirrors(
    shape: tuple[int, int], preparation: Preparation
) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    ten = crops.crops(image, 24, preparation, 10)
    assert ten.shape == (10, 24, 24, 3)
    assert (ten[0] == images.fit(image, 24, preparation)).all()
    assert (ten[5:] == ten[:5, :, ::-1]).all()
    assert (crops.crops(image, 24, preparation, 5) == ten[:5]).all()
    assert (crops.crops(image, 24, preparation, 1) == ten[:1]).all()
    assert len({view.tobytes() for view in ten}) == 10


def test_crops_differ_where_the_preparation_leaves_no_room() -> None:
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert len({view.tobytes() for view in crops.crops(image, 64, None, 10)}) == 10
    assert (crops.crops(image, 64, None, 10)[0] == image).all()
    with pytest.raises(InvalidArgumentError):
        crops.crops(image, 64, None, 9)
