"""The price tag: counts are exact, times come from a calibration, and long runs get advice."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import robustcore as rc
from robustcore.evaluation import Store, api, estimates
from robustcore.evaluation.request import EvaluationRequest

Make = Callable[..., Any]


@pytest.fixture(autouse=True)
def no_timings() -> None:
    """No calibration of another test."""
    estimates.forget_timings()


class Clock:
    """A clock that moves when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def __deepcopy__(self, memo: object) -> Clock:
        return self  # a scorer copies its models; there is one clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """What `time.perf_counter` reads."""
    clock = Clock()
    monkeypatch.setattr(time, "perf_counter", clock)
    return clock


class Slow(nn.Module):
    """Takes a hundredth of a second an image, by that clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def forward(self, x: Tensor) -> Tensor:
        self.clock.now += 0.01 * len(x)
        return torch.zeros(len(x), 3)


def test_units_that_are_stored_cost_nothing(make_dataset: Make, make_model: Make) -> None:
    model, dataset = make_model(), make_dataset(600)
    prepared = api.prepare(EvaluationRequest.of(model, dataset, "fog", severities=[1, 2]))
    before = estimates.estimate(prepared)
    assert (before.units, before.cached, before.images) == (9, 0, 1800)
    assert before.seconds > 0
    assert before.bytes > 0
    rc.evaluate(model, dataset, "fog", severities=[1])
    between = estimates.estimate(prepared)
    assert (between.units, between.cached, between.images) == (9, 6, 600)
    rc.evaluate(model, dataset, "fog", severities=[1, 2])
    after = estimates.estimate(prepared)
    assert (after.cached, after.images, after.seconds, after.bytes, after.advice) == (9, 0, 0.0, 0, "")


def test_a_model_that_is_named_twice_is_paid_once(make_dataset: Make, make_model: Make) -> None:
    prepared = api.prepare(EvaluationRequest.of([make_model("a"), make_model("b")], make_dataset(100), "clean"))
    assert estimates.estimate(prepared).units == 1  # one set of weights under two names


def test_the_time_is_that_of_the_models_and_the_cores(
    make_dataset: Make, make_model: Make, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    prepared = api.prepare(EvaluationRequest.of(make_model(network=Slow(clock)), make_dataset(512), "clean"))
    monkeypatch.setattr(estimates.resources, "cores", lambda: 2)
    # 512 images at 0.01 s on two cores
    assert estimates.estimate(prepared).seconds == pytest.approx(2.56)


def test_a_second_estimate_takes_no_second_calibration(make_dataset: Make, make_model: Make, clock: Clock) -> None:
    prepared = api.prepare(EvaluationRequest.of(make_model(network=Slow(clock)), make_dataset(512), "clean"))
    first, calibrated = estimates.estimate(prepared), clock.now
    assert calibrated > 0
    assert estimates.estimate(prepared) == first
    assert clock.now == calibrated


def test_a_long_run_gets_advice(make_dataset: Make, make_model: Make, clock: Clock) -> None:
    prepared = api.prepare(EvaluationRequest.of(make_model(network=Slow(clock)), make_dataset(200_000), "clean"))
    result = estimates.estimate(prepared)
    assert result.seconds > estimates.LONG_SECONDS
    assert result.advice.startswith("This takes long: ")
    assert "images instead of 200000" in result.advice
    assert "CUDA" in result.advice


def test_a_model_that_fails_has_no_time_and_does_not_break_the_price_tag(make_dataset: Make, make_model: Make) -> None:
    class Broken(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise ValueError("no")

    result = estimates.estimate(
        api.prepare(EvaluationRequest.of(make_model(network=Broken()), make_dataset(100), "clean"))
    )
    assert result.units == 1
    assert math.isnan(result.seconds)


def test_the_bytes_are_about_what_the_file_grows_by(make_dataset: Make, make_model: Make) -> None:
    prepared = api.prepare(EvaluationRequest.of(make_model(), make_dataset(600), "imagenet-c-extra"))
    promised = estimates.estimate(prepared).bytes
    with Store(shipped=False) as store:
        api.carry_out(prepared, store)
        store.compact()
        assert 0.3 < store.path.stat().st_size / promised < 3
