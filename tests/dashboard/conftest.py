"""Pages without a browser: the entry script under Streamlit's AppTest."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest

from dashboard import cache, pages
from robustcore.reports.claims import _evidence

APP = Path(pages.__file__).resolve().parent / "app.py"
SHOW_AN_IMAGE = ("corruptions", "sequences", "attack", "inside")
OpenPage = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def on_this_machine_alone() -> None:
    """As the server is started: what may be typed on a page depends on where it listens.

    A search for garbage after every run of a page would take half of its time beside all the tests' modules.
    """
    config.set_option("server.address", "127.0.0.1")
    config.set_option("runner.postScriptGC", False)


@pytest.fixture
def open_page(on_this_machine_alone: None, monkeypatch: pytest.MonkeyPatch) -> OpenPage:
    """`open_page("corruptions", corruptions_seed="3")`: the page as it stands after its first run with that address."""
    # The page of claims is drawn the same from categories that are sought from fewer starts.
    monkeypatch.setattr(_evidence, "INITIALISATIONS", 5)
    # Each test has a cache folder, and so models and results, of its own.
    cache.expiry.results_changed()
    cache.models.model_names.clear()

    views = pages.views

    def open_(name: str, /, **address: Any) -> AppTest:
        # Pages are functions, not files, so that AppTest cannot go to one by its name: it is the first one instead.
        monkeypatch.setattr(pages, "views", lambda: sorted(views(), key=lambda view: view.name != name))
        at = AppTest.from_file(str(APP), default_timeout=180)
        if name in SHOW_AN_IMAGE:  # photographs are the default, and their classifier is large
            address = {f"{name}_from": "Scenes", f"{name}_model": cache.models.DEFAULT_MODEL, **address}
        if name == "models_and_data":  # the checks of its default are some 150 answers of that classifier
            address = {"models_model": cache.models.DEFAULT_MODEL, "models_count": "12", **address}
        for key, value in address.items():
            at.query_params[key] = value
        return at.run()

    return open_


def sound(at: AppTest) -> bool:
    """Whether the page shows neither an exception nor an error box; the message of an assertion tells which."""
    assert not at.exception, at.exception[0].message
    assert not at.error, at.error[0].value
    return True


def markup(at: AppTest, key: str) -> str:
    """The markup that a page shows under that key; "" where it shows none."""
    for element in at.get("bidi_component"):
        if element.key == key:
            result: str = json.loads(element.proto.json)["markup"]
            return result
    return ""


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of a small untrained model of scenes."""
    from robustcore.datasets import load_dataset
    from robustcore.models import Card, checkpoints
    from robustcore.models.architectures import architecture

    card = Card("scenes/small", load_dataset("scenes").classes, 64, "scenes", "standard", "scenes/resnet")
    path = tmp_path_factory.mktemp("model") / "small.safetensors"
    checkpoints.save(architecture("scenes/resnet").build(card, seed=1), path)
    return path


@pytest.fixture
def own_model(own_cache: Path, small_model: Path) -> str:
    """A small untrained model of scenes, kept in the cache as if it had been trained here."""
    (own_cache / "models").mkdir(parents=True)
    shutil.copy2(small_model, own_cache / "models" / "small.safetensors")
    return "own/small"


@pytest.fixture(scope="session")
def small_results(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its results on six images, clean and under two corruptions."""
    from robustcore.evaluation import evaluate

    folder = tmp_path_factory.mktemp("evaluated")
    (folder / "models").mkdir()
    shutil.copy2(small_model, folder / "models" / "small.safetensors")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROBUSTCORE_CACHE", str(folder))
        evaluate("own/small", "scenes", ["contrast", "gaussian_noise"], limit=6)
    return folder / "results" / "results.sqlite"


@pytest.fixture
def evaluated(own_model: str, own_cache: Path, small_results: Path) -> str:
    """The small model with its results in the cache."""
    (own_cache / "results").mkdir(parents=True)
    shutil.copy2(small_results, own_cache / "results" / "results.sqlite")
    return own_model
