"""Robustness by model: from a table of evaluations worked by hand, and from the published accuracies."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from robustcore import published
from robustcore.atlas import populations
from robustcore.errors import InvalidArgumentError
from robustcore.overlap import benchmarks, correlation


def evaluated() -> pd.DataFrame:
    rows = [
        ("a", "clean", "clean", None, 0.9),
        ("a", "corruption", "fog", 1, 0.8),
        ("a", "corruption", "fog", 3, 0.6),
        ("a", "corruption", "snow", 3, 0.5),
        ("a", "shift", "sketch", None, 0.4),
        ("b", "clean", "clean", None, 0.8),
        ("b", "corruption", "fog", 1, 0.7),
        ("b", "corruption", "fog", 3, 0.7),
    ]
    table = pd.DataFrame(rows, columns=["model", "kind", "name", "severity", "accuracy"])
    return table.assign(dataset="d", split="test", n=100, severity=table["severity"].astype("Int64"))


def test_the_mean_over_severities_is_taken_from_the_clean_accuracy() -> None:
    population = populations.residuals(evaluated())
    assert population.loc["a"].to_dict() == pytest.approx({"fog": 0.2, "snow": 0.4})
    assert population.loc["b", "fog"] == pytest.approx(0.1)
    assert population["snow"].isna().tolist() == [False, True]
    assert populations.residuals(evaluated(), "shift").to_dict() == {"sketch": {"a": pytest.approx(0.5)}}


def test_two_figures_for_one_condition_are_refused() -> None:
    table = evaluated()
    again = table[table["name"].isin(["clean", "snow"])].assign(dataset="e")
    with pytest.raises(InvalidArgumentError, match="two figures of a for snow"):
        populations.residuals(pd.concat([table, again], ignore_index=True))


def test_one_attack_at_two_eps_or_on_a_surrogate_is_several() -> None:
    settings = ['{"eps": 0.01}', '{"eps": 0.02}', '{"eps": 0.02, "surrogate": "abc"}', ""]
    rows = [("a", "attack", "pgd", params, 0.8 - 0.1 * place) for place, params in enumerate(settings)]
    table = pd.DataFrame(
        [("a", "clean", "clean", "", 0.9), *rows], columns=["model", "kind", "name", "params", "accuracy"]
    )
    population = populations.residuals(table.assign(dataset="d", split="test", n=100), "attack")
    keys = [populations.attack_key("pgd", params) for params in settings]
    assert population.loc["a", keys].tolist() == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_published_shifts_go_with_one_another_over_the_networks() -> None:
    shifts = published.natural_shifts()
    population = populations.published(shifts)
    row = shifts.iloc[0]
    assert population.iloc[0]["ImageNet-A"] == pytest.approx((row["a_clean"] - row["a"]) / 100)
    group = benchmarks.of_names([["ImageNet-Sketch"]], {"ImageNet-Sketch": 1})
    predictive = correlation.predictiveness(group, population, population[["ImageNet-R", "ImageNet-Sketch"]])
    assert predictive.loc["ImageNet-Sketch", "r"] == pytest.approx(1)
    assert 0.5 < predictive.loc["ImageNet-R", "r"] < 1
    assert predictive.loc["ImageNet-R", "models"] > 1000


def many(models: list[str], names: list[str], n: int = 500, severity: int | None = None) -> pd.DataFrame:
    rows = [(m, "clean", "clean", None, 0.9) for m in models]
    rows += [(m, "corruption", name, severity, 0.5) for m in models for name in names]
    rows += [(m, "shift", "sketch", None, 0.6) for m in models]
    table = pd.DataFrame(rows, columns=["model", "kind", "name", "severity", "accuracy"])
    return table.assign(dataset="d", split="test", n=n, severity=table["severity"].astype("Int64"))


class TestGather:
    def test_a_corruption_comes_from_the_table_with_most_models(self) -> None:
        few = many(["own/a"], ["fog", "snow"]).assign(accuracy=0.8)
        population = populations.gather({"few": few, "more": many(["own/a", "own/b"], ["fog"])})
        assert population.synthetic.loc["own/a", "fog"] == pytest.approx(0.4)  # of `more`, though `few` came first
        assert population.synthetic["snow"].notna().tolist() == [True, False]
        assert set(population.sources) == {"few", "more"}
        assert list(population.complete(["fog", "snow"]).synthetic.index) == ["own/a"]

    def test_drawn_severities_and_means_over_levels_are_not_mixed(self) -> None:
        both = pd.concat([many(["own/a"], ["fog"]), many(["own/a"], ["fog"], severity=3).query("kind == 'corruption'")])
        assert populations.gather({"both": both}).synthetic.loc["own/a", "fog"] == pytest.approx(0.4)

    def test_models_of_an_atlas_are_distinguished_from_others(self) -> None:
        population = populations.gather(
            {"all": many(["own/a", "scenes/resnet-standard", "scenes/resnet-fog"], ["fog"])}
        )
        assert population.atlas == ("scenes/resnet-fog",)
        assert list(population.independent.synthetic.index) == ["own/a", "scenes/resnet-standard"]

    def test_few_images_and_foreign_tables(self) -> None:
        assert len(populations.gather({"small": many(["own/a"], ["fog"], n=60)})) == 0
        with pytest.raises(InvalidArgumentError, match="no column 'kind'"):
            populations.gather({"other": pd.DataFrame({"model": ["a"]})})

    def test_a_csv_is_read_back(self, tmp_path: Path) -> None:
        table = many(["own/a"], ["fog"], severity=3)
        table.to_csv(tmp_path / "population-x.csv", index=False)
        again = populations.gather({"x": populations.read(tmp_path / "population-x.csv")})
        assert again.synthetic.loc["own/a", "fog"] == pytest.approx(0.4)
        with pytest.raises(InvalidArgumentError, match="cannot be read"):
            populations.read(tmp_path / "nothing.csv")


def test_the_published_imagenet_models() -> None:
    models = populations.imagenet()
    assert models.data == "ImageNet"
    assert (len(models), len(models.independent)) == (195, 180)
    assert models.synthetic.shape[1] == 18
    assert set(models.natural.columns) == {"imagenet-a", "imagenet-r", "imagenet-sketch", "imagenet-v2", "objectnet"}
    assert not models.synthetic.isna().any(axis=None)
    table = published.accuracies("testbed")
    fog = table.loc[(table["model"] == "resnet50") & (table["name"] == "fog"), "accuracy"].mean()
    assert models.synthetic.loc["ResNet-50", "fog"] == pytest.approx(0.7613 - fog)
    # Same classes on both sides: among the 200 of ImageNet-R a ResNet-50 loses more than half of its accuracy.
    assert 0.4 < models.natural.loc["ResNet-50", "imagenet-r"] < 0.6
