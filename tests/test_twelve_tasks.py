"""The twelve tasks of docs/your-own.md, each done as it is told there: its commands and files, on a tiny folder and small networks."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sqlite3
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dashboard.session import roots
from robustcore import cli, load_dataset, load_model, plugins
from robustcore.datasets.scenes.outlines import CLASSES
from robustcore.evaluation import Store
from robustcore.models import Card, checkpoints
from robustcore.models.architectures import architecture
from tests.dashboard.conftest import OpenPage, on_this_machine_alone, open_page, sound

__all__ = ["on_this_machine_alone", "open_page"]  # fixtures
TEXT = (Path(__file__).parents[1] / "docs" / "your-own.md").read_text().partition("## Twelve tasks")[2]
TASKS = {int(number): rest for number, rest in re.findall(r"^### (\d+)\.(.*?)(?=^### |\Z)", TEXT, flags=re.M | re.S)}
SHAPES = ("arrow", "bolt", "umbrella")


def blocks(task: int) -> list[str]:
    """The indented blocks of a task."""
    return [
        textwrap.dedent(block).strip()
        for block in re.findall(r"((?:^    .*\n|^\n(?=    ))+)", TASKS[task] + "\n", flags=re.M)
    ]


def commands(task: int) -> list[list[str]]:
    """The commands of a task, without the first word."""
    lines = [line for block in blocks(task) for line in block.splitlines()]
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("robustcore ")]


def done(task: int) -> None:
    """Run a task's commands."""
    assert commands(task)
    for words in commands(task):
        assert cli.main(words) == 0, words


def save(path: Path, seed: int) -> None:
    card = Card(f"scenes/untrained-{seed}", tuple(CLASSES), 64, "scenes", architecture="scenes/resnet")
    checkpoints.save(architecture("scenes/resnet").build(card, seed=seed), path)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder animals and the checkpoints."""
    root = tmp_path_factory.mktemp("twelve")
    rng = np.random.default_rng(0)
    for split in ("train", "test"):
        for shape in SHAPES:
            (root / "animals" / split / shape).mkdir(parents=True)
            for number in range(2):
                pixels = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
                Image.fromarray(pixels).resize((64, 64)).save(root / "animals" / split / shape / f"{number}.png")
    save(root / "mine.safetensors", 1)
    save(root / "sharp.safetensors", 2)
    return root


@pytest.fixture(autouse=True)
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a copy of them, and a cache of its own."""
    monkeypatch.setenv("ROBUSTCORE_CACHE", str(tmp_path / "cache"))
    work = tmp_path / "work"
    shutil.copytree(made, work)
    monkeypatch.chdir(work)
    return work


def rows(text: str = "scenes/untrained-1") -> pd.DataFrame:
    """What is stored of a model."""
    assert cli.main(["results", "export", "stored.csv"]) == 0
    table = pd.read_csv("stored.csv")
    table = table[~table["shipped"]] if "shipped" in table else table
    return table[table["model"].str.contains(text, regex=False)]


def test_all_are_told() -> None:
    assert sorted(TASKS) == list(range(1, 13))


def test_1_see(open_page: OpenPage, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roots, "any_path", lambda: True)
    at = open_page("corruptions", corruptions_model=str(here / "mine.safetensors"), corruptions_from="Upload")
    assert sound(at)
    at.file_uploader[0].upload("photograph.png", (here / "animals/test/bolt/0.png").read_bytes(), "image/png").run()
    assert sound(at)
    assert any(element.key == "corruptions_grid" for element in at.get("bidi_component"))


def test_2_attack(here: Path) -> None:
    (here / "attack.toml").write_text(blocks(2)[0])
    done(2)
    assert ("attack", "fgsm") in set(zip(rows("mine")["kind"], rows("mine")["name"], strict=True))


def test_3_evaluate(here: Path) -> None:
    done(3)
    table = pd.read_csv(here / "mine.csv")
    assert set(table["name"]) >= {"clean", "fog", "jpeg_compression"}
    assert len(table) == 16
    assert (table["n"] == 6).all()


def test_4_released_files(here: Path) -> None:
    done(4)
    assert len(load_dataset(here / "animals-c" / "fog" / "3")) == 6
    fog = rows("mine")
    fog = fog[fog["name"] == "fog"]
    assert sorted(fog["storage"]) == ["memory", "released"]
    assert fog["accuracy"].nunique() == 1


def test_5_surrogate(here: Path) -> None:
    (here / "attack.toml").write_text(blocks(2)[0])
    done(5)
    params = rows("mine").query("kind == 'attack'")["params"].astype(str)
    assert params.str.contains("surrogate").sum() == 1
    assert len(params) == 2


def test_6_two_checkpoints(here: Path) -> None:
    done(6)
    text = (here / "report.html").read_text()
    assert "before" in text
    assert "after" in text


def test_7_requirements(here: Path) -> None:
    suite, _, specification, _ = blocks(7)
    (here / "weather.toml").write_text(suite)
    (here / "required.toml").write_text(specification)
    evaluate, check = commands(7)
    assert cli.main(evaluate) == 0
    assert cli.main(check) == 1, "an untrained network meets nothing"
    (here / "required.toml").write_text(specification.replace("at_least = 60", "at_least = 0"))
    assert cli.main(check) == 0


def test_8_corruption_and_metric(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```py\n(.*?)```", TASKS[8], flags=re.S)
    (here / "salt.py").write_text(code)
    monkeypatch.setenv(plugins.VARIABLE, "")
    try:
        done(8)
    finally:
        plugins.unload(*plugins.names())
    table = pd.read_csv(here / "grains.csv")
    assert "growth" in table
    assert set(table["name"]) == {"clean", "grains"}


def test_9_paper(here: Path) -> None:
    assert cli.main(["evaluate", "--model", "mine.safetensors", "--dataset", "animals", "--suite", "clean"]) == 0
    done(9)
    assert pd.read_csv(here / "results.csv")["model"].str.contains("mine").any()


@pytest.mark.slow
def test_10_fine_tune(here: Path) -> None:
    done(10)
    assert load_model(str(here / "tuned.safetensors")).card.recipe["start"]
    assert len(rows("tuned"))


def test_11_share(here: Path) -> None:
    assert cli.main(["evaluate", "--model", "mine.safetensors", "--dataset", "animals", "--suite", "clean"]) == 0
    done(11)
    with sqlite3.connect(here / "mine.sqlite") as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    assert Store(here / "mine.sqlite", shipped=False).layers()


def test_12_replace(here: Path) -> None:
    assert cli.main(commands(12)[0]) == 0
    before = set(rows("mine")["model_fingerprint"])
    save(here / "mine.safetensors", 3)
    done(12)
    assert os.path.exists(here / "mine.safetensors")
    assert len(set(rows("mine")["model_fingerprint"]) - before) == 1
