"""The page Training: the price before, what is handed to the queue, and what no training can be."""

from __future__ import annotations

import dataclasses

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache
from robustcore import cli
from robustcore.evaluation.jobs import jobs, queue
from robustcore.evaluation.jobs.command_request import CommandRequest
from robustcore.evaluation.jobs.training_request import TrainingRequest
from robustcore.training import Recipe, estimates
from tests.dashboard.conftest import OpenPage, sound

SMALL = {
    "training_architecture": "scenes/vgg",
    "training_limit": "64",
    "training_batch": "32",
    "training_device": "cpu",
}


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs stay in the queue."""
    monkeypatch.setattr(jobs, "ensure_worker", lambda: None)


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Timing steps takes longer than most tests may."""
    price = estimates.Price(images=64, steps=16, seconds=90.0, device="cpu")
    monkeypatch.setattr(cache.estimates, "training_price", lambda recipe, device, known=False: price)


def launch(at: AppTest) -> AppTest:
    (button,) = [b for b in at.button if b.key == "training_launch"]
    return button.click().run()


def test_the_price_is_of_the_whole_training(open_page: OpenPage, own_cache: object) -> None:
    at = open_page("training", **SMALL | {"training_limit": "80"}, training_intervention="Mixup", training_epochs="3")
    assert sound(at)
    images, steps, time = (metric.value for metric in at.metric)
    assert (images, steps) == ("80", "6")  # two batches of 32, three times; what is left of an epoch is left out
    assert "second" in time


def test_a_network_from_elsewhere_is_timed_when_somebody_asks(
    open_page: OpenPage, own_cache: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    price = estimates.Price(images=64, steps=16, seconds=90.0, device="cpu")
    monkeypatch.setattr(
        "dashboard.workers.trainings.price", lambda recipe, device: asked.append(device) or dataclasses.asdict(price)
    )
    at = open_page("training", **{**SMALL, "training_architecture": "torchvision/resnet18"})
    assert not asked
    (button,) = [b for b in at.button if b.key == "training_time"]
    at = button.click().run()
    assert [metric.value for metric in at.metric][1] == "16"
    assert [metric.value for metric in at.run().metric][1] == "16"  # kept
    assert asked == ["cpu"]


@pytest.mark.usefixtures("cheap", "own_cache")
def test_what_was_chosen_is_queued_once(open_page: OpenPage) -> None:
    chosen = {
        "training_intervention": ["DeepAugment", "AugMix"],
        "training_settings": "augmix.width=2",
        "training_seed": "7",
    }
    at = launch(
        open_page("training", **SMALL, **chosen, training_start="scenes/vgg-standard", training_optimizer="Adam")
    )
    (job,) = jobs.list_jobs()
    assert isinstance(job.request, TrainingRequest)
    assert job.request.device == "cpu"
    assert job.request.recipe == Recipe(
        "scenes/vgg",
        "scenes",
        "deepaugment+augmix",
        (("augmix.width", 2),),
        epochs=8,
        batch=32,
        limit=64,
        seed=7,
        learning_rate=0.05,
        optimizer="adam",
        start="scenes/vgg-standard",
    )
    with queue.writing() as connection:
        queue.set_worker(connection, queue.Process.own(), "")  # which will take the job
    again = launch(at)
    assert [error.value for error in again.error]
    assert len(jobs.list_jobs()) == 1


@pytest.mark.usefixtures("cheap", "own_cache")
@pytest.mark.parametrize(
    "chosen",
    [
        {"training_intervention": ["Mixup", "AugMix"]},  # both decide the labels
        {"training_intervention": "Mixup", "training_settings": "alpha"},
        {"training_intervention": "Mixup", "training_settings": "width=2"},
        {"training_intervention": "Mixup", "training_settings": "'"},
    ],
)
def test_what_no_training_can_be_is_one_sentence(open_page: OpenPage, chosen: dict[str, str]) -> None:
    at = open_page("training", **SMALL, **chosen)
    assert not at.exception
    assert len(at.error) == 1
    assert not [b for b in at.button if b.key == "training_launch"]


@pytest.mark.usefixtures("cheap", "own_cache")
def test_read_only_launches_nothing(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROBUSTCORE_READ_ONLY", "1")
    at = open_page("training", **SMALL)
    assert sound(at)
    assert not [b for b in at.button if b.key == "training_launch"]


@pytest.mark.usefixtures("cheap", "own_cache")
@pytest.mark.parametrize(
    ("task", "chosen", "words"),
    [
        ("ranges", {"study_ranged_suite": "laugros-scenes", "study_limit": "40"}, ("severity", "calibrate")),
        ("atlas", {"study_suite": "imagenet-c-extra"}, ("overlap", "--suite", "imagenet-c-extra")),
    ],
)
def test_a_study_is_queued_once(open_page: OpenPage, task: str, chosen: dict[str, str], words: tuple[str, ...]) -> None:
    at = open_page("training", training_task=task, **chosen)
    assert sound(at)
    (button,) = [b for b in at.button if b.key == "study_launch"]
    button.click().run()
    (job,) = jobs.list_jobs()
    assert isinstance(job.request, CommandRequest)
    assert job.request.arguments[: len(words)] == words
    assert job.request.dataset_name == "scenes"
    cli.build_parser().parse_args(job.request.arguments)  # the command line understands it
    with queue.writing() as connection:
        queue.set_worker(connection, queue.Process.own(), "")  # which will take the job
    (button,) = [b for b in at.run().button if b.key == "study_launch"]
    button.click().run()
    assert len(jobs.list_jobs()) == 1
