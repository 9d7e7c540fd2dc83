"""Released corruptions on Compare: read by what is stored alone, and beside the same corruptions made here."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest

from robustcore.datasets import load_dataset
from robustcore.evaluation import corrupted_set, evaluate, suites
from robustcore.evaluation.condition import RELEASED
from robustcore.notes import kinds
from robustcore.reports import compare
from robustcore.reports.compare import answers, example_images, image_metrics, measures, published_models, storages
from tests.reports.worlds import Linear, classifier

IMAGES = 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corrupted set of the first scenes, written as PNG, and the results of two models on it and on images made here; then
    the folder is gone."""
    place = tmp_path_factory.mktemp("released")
    data = load_dataset("scenes", limit=IMAGES)
    corrupted_set.write(data, suites.resolve(["fog", "contrast"], [1, 3]), place / "set", seed=0, device="cpu")
    store = place / "results.sqlite"
    for model in (classifier("one", Linear(1)), classifier("two", Linear(2))):
        evaluate(model, data, ["fog", "contrast"], severities=[1, 3], released=place / "set", store=store, device="cpu")
    shutil.rmtree(place / "set")
    return store


def gathered(store: Path, storage: str, limit: int | None = None) -> compare.Comparison:
    data = load_dataset("scenes", limit=IMAGES)
    models = [classifier("one", Linear(1)), classifier("two", Linear(2))]
    return compare.gather(models, data, ["imagenet-c"], storage=storage, limit=limit, store=store)


def test_numbers_are_there_without_the_folder_and_equal_those_made_here(folder: Path) -> None:
    released, made = gathered(folder, RELEASED), gathered(folder, "memory")
    assert set(released.corrupted["storage"]) == {RELEASED}
    assert len(released.corrupted) == len(made.corrupted) == 8
    table = storages.beside(released, [made])
    assert len(table) == 4
    assert set(table["severities"]) == {2}
    assert set(table["n"]) == {IMAGES}
    assert (table["difference"] == 0).all()  # PNG keeps every pixel, and the random draws are those of the same seed
    assert storages.beside(released, [gathered(folder, "memory", limit=4)]).empty
    assert [note.kind for note in storages.notes(table)] == ["mean_difference_of_storages"] * 2
    assert "snow" in released.missing
    assert RELEASED in released.provenance.sentence()


def test_answers_and_intervals_are_those_of_the_released_results(folder: Path) -> None:
    released = gathered(folder, RELEASED)
    data = load_dataset("scenes", limit=IMAGES)
    read = answers.read(released, data, store=folder)
    row = released.corrupted.iloc[0]
    outcome = example_images.outcome(read, row["model"], row["condition"])
    assert outcome is not None
    assert sum(outcome.counts.values()) == IMAGES
    assert outcome.counts[True, True] + outcome.counts[False, True] == row["correct"]
    means = measures.bars(released, "accuracy", answers=read).means
    assert not any(math.isnan(v) for v in means["low"])


def test_metrics_of_single_images_are_those_of_the_images_made_here(folder: Path) -> None:
    data = load_dataset("scenes", limit=IMAGES)
    ways = [gathered(folder, storage) for storage in (RELEASED, "memory")]
    measured = [image_metrics.measured(way, data, "ece", store=folder) for way in ways]
    released, here = (measures.bars(each, "ece").table.set_index(["model", "name"])["value"] for each in measured)
    assert released.notna().all()
    assert released.to_dict() == here.to_dict()


def test_of_two_releases_the_most_evaluated_counts(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "results.sqlite"
    shutil.copy(folder, store)
    data = load_dataset("scenes", limit=IMAGES)
    corrupted_set.write(data, suites.resolve("fog", [1]), tmp_path / "other", seed=9, jpeg=85, device="cpu")
    evaluate(classifier("one", Linear(1)), data, "fog", severities=[1], released=tmp_path / "other", store=store)
    released = gathered(store, RELEASED)
    assert "several_releases" in kinds(released.notes)
    fog = released.corrupted[(released.corrupted["label"] == "fog") & (released.corrupted["severity"] == 1)]
    before = gathered(folder, RELEASED).corrupted
    assert set(fog["condition_fingerprint"]) < set(before["condition_fingerprint"])


def test_published_figures_on_the_fly_do_not_stand_beside_released_results() -> None:
    ways = {key: setup.released for key, setup in published_models.SETUPS.items()}
    assert ways.pop("testbed") is False
    assert all(ways.values())
