"""Class by class: drops and confusions counted by hand from the stored answers."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from robustcore.errors import InvalidArgumentError
from robustcore.reports.compare import answers
from robustcore.reports.compare.closer import classes
from robustcore.reports.compare.comparison import CLEAN
from tests.reports import worlds
from tests.reports.worlds import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return worlds.make(tmp_path_factory.mktemp("results") / "results.sqlite")


def test_a_drop_is_clean_less_corrupted_of_the_images_of_the_class(world: World) -> None:
    gathered = world.gather(world.one, severities=(1, 2))
    read = answers.read(gathered, world.dataset, store=world.store)
    table = classes.drops(gathered, "one", answers=read)
    clean = read.cells["one", CLEAN]
    rows = gathered.corrupted[gathered.corrupted["label"] == "contrast"]
    cells = [read.cells["one", condition] for condition in rows["condition"]]
    for row in table[table["name"] == "contrast"].to_dict("records"):
        own = clean.labels == row["class"]
        assert row["n"] == own.sum()
        before = (clean.classes == clean.labels)[own].mean()
        after = sum((cell.classes == cell.labels)[own].mean() for cell in cells) / 2
        assert row["drop"] == pytest.approx(before - after)
        # With so few images many drawings have none of the class, and then there is no interval.
        assert row["low"] != row["low"] or row["low"] <= row["drop"] + 1e-6 <= row["high"] + 2e-6
    means = table.groupby("class", sort=False)["drop"].mean()
    assert list(means) == sorted(means, reverse=True)
    assert len(classes.drops(gathered, "one", answers=read, most=2)["class"].unique()) == 2


def test_a_confusion_matrix_counts_every_answer_once(world: World) -> None:
    gathered = world.gather(world.one, severities=(1, 2))
    read = answers.read(gathered, world.dataset, store=world.store)
    table = classes.confusions(gathered, "one", answers=read)
    counts = table.groupby("name", sort=False)["count"].sum()
    assert counts.index[0] == "clean"
    assert counts.to_dict() == {"clean": 12, "gaussian_noise": 24, "fog": 24, "contrast": 24}
    fog = gathered.corrupted[gathered.corrupted["label"] == "fog"]
    diagonal = table[(table["name"] == "fog") & (table["class"] == table["answer"])]["count"].sum()
    assert diagonal == fog["correct"].sum()
    shares = table[table["share"].notna()].groupby(["name", "class"])["share"].sum()
    assert shares.to_numpy() == pytest.approx(1)


def test_matrices_have_the_classes_of_their_own_model(world: World) -> None:
    gathered = world.gather(world.one, world.two, severities=(1,))
    read = answers.read(gathered, world.dataset, store=world.store)
    own = classes.confusions(gathered, "two", answers=read)
    few = dataclasses.replace(gathered.subjects[0], classes=("a", "b", "c"))
    other = dataclasses.replace(gathered, subjects=(few, *gathered.subjects[1:]))
    pd.testing.assert_frame_equal(classes.confusions(other, "two", answers=read), own)


def test_what_is_left_out_is_said(world: World) -> None:
    gathered = world.gather(world.one, severities=(1,))
    read = answers.read(gathered, world.dataset, store=world.store)
    assert classes.left_out(gathered, "one", classes.drops(gathered, "one", answers=read)) == ()
    fog = gathered.corrupted.loc[gathered.corrupted["label"] == "fog", "condition"].iloc[0]
    fewer = answers.Answers({where: cell for where, cell in read.cells.items() if where != ("one", fog)})
    (said,) = classes.left_out(gathered, "one", classes.drops(gathered, "one", answers=fewer))
    assert said == classes.conditions_without_single_answers(("fog",))


def test_without_answers_there_is_nothing(world: World) -> None:
    gathered = world.gather(world.one)
    assert classes.drops(gathered, "one").empty
    assert classes.confusions(gathered, "one").empty
    with pytest.raises(InvalidArgumentError, match="no results here"):
        classes.drops(gathered, "nobody")
