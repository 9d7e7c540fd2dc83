"""Names that are markup, in everything that a person, a folder, a file or a plug-in brings: shown as they read, never run.

A walk over all pages holds this, and that no page asks anybody but the dashboard's own server.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from PIL import Image

import robustcore as rc
from dashboard import pages
from robustcore.cli import main
from robustcore.models import Card, checkpoints
from robustcore.models.architectures import architecture
from tests.browser.conftest import Tab, new_page, running

pytestmark = pytest.mark.browser
MODEL = "own/<img src=x onerror=window.ran=1>"
TAG = "<img src=x onerror=window.ran=1>"
ICON = "![i](https://example.com/i.png)"  # Markdown that would ask another server
PLUGIN = f'''
import torch
from robustcore import extending

extending.family("marked", title="{TAG} family", order=99, description="{ICON}")


@extending.corruption(family="marked", source="{TAG}", summary="{TAG} {ICON}", names=["by"], imagenet=[1, 2, 3, 4, 5])
def marked(x, draws, size, by):
    return x / by


@extending.metric("marked", title="{TAG} metric", formula="{TAG} {ICON}", better="higher", unit="ratio")
def marked_metric(accuracy):
    """{TAG}"""
    return accuracy


extending.suite("marked-suite", title="{TAG} suite", description="{ICON}", conditions=["marked"])
'''
SUITE = f'''
name = "marked"
description = "{TAG} {ICON}"

[[condition]]
kind = "corruption"
name = "contrast"
severity = 3
'''
SHOWING = {"compare", "corruptions", "evaluate", "attack", "specification"}  # names of models, images and files
UPLOADS = {"corruptions": (".png",), "specification": (".toml",)}
SPECIFICATION = f'''
name = "{TAG}"
description = "{ICON}"
dataset = "scenes"

[[rows]]
metric = "accuracy"
clean = true
at_least = 1
why = "{TAG}"
'''


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a cache, a plug-in, and a dataset and a model whose names are markup, evaluated."""
    folder = tmp_path_factory.mktemp("world")
    images = folder / TAG
    for label, name in enumerate((TAG, "[b](javascript:window.ran=1)")):
        (images / "test" / name).mkdir(parents=True)
        for i in range(3):
            Image.new("RGB", (64, 64), (90 * label, 60 * i, 30)).save(images / "test" / name / f"{TAG}{i}.png")
    models = folder / "cache" / "models"
    models.mkdir(parents=True)
    classes = (TAG, "[b](javascript:window.ran=1)")
    card = Card(f"{TAG} {ICON}", classes, 64, TAG, TAG, "scenes/resnet")
    checkpoints.save(architecture("scenes/resnet").build(card, seed=1), models / f"{TAG}.safetensors")
    (folder / "cache" / "suites").mkdir()
    (folder / "cache" / "suites" / "marked.toml").write_text(SUITE)
    (folder / "marked.toml").write_text(SPECIFICATION)
    (folder / "plugin.py").write_text(PLUGIN)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("ROBUSTCORE_CACHE", str(folder / "cache"))
        table = rc.evaluate(MODEL, str(images), ["contrast"], severities=[3])
        assert table["reason"].eq("").all()
        assert (
            main(
                [
                    "report",
                    "--model",
                    MODEL,
                    "--dataset",
                    str(images),
                    "--suite",
                    "contrast",
                    "--severity",
                    "3",
                    "--title",
                    TAG,
                    "--output",
                    str(folder / "report.html"),
                ]
            )
            == 0
        )
    return folder


@pytest.fixture(scope="module")
def hostile(world: Path) -> Iterator[str]:
    """The address of a dashboard on that world."""
    with running(world / "cache", "--plugin", str(world / "plugin.py"), log=world / "log") as address:
        yield address


def unharmed(tab: Tab) -> None:
    """Nothing that came as a name has become an element, a request, or a program that ran."""
    page = tab.page
    assert page.evaluate("window.ran") is None
    assert page.locator('img[src="x"], a[href^="javascript"]').count() == 0
    assert tab.foreign() == []


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(True, id="pages that show what a person brings"),
        pytest.param(False, id="the others", marks=pytest.mark.slow),
    ],
)
def test_no_page_runs_a_name_or_asks_another_server(chromium: Any, hostile: str, world: Path, shown: bool) -> None:
    dataset, image = str(world / TAG), next((world / TAG / "test" / TAG).iterdir())
    files = {
        ".png": {"mimeType": "image/png", "buffer": image.read_bytes()},
        ".toml": {"mimeType": "application/toml", "buffer": SPECIFICATION.encode()},
    }
    tab = Tab(new_page(chromium), hostile)
    for view in pages.views():
        name = view.name
        if (name in SHOWING) != shown:
            continue
        address = {f"{name}_model": MODEL, f"{name}_models": MODEL, f"{name}_dataset": dataset}
        address |= (
            {f"{name}_from": "Upload", f"{name}_name": "My own …"} if name in ("corruptions", "specification") else {}
        )
        if name == "severity":
            address["severity_suite"] = "ImageNet-C extra"  # four corruptions instead of fifteen
        tab.open(f"/{name}?{urlencode(address)}")
        for own in UPLOADS.get(name, ()):
            tab.page.set_input_files("input[type=file]", files=[{"name": f"{TAG}{own}", **files[own]}])
            tab.page.get_by_text(TAG).first.wait_for(timeout=30_000)
        tab.settle()
        if shown:  # figures are drawn after the page is idle
            tab.page.get_by_text(TAG).first.wait_for(state="attached", timeout=30_000)
        unharmed(tab)
    assert tab.requests


def test_a_report_shows_names_as_they_read(chromium: Any, world: Path) -> None:
    page = new_page(chromium)
    page.goto((world / "report.html").as_uri())
    page.locator(".js-plotly-plot .xtick, .js-plotly-plot .ytick").first.wait_for()
    assert page.evaluate("window.ran") is None
    assert page.locator('img[src="x"]').count() == 0
    assert page.get_by_text(TAG).count() > 0
