"""`python -m benchmarks gpu`, small, on the CPU."""

from __future__ import annotations

import os
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import robustcore as rc
from benchmarks import __main__ as benchmarks
from benchmarks import gpu
from benchmarks.gpu import agreement
from benchmarks.gpu.inputs import Setting
from benchmarks.gpu.table import Clock, Row, Table
from robustcore import attacks
from robustcore.corruptions.albumentations_like import transforms
from robustcore.training import interventions

ROOT = Path(__file__).resolve().parent.parent
# What a machine may lack that has torch, torchvision, numpy, OpenCV, pandas and scikit-learn alone.
ABSENT = [
    "psutil",
    "plotly",
    "albumentations",
    "streamlit",
    "jinja2",
    "tomli_w",
    "tqdm",
    "safetensors",
    "humanize",
    "dask",
    "distributed",
    "timm",
]


def small(tmp_path: Path, *parts: str) -> tuple[Table, dict[tuple[str, str], Row]]:
    table = Table([], tmp_path / "table.txt")
    for part in parts:
        gpu.run(table, part, Setting(torch.device("cpu"), True, tmp_path))
    return table, {(row.part, row.name): row for row in table.rows}


def test_the_parts_of_one_process(tmp_path: Path) -> None:
    parts = ("agreement", "speed", "sweep", "memory", "training", "cancel")
    table, rows = small(tmp_path, *parts)
    assert table.status == 0, table.text()
    assert [part for part, _ in dict.fromkeys((row.part, "") for row in table.rows)] == list(parts)
    assert {f"attack {name}" for name in attacks.names()} <= {name for part, name in rows if part == "agreement"}
    families = {rc.corruptions.get(name).family for part, name in rows if name in rc.corruptions.names()}
    assert families == {rc.corruptions.get(name).family for name in rc.corruptions.names("imagenet-c")} | {
        "geometry",
        "occlusion",
        "colour",
    }
    assert {name for part, name in rows if part == "training"} == {*interventions.names(), "float16"}
    assert all(float(row.values["images/s"]) > 0 for row in table.rows if row.part == "speed")
    assert float(rows["sweep", "evaluation"].values["over the passes"]) > 0
    assert float(rows["memory", "full device"].values["times halved"]) >= 3  # of 64 images ten fit
    assert rows["cancel", "within a batch"].values["units"] < rows["cancel", "within a batch"].values["of"]  # type: ignore[operator]
    assert table.output.read_text() == table.text()


def test_a_part_that_breaks_is_named_and_the_others_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(table: Table, setting: Setting, clock: Clock) -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered\nand more")

    def late(table: Table, setting: Setting, clock: Clock) -> None:
        table.add("late", "ran", "ok")

    monkeypatch.setattr(gpu, "PARTS", {"broken": (broken, 0.5), "late": (late, 0.5)})
    output = tmp_path / "folder" / "table.txt"
    assert gpu.main(["--device", "cpu", "--output", str(output)]) == 1
    lines = output.read_text().splitlines()
    assert [line for line in lines if line.startswith("the whole part") and "an illegal memory access" in line]
    assert [line for line in lines if line.startswith("ran ")]


def test_a_device_that_computes_otherwise_is_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = rc.corrupt

    def corrupt(images: Tensor, name: str, *arguments: Any) -> Tensor:
        result: Tensor = original(images, name, *arguments)
        if name == "brightness" and not agreement.host.on_host(images):
            raise RuntimeError("no kernel image is available")
        return result ^ 2 if name == "contrast" and not agreement.host.on_host(images) else result

    monkeypatch.setattr(rc, "corrupt", corrupt)
    monkeypatch.setattr(agreement, "names", lambda small: ["brightness", "contrast", "gaussian_noise", "album_blur"])
    monkeypatch.setattr(agreement.attacks, "names", lambda: [])
    monkeypatch.setitem(sys.modules, "albumentations", None)
    transforms.album.cache_clear()
    table, rows = small(tmp_path, "agreement")
    verdicts = {name: row.verdict for (_, name), row in rows.items()}
    assert rows["agreement", "album_blur"].verdict == "left out"
    assert "albumentations" in rows["agreement", "album_blur"].remark
    assert (verdicts["brightness"], verdicts["contrast"], verdicts["gaussian_noise"]) == ("failed", "off", "ok")
    assert rows["agreement", "contrast"].values["levels"] == 2
    assert "no kernel image" in rows["agreement", "brightness"].remark
    assert table.status == 1


def test_time_that_is_over_is_said(tmp_path: Path) -> None:
    table = Table([], tmp_path / "table.txt")
    gpu.run(table, "training", Setting(torch.device("cpu"), True, tmp_path), seconds=0)
    assert {row.verdict for row in table.rows if row.name in interventions.names()} == {"not reached"}


def test_options_belong_to_one_benchmark(capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmarks.main(["gpu", "store", "--small"]) == 2
    assert "--small" in capsys.readouterr().err
    assert benchmarks.main(["store", "--small"]) == 2
    assert "no options" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        benchmarks.main(["gpu", "--part", "nothing"])
    assert "nothing" in capsys.readouterr().err


def bare_machine(tmp_path: Path, *arguments: str) -> str:
    """The command in a Python, with all processes that it starts, that lacks what such a machine may lack."""
    (tmp_path / "sitecustomize.py").write_text(
        f"import sys\nfor name in {ABSENT!r}:\n    sys.modules[name] = None\n", encoding="utf-8"
    )
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    output = tmp_path / "table.txt"
    command = [sys.executable, "-m", "benchmarks", "gpu", "--device", "cpu", "--output", str(output), *arguments]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert output.read_text() in done.stdout
    return output.read_text()


@pytest.mark.slow
def test_an_evaluation_runs_on_a_bare_machine(tmp_path: Path) -> None:
    assert "within a batch" in bare_machine(tmp_path, "--part", "cancel")


@pytest.mark.slow
def test_everything_runs_on_a_bare_machine(tmp_path: Path) -> None:
    text = bare_machine(tmp_path)
    for words in ("album_blur", "left out: needs albumentations", "two processes", "killed and resumed"):
        assert words in text


@pytest.mark.slow
def test_no_tensor_is_on_the_wrong_device(tmp_path: Path) -> None:
    """On a GPU that is pretended, see there: values agree, nothing of two devices is added, and nothing is read from a GPU as
    if it were an array. Trainings are off there, for want of an engine, and must have a loss all the same."""
    output = tmp_path / "table.txt"
    command = [sys.executable, "-W", "ignore", str(ROOT / "tests" / "pretended_cuda.py"), str(output)]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    text = output.read_text()
    assert "failed" not in text, text
    blocks = {block.split()[0]: block.splitlines()[1:] for block in text.split("\n\n")[1:-1]}
    for part in ("agreement", "memory", "cancel"):
        assert not [line for line in blocks[part] if " off" in line], text
    assert len(blocks["agreement"]) > len(rc.corruptions.names()) + len(attacks.names())
    assert all(float(line.split()[1]) > 0 for line in blocks["training"] if not line.startswith("float16"))


def test_the_tables_of_a_run_are_sections_of_a_file_and_the_others_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "benchmarks.md"
    file.write_text(benchmarks.with_section("", "zebra", "Stripes.", "a machine, a day", "kept 1"))
    module = types.ModuleType("benchmarks.corruptions", "How quick it is.\n\nFurther.")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    outputs = iter(["1.5 ms", "2.5 ms"])
    module.main = lambda: print(next(outputs))  # type: ignore[attr-defined]
    for _ in range(2):
        assert benchmarks.main(["--write", str(file), "corruptions"]) == 0
    text = file.read_text()
    assert "2.5 ms" in text
    assert "1.5 ms" not in text
    assert text.index("## corruptions") < text.index("## zebra") < text.index("kept 1")
    assert text.count("# Benchmarks\n") == 1
