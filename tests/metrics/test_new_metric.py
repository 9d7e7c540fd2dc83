"""A metric of accuracies is one function with one decorator: tables, Compare, specifications and the command line have it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from robustcore import cli, metrics
from robustcore.figures import compared
from robustcore.metrics import Metric, alexnet, metric
from robustcore.reports import specification
from robustcore.reports.compare import CLEAN, answers, baseline, measures, references
from tests.reports import worlds
from tests.reports.worlds import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return worlds.make(tmp_path_factory.mktemp("results") / "results.sqlite")


@pytest.fixture
def growth() -> Iterator[Metric]:
    """How many times the errors of a reference a model adds; registered for one test."""
    with metrics.registry.restored():

        @metric(
            "error_growth",
            title="Error growth",
            short="growth",
            unit="ratio",
            formula="Error growth = errors under the corruption / clean errors of the reference",
            better="lower",
            neutral=1,
        )
        def error_growth(accuracy: Any, reference_clean: Any) -> Any:
            """Errors under the condition over the reference's on clean images."""
            return (1 - accuracy) / (1 - reference_clean)

        yield error_growth


def test_it_is_on_compare_with_intervals_and_a_footer(world: World, growth: Metric) -> None:
    assert growth in measures.offered()
    measured = world.gather(world.one, world.two)
    read = answers.read(measured, world.dataset, store=world.store)
    result = measures.bars(measured, growth.name, reference="one", answers=read)
    row = result.table[(result.table["model"] == "two") & (result.table["name"] == "contrast")].iloc[0]
    rows = measured.rows[(measured.rows["model"] == "two") & (measured.rows["label"] == "contrast")]
    under, shared = rows["accuracy"].mean(), int(rows["shared"].iloc[0])
    right = read.right("one", [CLEAN])
    assert right is not None
    clean = right[:shared].mean()  # of the reference, on the images that both models have
    assert row["value"] == pytest.approx((1 - under) / (1 - clean))
    assert row["low"] <= row["value"] <= row["high"]
    assert result.footer.formula.startswith(growth.formula)
    assert result.footer.reference == "one"
    assert references.mean_note(measured, growth, "one").subject == "Mean growth"
    differences = baseline.differences(measured, growth.name, "one", reference="one").table.set_index("name")["value"]
    assert differences.index[differences.isna()].tolist() == ["fog"]  # of which the other model lacks severities
    for draw in (compared.conditions, compared.models, compared.table):
        assert draw(result).data  # type: ignore[operator]


def test_it_is_in_tables(world: World, growth: Metric) -> None:
    rows = world.gather(world.one, world.two).rows
    rows = rows[rows["shared"] == 8]
    table = metrics.with_metric(rows, growth.name, "one")
    clean = table.loc[(table["model"] == "one") & (table["kind"] == "clean"), "accuracy"].iloc[0]
    np.testing.assert_allclose(table[growth.name], (1 - table["accuracy"]) / (1 - clean))


def test_a_specification_can_require_it(growth: Metric) -> None:
    text = (
        "dataset = 'scenes'\n[[rows]]\nmetric = 'error_growth'\ncorruption = 'fog'\nreference = 'one'\nat_most = 150\n"
    )
    (row,) = specification.parse(text).rows
    assert (row.metric, row.threshold) == ("error_growth", 150)
    assert "150 %" in specification.wording.demand(row)


def test_the_command_line_lists_and_computes_it(
    growth: Metric, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["list", "metrics"]) == 0
    assert growth.summary in capsys.readouterr().out
    model, file = "scenes/vgg?weights=none&classes=12", tmp_path / "out.csv"
    argv = ["evaluate", "--model", model, "--suite", "contrast", "--limit", "4", "--metric", growth.name]
    assert cli.main([*argv, "--reference", model, "--format", "csv", "--output", str(file)]) == 0
    table = pd.read_csv(file)
    clean = table.loc[table["kind"] == "clean", "accuracy"].item()
    np.testing.assert_allclose(table[growth.name], (1 - table["accuracy"]) / (1 - clean))


def test_alexnet_is_one_reference_for_tables_and_comparisons() -> None:
    fixed = {"model": "m", "dataset": "imagenet", "split": "val", "storage": "jpeg85", "n": 10, "reason": ""}
    rows = [fixed | {"kind": "clean", "name": "clean", "severity": None, "accuracy": 0.7}]
    rows += [fixed | {"kind": "corruption", "name": "fog", "severity": s, "accuracy": 0.5} for s in range(1, 6)]
    table = pd.DataFrame(rows).astype({"severity": "Int64"})
    expected = metrics.corruption_error(table).set_index("name").loc["fog"]
    with_both = metrics.with_metrics(table, ["ce", "relative_ce"], alexnet.NAME)
    under = with_both[with_both["kind"] == "corruption"]
    np.testing.assert_allclose(under["ce"], expected["ce"])
    np.testing.assert_allclose(under["relative_ce"], expected["relative_ce"])
    assert with_both.loc[with_both["kind"] == "clean", "ce"].isna().all()
