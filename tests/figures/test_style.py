"""The shared style: colours that everybody can tell apart on both themes, names that fit, footers that travel."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

import dashboard
from robustcore.figures import _style, bars, heatmap, severity_curves, under_attack
from robustcore.figures.comparing import error_ratios

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


LONG = "runs/robustness/imagenet/2024/seeds"
ALIKE = [
    [f"runs/robustness/{name}-run1/checkpoint.safetensors" for name in ("augmix", "cutmix", "standard")],
    [f"{LONG}/{k}/epochs/final/checkpoint.safetensors" for k in range(12)],
    [f"{'a' * 40}{k}{'b' * 40}" for k in range(3)],
    [f"{'a' * 40}{k}{'b' * 40}{end}" for k in range(3) for end in "cd"],
    [f"{LONG}/{'x' * 60}{k}{'y' * 60}/best.pt" for k in range(3)],
    [f"/a/{'b/' * 30}c", f"/a/{'b/' * 31}c", f"/a/{'b/' * 32}c"],
    ["m", "m" * 50, "m" * 51],
    ["2024", "1e5", "2024-05-01"],
]


@pytest.mark.parametrize("names", ALIKE, ids=lambda names: names[0][:20])
@pytest.mark.parametrize("shortened", [_style.distinct, _style.shortest])
def test_models_whose_names_are_shortened_stay_apart(
    shortened: Callable[[list[str], int], dict[str, str]], names: list[str]
) -> None:
    labels = shortened(names, 24)
    assert list(labels) == names
    assert len(set(labels.values())) == len(names)
    assert max(map(len, labels.values())) <= 30


def test_of_long_paths_the_part_that_differs_is_kept() -> None:
    assert list(_style.distinct(ALIKE[0]).values()) == ["…/augmix-run1/…", "…/cutmix-run1/…", "…/standard-run1/…"]
    assert _style.distinct(["scenes/resnet-standard"]) == {"scenes/resnet-standard": "scenes/resnet-standard"}


CALLED = ("2024", "1e5", "2024-05-01", *ALIKE[0])


def long_table(**more: object) -> pd.DataFrame:
    """One row for each model and severity with every column that the figures read."""
    rows = [
        {"model": m, "name": "fog", "family": "weather", "severity": s, "accuracy": 0.5, "value": 0.5, "low": 0.4}
        | {"high": 0.6, "n": 9, "error": 0.5, "baseline_error": 0.5, "clean": 0.9, "group": "", "reason": ""}
        | more
        for m in CALLED
        for s in range(6)
    ]
    return pd.DataFrame(rows)


FIGURES = {
    "curve": lambda: severity_curves.severity_curve(long_table(), footer="", alt=""),
    "panels": lambda: severity_curves.severity_panels(long_table(), footer="", alt=""),
    "ratios": lambda: error_ratios.ratio_panels(long_table(), footer="", alt=""),
    "bars": lambda: bars.condition_bars(
        long_table().drop_duplicates("model"), bars.Scale("accuracy (%)", 100, ".1f"), footer="", alt=""
    ),
    "eps": lambda: under_attack.eps_curves(
        long_table(attack="pgd", access="white-box", condition="").assign(eps=lambda t: t["severity"] / 255), footer=""
    ),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_legend_names_each_model_once(name: str) -> None:
    figure = FIGURES[name]()
    models = {trace.name for trace in figure.data if trace.name and trace.showlegend is not False}
    assert len(models - {"1: as the baseline"}) == len(CALLED)


def test_no_figure_has_names_as_coordinates() -> None:
    table = heatmap.heatmap(
        long_table().drop_duplicates("model").assign(name="1e5"), bars.Scale("x", 100, ".1f"), footer="", alt=""
    )
    for figure in (*(make() for make in FIGURES.values()), table):
        for trace in figure.data:
            for values in (trace.x, trace.y):
                assert not any(isinstance(value, str) for value in ([] if values is None else values)), trace
