"""The shared style: colours that everybody can tell apart on both themes, names that fit, footers that travel."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

import dashboard
from robustcore.figures import _style

# Machado, Oliveira & Fernandes 2009, severity 1.0, on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
BACKGROUNDS = ("#ffffff", "#12171d")


def rgb(colour: str) -> npt.NDArray[np.float64]:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255


def linear(c: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(a: str, b: str) -> float:
    light, dark = sorted((linear(rgb(c)) @ [0.2126, 0.7152, 0.0722] for c in (a, b)), reverse=True)
    return float((light + 0.05) / (dark + 0.05))


def seen(colour: str, matrix: npt.ArrayLike) -> npt.NDArray[np.float64]:
    x = np.clip(np.asarray(matrix) @ linear(rgb(colour)), 0, 1)
    encoded = np.where(x <= 0.0031308, x * 12.92, 1.055 * x ** (1 / 2.4) - 0.055)
    lab: npt.NDArray[np.float64] = rgb2lab(encoded)
    return lab


@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("colour", [*_style.PALETTE, _style.NEUTRAL])
def test_every_colour_stands_out_on_both_themes(colour: str, background: str) -> None:
    assert contrast(colour, background) >= 3


@pytest.mark.parametrize("vision", VISION)
def test_any_two_colours_can_be_distinguished(vision: str) -> None:
    pairs = itertools.combinations(_style.PALETTE, 2)
    closest = min((float(deltaE_ciede2000(seen(a, VISION[vision]), seen(b, VISION[vision]))), a, b) for a, b in pairs)
    assert closest[0] >= 12, closest


def test_pages_use_the_same_colours() -> None:
    config = tomllib.loads((Path(dashboard.__file__).parent / ".streamlit" / "config.toml").read_text())
    for theme, background in zip(("light", "dark"), BACKGROUNDS, strict=True):
        assert config["theme"][theme]["chartCategoricalColors"] == list(_style.PALETTE)
        assert config["theme"][theme]["backgroundColor"] == background


def test_forty_models_have_forty_strokes() -> None:
    strokes = _style.strokes([f"model {i}" for i in range(40)])
    assert len({(s.colour, s.dash) for s in strokes.values()}) == 40


def test_long_names_keep_both_ends() -> None:
    name = "timm/" + "x" * 70 + ".in1k"
    assert _style.short("scenes/vgg") == "scenes/vgg"
    assert len(_style.short(name, 30)) == 30
    assert _style.short(name, 30).startswith("timm/")
    assert _style.short(name, 30).endswith(".in1k")


def test_a_file_is_complete_with_its_footer() -> None:
    figure = _style.finish(go.Figure(), height=200, footer="100 images of scenes, seed 3.", alt="nothing")
    assert (_style.footer(figure), _style.alt(figure)) == ("100 images of scenes, seed 3.", "nothing")
    page = _style.to_html(figure, title="A title").decode()
    assert "100 images of scenes, seed 3." in page
    assert "A title" in page
    assert 'src="http' not in page  # the library is inside: it opens without a network
    assert not figure.layout.annotations  # the figure of the page is left as it was
