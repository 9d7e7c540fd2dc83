"""The shipped frost textures against the table of the originals, and the originals' own way in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from robustcore import corrupt, corruptions
from robustcore.corruptions.frost_textures import files
from robustcore.corruptions.frost_textures.statistics import PERCENTS, TEXTURES, measure
from robustcore.errors import ImageError
from robustcore.images import decode
from robustcore.paths import assets


@pytest.mark.parametrize("name", TEXTURES)
def test_a_texture_has_the_figures_of_the_original(name: str) -> None:
    wanted = TEXTURES[name]
    pixels = decode(assets() / "frost" / f"{name}.jpg").astype(np.float64)
    grey = pixels.mean(axis=2)
    channels = np.corrcoef(pixels.reshape(-1, 3).T)
    assert pixels.shape == (*wanted.size, 3)
    np.testing.assert_allclose(pixels.mean(axis=(0, 1)), wanted.mean, atol=0.5)
    np.testing.assert_allclose(pixels.std(axis=(0, 1)), wanted.std, atol=1)
    np.testing.assert_allclose(channels[[0, 0, 1], [1, 2, 2]], wanted.correlation, atol=0.01)
    np.testing.assert_allclose(np.percentile(grey, PERCENTS), wanted.percentiles, atol=2.5)
    crops = measure(grey, crops=120, seed=17)
    # The table's averages over 60 crops are themselves uncertain by about a level.
    assert crops.crop_mean == pytest.approx(wanted.crop_mean, abs=1.5)
    assert crops.crop_std == pytest.approx(wanted.crop_std, abs=1.2)
    assert crops.inside_std == pytest.approx(wanted.inside_std, rel=0.05)
    np.testing.assert_allclose(crops.autocorrelation, wanted.autocorrelation, atol=0.04)
    np.testing.assert_allclose(crops.log_psd, wanted.log_psd, atol=0.12)


def test_the_second_and_the_third_texture_are_one_and_drawn_twice_as_often() -> None:
    assert files.SHIPPED[1] == files.SHIPPED[2]
    # On black, frost shows nothing but its texture: blue above all in the first one, next to no colour in the others.
    black = torch.zeros(400, 3, 32, 32, dtype=torch.uint8)
    brightness = corrupt(black, "frost", 5, variant="imagenet").double().mean(dim=(1, 2, 3)) / 0.75
    assert float((brightness > 185).double().mean()) == pytest.approx(0.4, abs=0.08)


@pytest.fixture
def originals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of five pictures under the originals' names, each of one colour."""
    folder = tmp_path / "frost"
    folder.mkdir()
    for i, name in enumerate(files.ORIGINALS):
        Image.new("RGB", (300, 260), (40 * i, 100, 200)).save(folder / name)
    monkeypatch.setenv("ROBUSTCORE_FROST", str(folder))
    return folder


def test_originals_in_a_folder_are_taken_instead(originals: Path) -> None:
    result = corrupt(torch.zeros(30, 3, 64, 64, dtype=torch.uint8), "frost", 5)
    levels = (result[:, 2, 0, 0].double() / 0.55).tolist()
    assert all(abs(level - 200) < 3 for level in levels)  # JPEG moves a flat colour by a level


def test_originals_in_the_cache_are_found(own_cache: Path, originals: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ROBUSTCORE_FROST")
    own_cache.mkdir(parents=True, exist_ok=True)
    originals.rename(own_cache / "frost")
    assert files.files()[0] == own_cache / "frost" / "frost1.png"


def test_other_textures_change_the_fingerprint(originals: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frost = corruptions.get("frost")
    first = frost.revision_text()
    Image.new("RGB", (301, 260), (1, 2, 3)).save(originals / "frost4.jpg")
    second = frost.revision_text()
    monkeypatch.delenv("ROBUSTCORE_FROST")
    assert len({first, second, frost.revision_text()}) == 3


def test_an_incomplete_folder_is_refused(originals: Path) -> None:
    (originals / "frost3.png").unlink()
    with pytest.raises(ImageError, match=r"frost3\.png"):
        corrupt(torch.zeros(1, 3, 64, 64, dtype=torch.uint8), "frost", 1)


@pytest.mark.parametrize("size", [(32, 32), (33, 470), (600, 640)], ids=str)
def test_the_textures_cover_any_image(size: tuple[int, int]) -> None:
    black = torch.zeros(6, 3, *size, dtype=torch.uint8)
    assert (corrupt(black, "frost", 5).double().mean(dim=(1, 2, 3)) > 20).all()
