"""docs/extending.md: each block, as a file of its own, is found everywhere."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import robustcore as rc
from robustcore import cli, metrics, plugins
from robustcore.calls import Call, Variable
from robustcore.evaluation import api, suites, tables
from robustcore.evaluation.request import EvaluationRequest
from robustcore.models import checkpoints
from robustcore.models.architectures import architecture
from robustcore.models.classifier import Card
from robustcore.training import interventions
from robustcore.training.interventions import Step
from robustcore.training.recipe import Recipe
from tests.extending.conftest import KINDS, blocks

NAMES = {
    "corruption": "salt",
    "sequence": "dusk",
    "attack": "random_search",
    "intervention": "grey",
    "metric": "error_growth",
    "score": "margin",
    "dataset": "stripes",
    "model": "stripes/gradients",
    "suite": "bad-weather",
    "page": "lab_notes",
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_block_is_about_ten_lines(kind: str) -> None:
    lines = [line for line in blocks()[kind].splitlines() if line.strip()]
    assert len(lines) <= 16
    ast.parse(blocks()[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_listed(kind: str, files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list", f"{kind}s", "--plugin", str(files[kind])]) == 0
    out = capsys.readouterr()
    assert out.err == ""
    assert NAMES[kind] in [line.split()[0] for line in out.out.splitlines()]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A checkpoint for scenes with random weights."""
    from robustcore.datasets.scenes import Scenes

    card = Card("scenes/untrained", Scenes.classes, 64, "scenes", architecture="scenes/resnet")
    path = tmp_path_factory.mktemp("models") / "untrained.safetensors"
    return str(checkpoints.save(architecture("scenes/resnet").build(card, seed=0), path))


def test_everything_that_is_scored_is_scored(all_loaded: dict[str, Path], model: str) -> None:
    names = ["salt", "dusk", "random_search", "bad-weather"]
    table = rc.evaluate(model, "scenes", names, limit=8, severities=[3])
    assert set(table["name"]) == {"clean", "salt", "dusk", "random_search", "fog", "snow", "contrast"}
    assert (table["n"] == 8).all()
    assert table.loc[table["name"] == "contrast", "severity"].tolist() == [5]  # its own, as the suite says


def test_a_metric_takes_arrays(all_loaded: dict[str, Path]) -> None:
    growth = metrics.get("error_growth")
    assert growth(accuracy=[0.8, 0.5], clean=[0.9, 1.0])[0] == pytest.approx(2)
    assert np.isnan(growth(accuracy=[0.8, 0.5], clean=[0.9, 1.0])[1])  # no error on clean images


def test_a_dataset_and_a_model_know_each_other(all_loaded: dict[str, Path]) -> None:
    table = rc.evaluate("stripes/gradients", "stripes", ["clean", "salt"], limit=64, severities=[5])
    assert table.loc[table["kind"] == "clean", "accuracy"].tolist() == [1.0]
    assert rc.load_dataset("stripes", "train").fingerprint != rc.load_dataset("stripes", "test").fingerprint
    assert rc.load_dataset("stripes", limit=5).fingerprint == rc.load_dataset("stripes").fingerprint
    assert rc.load_dataset("stripes", side=32).images(0, 2).shape == (2, 3, 32, 32)
    assert "stripes/gradients" in rc.models.names(offline=True)


def test_a_setting_is_checked_and_changes_the_recipe(all_loaded: dict[str, Path]) -> None:
    created = interventions.create("grey", share=1.0)
    images = torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8)
    step = Step(rc.load_model("stripes/gradients"), images, torch.zeros(4, dtype=torch.int64), torch.arange(4), 1, 0, 0)
    (view,) = created.views(step)
    assert torch.equal(view.images[:, 0], view.images[:, 2])
    with pytest.raises(rc.errors.InvalidArgumentError, match="share of grey is at least 0"):
        interventions.create("grey", share=-1.0)
    assert interventions.parse("grey", {"share": "0.25"}) == {"share": 0.25}
    assert Recipe("scenes/resnet", "scenes", "grey").key() != Recipe("scenes/resnet", "scenes", "standard").key()


def test_a_suite_has_its_title_and_its_conditions(all_loaded: dict[str, Path]) -> None:
    assert suites.title("bad-weather") == "Bad weather"
    assert [c.name for c in suites.load("bad-weather").rows] == ["fog", "snow", "contrast"]
    assert rc.corruptions.names("no-suite") == ["salt"]
    assert [c.name for c in suites.load("no-suite").rows] == ["salt"]


def test_a_page_joins_the_navigation(all_loaded: dict[str, Path]) -> None:
    from dashboard import pages

    assert [view.name for view in pages.groups(pages.views())["Lab"]] == ["lab_notes"]


def test_compare_has_the_corruption_and_the_metric(all_loaded: dict[str, Path], model: str) -> None:
    from robustcore.reports.compare import comparison, measures

    rc.evaluate(model, "scenes", ["salt"], limit=8)
    gathered = comparison.gather([model], rc.load_dataset("scenes"), ["no-suite"])
    values = measures.bars(gathered, "error_growth").table
    assert set(values["name"]) == {"salt"}
    assert values["value"].notna().any()


def test_compare_has_a_metric_of_answers(write: Callable[[str, str], Path], model: str) -> None:
    from robustcore.reports.compare import comparison, image_metrics, measures

    code = blocks()["metric"].replace("error_growth(accuracy, clean)", "error_growth(answer, clean_answer)")
    code = code.replace('unit="ratio"', 'unit="ratio", input="answers"')
    code = code.replace("(1 - accuracy) / (1 - clean)", "(answer != clean_answer).mean()")
    assert plugins.load(write("my_metric.py", code)) == []
    rc.evaluate(model, "scenes", ["contrast"], limit=8)
    dataset = rc.load_dataset("scenes")
    gathered = comparison.gather([model], dataset, ["imagenet-c"])
    measured = image_metrics.measured(gathered, dataset, "error_growth")
    assert measures.bars(measured, "error_growth").table["value"].between(0, 1).all()


def test_the_printed_python_loads_the_plugins_that_it_needs(all_loaded: dict[str, Path]) -> None:
    image = Variable("image", torch.zeros(3, 64, 64, dtype=torch.uint8))
    corrupted = Call(rc.corrupt, image, "salt", severity=3, name="corrupted")
    assert "extending.load" not in Call(rc.corrupt, image, "fog", severity=3).python()
    assert f"extending.load({str(all_loaded['corruption'])!r})" in corrupted.preamble()
    both = Call(rc.corrupt, image, "fog", severity=3).preamble(["salt", "error_growth"])
    assert f"extending.load({str(all_loaded['corruption'])!r}, {str(all_loaded['metric'])!r})" in both
    printed = corrupted.python()
    plugins.unload(*all_loaded.values())
    space: dict[str, Any] = {"image": image.value}
    exec(compile(printed, "printed.py", "exec"), space)
    assert space["corrupted"].shape == (3, 64, 64)
    assert plugins.names() == (str(all_loaded["corruption"]),)


def test_what_ships_stays_current(all_loaded: dict[str, Path]) -> None:
    """A plug-in's corruption in a suite of the demo is no part of the demo."""
    from robustcore.evaluation import demo

    share = demo.Share(("bad-weather", "no-suite"))
    names = {c.name for c in suites.resolve(share.suites)}
    assert "salt" in names
    evaluation = api.prepare(EvaluationRequest(("scenes/resnet-standard",), "scenes", ("fog", "salt")))
    assert not demo.is_complete(evaluation.cells)
    table = tables.table(evaluation.cells, rc.evaluation.Store())
    assert table.loc[table["name"] == "fog", "shipped"].all()
