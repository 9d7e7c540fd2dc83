"""Trainings as jobs: the row says what is trained, how far it is, and how it ended."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from robustcore import plugins
from robustcore.errors import RobustcoreError
from robustcore.evaluation.jobs import jobs, training_run, worker
from robustcore.evaluation.jobs.training_request import TrainingRequest
from robustcore.training import Recipe, runs


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROBUSTCORE_CACHE", str(tmp_path))
    monkeypatch.setattr(runs, "held_out", lambda recipe: [])  # 3,600 images to measure on


REQUEST = TrainingRequest(Recipe("scenes/vgg", limit=64, epochs=2, batch=32, seed=3), "cpu")


def test_a_training_job_writes_the_model_and_says_how_far_it_was() -> None:
    job = jobs.submit(REQUEST, here=True)
    assert jobs.status(job).request == REQUEST
    assert jobs.status(job).kind == "training"
    worker._run(job)
    status = jobs.status(job)
    assert (status.state, status.done, status.total) == ("finished", 4, 4)
    assert runs.is_made_by(runs.default_output(REQUEST.recipe), REQUEST.recipe)


def test_a_stopped_training_is_cancelled_and_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    job = jobs.submit(REQUEST, here=True)
    beat = training_run.Heartbeat

    class Stopped(beat):  # type: ignore[misc, valid-type]
        def __init__(self, number: int) -> None:
            super().__init__(number)
            self.control = "cancel"
            self.cancelled.set()

    monkeypatch.setattr(training_run, "Heartbeat", Stopped)
    worker._run(job)
    assert jobs.status(job).state == "cancelled"
    assert not runs.default_output(REQUEST.recipe).exists()


def test_what_goes_wrong_is_in_the_row() -> None:
    job = jobs.submit(TrainingRequest(Recipe("scenes/vgg", limit=64, start="scenes/no-such"), "cpu"), here=True)
    with pytest.raises(RobustcoreError):
        worker._run(job)
    status = jobs.status(job)
    assert status.state == "failed"
    assert "no-such" in status.message


def test_a_model_of_the_same_name_is_replaced_only_where_that_was_asked_for() -> None:
    """The name says nothing of the epochs."""
    worker._run(jobs.submit(REQUEST, here=True))
    longer = dataclasses.replace(REQUEST, recipe=dataclasses.replace(REQUEST.recipe, epochs=3))
    output = runs.default_output(longer.recipe)
    job = jobs.submit(longer, here=True)
    with pytest.raises(RobustcoreError):
        worker._run(job)
    assert "epochs 2, not 3" in jobs.status(job).message
    assert runs.is_made_by(output, REQUEST.recipe)
    worker._run(jobs.submit(dataclasses.replace(longer, replaces=True), here=True))
    assert runs.is_made_by(output, longer.recipe)


PLUGIN = """
from robustcore.training.interventions import Intervention, intervention

@intervention("left_alone", family="augmentation", summary="Does nothing.", source="a test")
class LeftAlone(Intervention):
    pass
"""


def test_an_intervention_of_a_plug_in_is_loaded_with_its_job_and_hides_no_other_when_it_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "own.py"
    path.write_text(PLUGIN, encoding="utf-8")
    plugins.load(path, remember=False)
    try:
        request = TrainingRequest(Recipe("scenes/vgg", intervention="left_alone", limit=64), "cpu")
        job, other = jobs.submit(request, here=True), jobs.submit(REQUEST, here=True)
        plugins.unload(path)
        assert isinstance(jobs.status(job).request, TrainingRequest)
        plugins.unload(path)
        path.unlink()
        assert [each.id for each in jobs.list_jobs() if each.request is not None] == [other]
        assert "left_alone" in jobs.status(job).message
        with pytest.raises(RobustcoreError, match="left_alone"):
            worker._run(job)
        assert jobs.status(job).state == "failed"
    finally:
        plugins.unload(path)
