"""Two models against each other: differences and counts by hand, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Condition
from robustcore.evaluation.store.correctness import Answered
from robustcore.figures.comparing import paired
from robustcore.reports.compare import answers, baseline, example_images
from robustcore.reports.compare.answers import Answers
from robustcore.reports.compare.closer import two_models
from tests.reports import worlds
from tests.reports.worlds import World

FOG = Condition.corruption("fog", 3).canonical()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return worlds.make(tmp_path_factory.mktemp("results") / "results.sqlite")


def test_the_difference_is_that_to_a_baseline_and_the_counts_add_up(world: World) -> None:
    gathered = world.gather(world.one, world.two, severities=(1, 2))
    read = answers.read(gathered, world.dataset, store=world.store)
    table = two_models.differences(gathered, "one", "two", answers=read).set_index("name")
    expected = baseline.differences(gathered, "accuracy", "two", models=["one"], answers=read).table.set_index("name")
    for name in expected.index:
        row = table.loc[name]
        assert row["difference"] == pytest.approx(expected.loc[name, "value"])
        assert row["low"] <= row["difference"] + 1e-6 <= row["high"] + 2e-6
        assert row["only_first"] + row["only_second"] + row["both"] + row["neither"] == row["answers"]
        assert row["difference"] == pytest.approx((row["only_first"] - row["only_second"]) / row["answers"])
    mean = table.loc[two_models.MEAN]
    assert mean["difference"] == pytest.approx(expected["value"].mean())
    assert mean["only_first"] == table.drop(index=two_models.MEAN)["only_first"].sum()
    assert "one" in two_models.footer(gathered, "one", "two", table).text


def test_the_mean_says_over_how_many_conditions_its_counts_are(world: World) -> None:
    gathered = world.gather(world.one, world.two, severities=(1, 2))
    read = answers.read(gathered, world.dataset, store=world.store)
    whole = two_models.differences(gathered, "one", "two", answers=read).set_index("name")
    assert whole["counted"].to_dict() == {two_models.MEAN: 3, "gaussian_noise": 1, "contrast": 1, "fog": 1}
    fog = set(gathered.corrupted.loc[gathered.corrupted["label"] == "fog", "condition"])
    fewer = Answers({where: cell for where, cell in read.cells.items() if where[1] not in fog})
    table = two_models.differences(gathered, "one", "two", answers=fewer).set_index("name")
    assert (table.loc["fog", "counted"], table.loc[two_models.MEAN, "counted"]) == (0, 2)
    assert table.loc[two_models.MEAN, "answers"] == whole.drop(index=[two_models.MEAN, "fog"])["answers"].sum()
    figure = paired.paired_differences(table.reset_index(), "one", "two", footer="")
    assert any("2 of 3 conditions" in str(trace.hovertext) for trace in figure.data)
    assert "unknown" in figure.data[-1].name  # fog and the mean have no interval, and do not hold 0 in one


def test_without_answers_there_are_no_intervals_and_no_counts(world: World) -> None:
    table = two_models.differences(world.gather(world.one, world.two, severities=(1, 2)), "one", "two")
    assert table[["low", "high", "answers", "only_first"]].isna().all(axis=None)


def test_one_model_is_not_compared_with_itself(world: World) -> None:
    gathered = world.gather(world.one, world.two)
    with pytest.raises(InvalidArgumentError, match="both of them"):
        two_models.differences(gathered, "one", "one")
    with pytest.raises(InvalidArgumentError, match="no results here"):
        two_models.differences(gathered, "one", "nobody")


def test_the_images_that_only_one_of_two_holds() -> None:
    def cell(classes: list[int]) -> Answered:
        return Answered(np.zeros(len(classes), np.int32), np.array(classes, np.int32))

    read = Answers({("a", FOG): cell([0, 0, 1, 2]), ("b", FOG): cell([0, 5, 0, 3])})
    found = example_images.differing(read, "a", "b", FOG)
    assert found is not None
    assert [(s.place, s.answer) for s in found.first_holds] == [(1, 5)]
    assert [(s.place, s.answer) for s in found.second_holds] == [(2, 1)]
    assert example_images.differing(read, "a", "nobody", FOG) is None
