"""The demo zoo: recipes under the names that they train, and several trainings side by side."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustcore import paths
from robustcore.errors import TrainingError
from robustcore.training import Recipe, zoo


def test_every_recipe_comes_after_the_one_that_it_starts_from() -> None:
    seen: set[str] = set()
    for name, recipe in zoo.ZOO.items():
        assert recipe.name() == name
        assert recipe.start is None or recipe.start in seen
        seen.add(name)


def test_what_ships_is_small() -> None:
    assert sum(zoo.path_of(name).stat().st_size for name in zoo.ZOO) <= 48e6


def test_what_starts_from_a_model_that_has_to_be_trained_anew_is_trained_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoo.runs, "is_made_by", lambda path, recipe: recipe.name() != "scenes/vgg-standard")
    assert zoo.missing() == [name for name in zoo.ZOO if name.startswith("scenes/vgg-")]


def test_a_model_waits_for_the_one_that_it_starts_from() -> None:
    names = ["scenes/resnet-mixup", "scenes/resnet-standard", "scenes/vgg-standard", "scenes/vgg-mixup"]
    assert zoo.ready(names, []) == ["scenes/resnet-standard", "scenes/vgg-standard"]
    assert zoo.ready([names[0], names[3]], ["scenes/resnet-standard"]) == ["scenes/vgg-mixup"]


@pytest.mark.slow
def test_several_are_trained_at_once_and_one_that_fails_is_named(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "assets", lambda: tmp_path)
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1})
    quick = {"dataset": str(folder), "side": 32, "epochs": 1, "batch": 12}
    good = [Recipe("scenes/vgg", intervention=name, **quick) for name in ("cutout", "mixup")]
    broken = Recipe("scenes/vgg", start="scenes/resnet?weights=none", **quick)
    monkeypatch.setattr(zoo, "ZOO", {recipe.name(): recipe for recipe in (*good, broken)})
    ended: list[str] = []
    # Two processes: the broken one begins when the first of the others has ended.
    with pytest.raises(
        TrainingError, match=r"^shades/scenes/vgg-continued: A scenes/vgg cannot start from scenes/resnet"
    ):
        zoo.train(list(zoo.ZOO), device="cpu", finished=lambda name, accuracy, seconds: ended.append(name))
    assert ended
    assert set(ended) <= {recipe.name() for recipe in good}
    assert zoo.missing() == [broken.name()]  # what was in work has been finished
