"""A read-only dashboard: every action refuses where it happens, whatever a browser sends."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image

from dashboard import cache
from dashboard.session import actions, roots
from robustcore.errors import InvalidArgumentError, JobError
from robustcore.evaluation.jobs import jobs
from robustcore.evaluation.request import EvaluationRequest
from tests.dashboard.conftest import OpenPage

ASKED = EvaluationRequest(("scenes/resnet-standard",), "scenes", ("contrast",), limit=1)


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> int:
    """A job that waits, made before the dashboard becomes read-only."""
    monkeypatch.setattr(jobs, "ensure_worker", lambda: None)
    number = jobs.submit(ASKED)
    monkeypatch.setenv("ROBUSTCORE_READ_ONLY", "1")
    return number


@pytest.mark.parametrize("action", [actions.cancel, actions.pause, actions.hasten, actions.resume, actions.remove])
def test_jobs_cannot_be_changed(job: int, action: Callable[[int], object]) -> None:
    before = jobs.status(job)
    with pytest.raises(JobError, match="started with --read-only"):
        action(job)
    assert jobs.status(job) == before


def test_nothing_can_be_launched(job: int) -> None:
    with pytest.raises(JobError, match="started with --read-only"):
        actions.submit(ASKED)
    assert len(jobs.list_jobs()) == 1


def test_nothing_can_be_uploaded(job: int) -> None:
    file = io.BytesIO()
    Image.new("RGB", (16, 16)).save(file, "PNG")
    with pytest.raises(JobError, match="started with --read-only"):
        cache.images.upload(file.getvalue(), "mine.png")


def test_no_model_is_fetched(job: int) -> None:
    with pytest.raises(InvalidArgumentError, match="no model of this machine"):
        roots.model("torchvision/resnet50")
    assert roots.model("scenes/resnet-standard") == "scenes/resnet-standard"


def test_forced_state_presses_no_button(job: int, open_page: OpenPage, own_model: str) -> None:
    """The page as it was drawn before, with its buttons: pressing them now changes nothing."""
    at = open_page("evaluate", evaluate_model=own_model, evaluate_limit="2")
    for key in ("evaluate_launch", f"job-cancel-{job}", f"job-remove-{job}", f"job-resume-{job}"):
        assert not [b for b in at.button if b.key == key]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROBUSTCORE_READ_ONLY", "0")
        at.run()
        buttons = [b.key for b in at.button]
        assert {"evaluate_launch", f"job-remove-{job}"} <= set(buttons)
        keys = [b for b in at.button if b.key in ("evaluate_launch", f"job-remove-{job}", f"job-resume-{job}")]
        for button in keys:
            button.click()
    at.run()
    assert not at.exception
    assert [result.id for result in jobs.list_jobs()] == [job]
    assert jobs.status(job).state == "interrupted"  # as before: nothing works on it


def test_forced_state_does_not_bring_the_upload_back(job: int, open_page: OpenPage) -> None:
    at = open_page("corruptions", corruptions_from="Upload")
    at.session_state["corruptions_from"] = "upload"
    at.run()
    assert not at.exception
    assert not at.get("file_uploader")
    assert at.session_state["corruptions_from"] == "photograph"
