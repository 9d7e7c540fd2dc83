"""The page Evaluate: the price before, the job as it goes, and nothing computed in the page's own script."""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

import robustcore as rc
from dashboard import cache
from dashboard.widgets.jobs import amounts, panel
from robustcore.errors import UnknownNameError
from robustcore.evaluation import api
from robustcore.evaluation.estimates import Estimate
from robustcore.evaluation.jobs import jobs, worker
from robustcore.evaluation.request import EvaluationRequest
from tests.dashboard.conftest import OpenPage, sound


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[EvaluationRequest]:
    """What the page hands to the queue; nothing is started."""
    requests: list[EvaluationRequest] = []

    def submit(request: EvaluationRequest) -> int:
        requests.append(request)
        return 1

    monkeypatch.setattr(jobs, "submit", submit)
    return requests


@pytest.fixture
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "ensure_worker", lambda: None)


def price(at: AppTest) -> list[str]:
    """Units, those stored already, time and disk space for the rest, as the page writes them."""
    return [metric.value for metric in at.metric]


def texts(at: AppTest) -> str:
    parts = [*at.caption, *at.markdown, *at.warning, *at.info, *at.error]
    return " ".join(part.value.replace("\\", "") for part in parts)


def press(at: AppTest, key: str) -> AppTest:
    (button,) = [b for b in at.button if b.key == key]
    return button.click().run()


def test_the_price_counts_what_is_stored(open_page: OpenPage, own_model: str) -> None:
    address = {
        "evaluate_model": own_model,
        "evaluate_suite": "imagenet-c-extra",
        "evaluate_severity": ["1", "3"],
        "evaluate_limit": "4",
    }
    at = open_page("evaluate", **address)
    assert sound(at)
    before = price(at)
    assert before[:2] == ["9", "0"]  # clean, and 4 corruptions at 2 severities
    assert before[2] not in ("0", "")
    rc.evaluate(own_model, "scenes", "imagenet-c-extra", severities=[1, 3], limit=4)
    cache.expiry.results_changed()
    at = open_page("evaluate", **address)
    after = price(at)
    assert after == ["9", "9", "0", "0"]
    assert not [b for b in at.button if b.key == "evaluate_launch"]
    assert "compare_suite=ImageNet-C+extra" in at.get("page_link")[0].proto.query_string


def test_launching_hands_over_what_was_chosen_and_computes_nothing(
    open_page: OpenPage, own_model: str, launched: list[EvaluationRequest]
) -> None:
    at = open_page(
        "evaluate",
        evaluate_model=own_model,
        evaluate_suite=["imagenet-c", "laugros"],
        evaluate_limit="64",
        evaluate_seed="5",
        evaluate_storage="jpeg85",
        evaluate_device="cpu",
        evaluate_severity=["1", "5"],
    )
    press(at, "evaluate_launch")
    (request,) = launched
    assert request == EvaluationRequest(
        models=(own_model,),
        dataset="scenes",
        conditions=("imagenet-c", "laugros"),
        limit=64,
        seed=5,
        severities=(1, 5),
        storage="jpeg85",
        device="cpu",
    )


def test_all_five_severities_are_the_suites_own(
    open_page: OpenPage, own_model: str, launched: list[EvaluationRequest]
) -> None:
    press(open_page("evaluate", evaluate_model=own_model, evaluate_limit="2"), "evaluate_launch")
    assert launched[0].severities is None
    assert launched[0].limit == 2


def test_answers_and_surrogates_are_part_of_the_request(
    open_page: OpenPage, own_model: str, launched: list[EvaluationRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Timing every attack takes longer than the test may.
    monkeypatch.setattr(cache.estimates, "price", lambda request: Estimate(9, 0, 9, 1.0, 9, "cpu", ""))
    chosen = {"evaluate_model": own_model, "evaluate_suite": "attacks", "evaluate_limit": "2"}
    surrogate = {"evaluate_surrogate": "scenes/resnet-standard", "evaluate_only_surrogate": "true"}
    press(open_page("evaluate", **chosen, **surrogate), "evaluate_launch")
    (request,) = launched
    assert request.surrogates == ("scenes/resnet-standard",)
    assert request.only_surrogate
    there = {"evaluate_dataset": "photographs", "evaluate_answers": "folder"}
    press(open_page("evaluate", **chosen, **there), "evaluate_launch")
    assert (launched[1].dataset, launched[1].answers) == ("photographs", "folder")


def test_attacks_take_a_norm_and_radii(
    open_page: OpenPage, own_model: str, launched: list[EvaluationRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache.estimates, "price", lambda request: Estimate(9, 0, 9, 1.0, 9, "cpu", ""))
    chosen = {"evaluate_model": own_model, "evaluate_suite": "autoattack", "evaluate_limit": "2"}
    further = {"evaluate_attack": "APGD", "evaluate_norm": "L2", "evaluate_eps": "0.5 64/255"}
    press(open_page("evaluate", **chosen, **further), "evaluate_launch")
    (request,) = launched
    assert (request.conditions, request.norm, request.eps) == (("autoattack", "apgd"), "l2", (0.5, 64 / 255))
    at = open_page("evaluate", **chosen, evaluate_eps="two")
    assert "An eps is a number" in texts(at)
    assert not [b for b in at.button if b.key == "evaluate_launch"]


def test_results_under_attack_alone_are_a_link_to_their_view(own_model: str) -> None:
    request = EvaluationRequest.of(own_model, "scenes", "apgd", norm="l1", eps=12).resolved()
    assert panel.compare_address(request)["compare_view"] == "Attacks"
    both = EvaluationRequest.of(own_model, "scenes", ["apgd", "fog"]).resolved()
    assert "compare_view" not in panel.compare_address(both)


def test_a_norm_that_an_attack_lacks_is_refused_before_anything_is_timed(open_page: OpenPage, own_model: str) -> None:
    chosen = {"evaluate_model": own_model, "evaluate_suite": "autoattack", "evaluate_norm": "L1", "evaluate_eps": "12"}
    assert "autoattack has the norm linf or l2, not l1" in texts(open_page("evaluate", **chosen))


def test_read_only_launches_nothing_and_says_so(
    open_page: OpenPage, own_model: str, monkeypatch: pytest.MonkeyPatch, no_worker: None
) -> None:
    monkeypatch.setenv("ROBUSTCORE_READ_ONLY", "1")
    jobs.submit(EvaluationRequest((own_model,), "scenes", ("contrast",), limit=2))
    at = open_page("evaluate", evaluate_model=own_model, evaluate_suite="imagenet-c-extra", evaluate_limit="2")
    assert sound(at)
    assert not at.button
    assert "--read-only" in texts(at)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ({"evaluate_other": "torchvision/resnet5"}, "resnet50"),
        ({"evaluate_other": "/nowhere/model.safetensors"}, "/nowhere/model.safetensors"),
        ({"evaluate_dataset": "a folder …", "evaluate_folder": "/nowhere/val"}, "There is no folder /nowhere/val"),
    ],
)
def test_what_cannot_be_evaluated_is_said_before_anything_is_launched(
    open_page: OpenPage, own_model: str, address: dict[str, str], sentence: str
) -> None:
    at = open_page("evaluate", evaluate_model=own_model, evaluate_limit="2", **address)
    assert not at.exception
    (error,) = at.error
    assert sentence in error.value.replace("\\", "")
    assert not [b for b in at.button if b.key == "evaluate_launch"]


def test_a_finished_job_is_listed_and_leads_to_its_results(open_page: OpenPage, own_model: str) -> None:
    request = EvaluationRequest((own_model,), "scenes", ("contrast", "pixelate"), limit=2, seed=3)
    job = jobs.submit(request, here=True)
    worker.run_job(job)
    at = open_page("evaluate", evaluate_model=own_model, evaluate_limit="2")
    assert sound(at)
    assert jobs.status(job).state == "finished"
    assert jobs.status(job).title in texts(at)
    links = [link.proto for link in at.get("page_link")]
    assert [link.page for link in links] == ["compare"]
    assert "compare_seed=3" in links[0].query_string
    assert "compare_model=own%2Fsmall" in links[0].query_string
    grid = next(html.proto.body for html in at.get("html") if "Progress of each condition" in html.proto.body)
    assert grid.count("<span title=") == 11  # clean, and two corruptions at five severities
    assert "#0c9e86 100%" in grid


def test_a_job_without_its_process_can_be_continued(open_page: OpenPage, own_model: str, no_worker: None) -> None:
    job = jobs.submit(EvaluationRequest((own_model,), "scenes", ("contrast",), limit=2))
    at = open_page("evaluate", evaluate_model=own_model, evaluate_limit="2")
    assert jobs.status(job).state == "interrupted"
    assert {f"job-resume-{job}", f"job-remove-{job}"} <= {b.key for b in at.button}
    press(at, f"job-remove-{job}")
    assert jobs.list_jobs() == []


def test_a_running_job_can_be_paused_and_a_waiting_one_go_next(
    open_page: OpenPage, own_model: str, no_worker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for priority in (0, 7, 0):
        jobs.submit(EvaluationRequest((own_model,), "scenes", ("contrast",), limit=2), priority=priority)
    last, before, first = jobs.list_jobs()
    as_if = {"state": "queued", "message": ""}
    result = [
        dataclasses.replace(last, **as_if),
        dataclasses.replace(before, **as_if),
        dataclasses.replace(first, **as_if | {"state": "running"}),
    ]
    monkeypatch.setattr(jobs, "list_jobs", lambda limit=100: result)
    paused: list[int] = []
    monkeypatch.setattr(jobs, "pause", paused.append)
    at = open_page("evaluate", evaluate_model=own_model, evaluate_limit="2")
    press(at, f"job-pause-{first.id}")
    assert paused == [first.id]
    press(at, f"job-hasten-{last.id}")
    assert jobs.status(last.id).priority == 8


def test_a_failed_job_says_why(open_page: OpenPage, own_model: str) -> None:
    job = jobs.submit(EvaluationRequest(("own/missing",), "scenes", ("contrast",), limit=2), here=True)
    with pytest.raises(UnknownNameError):
        worker.run_job(job)
    at = open_page("evaluate", evaluate_model=own_model, evaluate_limit="2")
    assert not at.exception
    assert any("own/missing" in error.value.replace("\\", "") for error in at.error)
    assert f"job-resume-{job}" in {b.key for b in at.button}


def test_failed_units_are_counted_explained_and_can_be_tried_again(
    open_page: OpenPage, own_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ring", "star"):
        (tmp_path / "images" / name).mkdir(parents=True)
        Image.new("RGB", (64, 64), "red").save(tmp_path / "images" / name / "whole.png")
    Image.new("RGB", (64, 64), "blue").save(tmp_path / "images" / "star" / "broken.png")
    job = jobs.submit(EvaluationRequest((own_model,), str(tmp_path / "images"), ("clean",)), here=True)
    # It breaks between the look at the folder and the evaluation: what is broken before is left out and named.
    prepare = api.prepare

    def broken_then(request: EvaluationRequest) -> api.Evaluation:
        evaluation = prepare(request)
        (tmp_path / "images" / "star" / "broken.png").write_bytes(b"\x89PNG and no more")
        return evaluation

    with monkeypatch.context() as patched:
        patched.setattr(api, "prepare", broken_then)
        worker.run_job(job)
    at = open_page("evaluate", evaluate_model=own_model, evaluate_limit="2")
    assert sound(at)
    assert jobs.status(job).failed == 1
    assert "broken.png" in texts(at)
    assert f"job-resume-{job}" in {b.key for b in at.button}


def test_the_link_names_the_suites_that_the_job_covers() -> None:
    request = EvaluationRequest(("a",), "scenes", ("imagenet-c", "imagenet-c-extra"), storage="jpeg85").resolved()
    address = panel.compare_address(request)
    assert address["compare_suite"] == ["ImageNet-C", "ImageNet-C extra"]
    assert address["compare_storage"] == "Second JPEG (85)"


def test_amounts_are_no_more_exact_than_an_estimate() -> None:
    assert [amounts.duration(s) for s in (0.2, 38, 95, 200, 7900, 90000, None)] == [
        "a few seconds",
        "about 40 seconds",
        "about 1 minute and 35 seconds",
        "about 3 minutes",
        "about 2 hours and 10 minutes",
        "about 1 day and 1 hour",
        "unknown",
    ]
    assert [amounts.size(b) for b in (10, 45_000, 3_400_000, 2.5e9)] == ["10 Bytes", "45.0 kB", "3.4 MB", "2.5 GB"]
    now = datetime.datetime(2026, 1, 3, 12, tzinfo=datetime.UTC)
    times = (
        "2026-01-03T11:59:30+00:00",
        "2026-01-03T11:30:00+00:00",
        "2026-01-03T07:00:00+00:00",
        "2026-01-02T11:00:00+00:00",
        "2025-12-24T11:00:00+00:00",
    )
    assert [amounts.ago(t, now) for t in times] == [
        "30 seconds ago",
        "30 minutes ago",
        "5 hours ago",
        "a day ago",
        "10 days ago",
    ]
    assert amounts.ago(None) == ""
