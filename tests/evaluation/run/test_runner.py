"""The runner: images are made once, units land at once, what fails is noted, what is asked to stop stops."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import robustcore as rc
from robustcore import processes
from robustcore.errors import DatasetError
from robustcore.evaluation import Condition, Progress, Store, api, operations
from robustcore.evaluation.operations import Applied, Operation, Part
from robustcore.evaluation.plan import Group
from robustcore.evaluation.request import EvaluationRequest
from robustcore.evaluation.run import leases, resources, runner
from robustcore.evaluation.run.scorer import Failure, Result, Scorer
from robustcore.models.classifier import Classifier

Make = Callable[..., Any]


class Breaking(nn.Module):
    """A network that goes wrong in one way or another, as often as it is told to."""

    def __init__(self, error: Callable[[Tensor], Exception | None]) -> None:
        super().__init__()
        self.error = error
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        if (error := self.error(x)) is not None:
            raise error
        return torch.stack([x.mean(dim=(1, 2, 3)), -x.mean(dim=(1, 2, 3)), self.weight.expand(len(x))], dim=1)


def test_a_shard_is_decoded_once_and_corrupted_once_for_all_models(
    make_dataset: Make, make_model: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = make_dataset(300)
    operation = operations.registry["corruption"]
    applied = []
    original = operation.apply

    def counted(condition: Condition, part: Part, *rest: Any) -> Applied:
        applied.append(len(part))
        return original(condition, part, *rest)

    monkeypatch.setattr(operation, "apply", counted)
    rc.evaluate([make_model("a"), make_model("b", 0.1), make_model("c", 0.2)], dataset, "fog", severities=[1, 2])
    assert dataset.decoded == 300
    assert sum(applied) == 2 * 300


def test_every_condition_s_first_images_are_there_before_any_second_ones(
    make_dataset: Make, make_model: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "workers", lambda device, groups: (1, 1))  # several overtake each other
    seen: list[int] = []
    original = Scorer.run

    def noted(scorer: Scorer, group: Group) -> list[Result | Failure]:
        seen.append(group.shard)
        return original(scorer, group)

    monkeypatch.setattr(Scorer, "run", noted)
    rc.evaluate(make_model(), make_dataset(600), "fog", severities=[1, 2])
    assert seen == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_a_second_run_does_only_what_is_missing(make_dataset: Make, make_model: Make) -> None:
    dataset, model = make_dataset(600), make_model()
    first = rc.evaluate(model, dataset, "clean", limit=256)
    more = rc.evaluate(model, dataset, "clean", limit=600)
    again = rc.evaluate(model, dataset, "clean", limit=600)
    less = rc.evaluate(model, dataset, "clean", limit=70)
    summaries = [t.attrs["summary"] for t in (first, more, again, less)]
    assert [(s["computed"], s["cached"]) for s in summaries] == [(1, 0), (2, 1), (0, 3), (0, 1)]
    assert dataset.decoded == 600
    assert [bool(t["cached"].all()) for t in (first, more, again, less)] == [False, False, True, True]


def test_a_unit_that_fails_is_noted_and_the_rest_goes_on(make_dataset: Make, make_model: Make) -> None:
    bad = make_model("bad", network=Breaking(lambda x: ValueError("no such\nthing") if len(x) < 100 else None))
    table = rc.evaluate([bad, make_model("good")], make_dataset(300), "clean").set_index("model")
    assert table.loc["good", "n"] == 300
    assert table.loc["bad", "n"] == 256
    assert table.loc["bad", "reason"] == "44 of 300 images are missing: ValueError: no such"
    assert table.attrs["summary"]["reasons"] == {"ValueError: no such": 1}


def test_a_failed_unit_is_tried_again_by_the_next_evaluation(make_dataset: Make, make_model: Make) -> None:
    broken = [True]
    model = make_model("m", network=Breaking(lambda x: ValueError("not yet") if broken else None))
    dataset = make_dataset(100)
    assert rc.evaluate(model, dataset, "clean")["accuracy"].isna().all()
    broken.clear()
    table = rc.evaluate(model, dataset, "clean")
    assert table["n"].tolist() == [100]
    assert table["reason"].tolist() == [""]


def test_logits_that_are_not_finite_fail_and_never_count_as_wrong(make_dataset: Make, make_model: Make) -> None:
    class Overflowing(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.full((len(x), 3), torch.inf)

    table = rc.evaluate(make_model("m", network=Overflowing()), make_dataset(100), "clean")
    assert table["accuracy"].isna().all()
    assert table["reason"].tolist() == ["The logits of m are not finite on 100 of 100 images."]


def test_out_of_memory_halves_the_batch_and_goes_on(make_dataset: Make, make_model: Make) -> None:
    sizes: list[int] = []

    def small(x: Tensor) -> Exception | None:
        sizes.append(len(x))
        return RuntimeError("DefaultCPUAllocator: can't allocate memory") if len(x) > 40 else None

    tight = make_model("m", network=Breaking(small))
    roomy = make_model("m", network=Breaking(lambda x: None))
    dataset = make_dataset(256)
    with Store(shipped=False) as store:
        reports: list[Progress] = []
        table = rc.evaluate(tight, dataset, "clean", store=store, progress=reports.append)
    assert table["n"].tolist() == [256]
    events = [event for report in reports for event in report.events]
    assert [(event.kind, event["images"], event["smaller"]) for event in events] == [
        ("out_of_memory", 128, 64),
        ("out_of_memory", 64, 32),
    ]
    assert sizes == [8, 8, *[1] * 8, 128, 64, *[32] * 8]  # the probe images, twice and one by one, come first
    expected = rc.evaluate(roomy, dataset, "clean", store=store.path.with_name("other.sqlite"))
    assert table["correct"].tolist() == expected["correct"].tolist()


def test_out_of_memory_on_one_image_is_a_failure_with_its_reason(make_dataset: Make, make_model: Make) -> None:
    model = make_model("m", network=Breaking(lambda x: RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")))
    table = rc.evaluate(model, make_dataset(100), "clean")
    assert table["reason"].tolist() == ["RuntimeError: CUDA out of memory. Tried to allocate 2 GiB"]


def test_a_run_that_is_cancelled_keeps_what_is_finished_and_goes_on_later(make_dataset: Make, make_model: Make) -> None:
    prepared = api.prepare(EvaluationRequest.of(make_model(), make_dataset(600), "imagenet-c-extra"))
    stop = threading.Event()

    def after_three(state: Progress) -> None:
        if state.done >= 3:
            stop.set()

    with Store() as store:
        first = api.carry_out(prepared, store, progress=after_three, cancelled=stop)
        assert first.cancelled
        assert 3 <= first.computed < first.total
        second = api.carry_out(prepared, store)
        assert (second.cached, second.computed) == (first.computed, first.total - first.computed)
        with store.writing() as connection:
            assert connection.execute("SELECT count(*) FROM claims").fetchone()[0] == 0


def test_two_runs_that_need_the_same_units_compute_each_once(make_dataset: Make, make_model: Make) -> None:
    model, dataset = make_model(), make_dataset(512)
    summaries: list[runner.Summary] = []

    def one() -> None:
        with Store() as store:
            summaries.append(
                api.carry_out(api.prepare(EvaluationRequest.of(model, dataset, "imagenet-c-extra")), store)
            )

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = summaries[0].total
    assert sum(s.computed for s in summaries) == total
    assert sum(s.repeated for s in summaries) == 0
    assert all(s.computed + s.cached == total for s in summaries)


def test_a_claim_ends_with_its_process_and_with_its_time(make_dataset: Make, make_model: Make) -> None:
    unit = api.prepare(EvaluationRequest.of(make_model(), make_dataset(10), "clean")).cells[0].units()[0]
    mine, other = processes.new_owner(), processes.new_owner()
    dead = other.replace(f"|{processes.os.getpid()}|", "|999999999|")
    with Store() as store:
        assert leases.acquire(store, [unit], mine).granted == [unit]
        assert leases.acquire(store, [unit], mine).granted == [unit]  # a second time is no hindrance
        assert leases.acquire(store, [unit], other).busy == [unit]
        leases.release(store, mine)
        assert leases.acquire(store, [unit], dead).granted == [unit]
        assert leases.acquire(store, [unit], other).granted == [unit]
        for expires in (0.0, 1e12):  # long over, or from a clock that was set back
            with store.writing() as connection:
                connection.execute("UPDATE claims SET expires = ?", (expires,))
            assert leases.acquire(store, [unit], mine).granted == [unit]
            mine, other = other, mine


def test_the_numbers_do_not_depend_on_the_batch_size(make_dataset: Make, make_model: Make, tmp_path: Any) -> None:
    from robustcore.evaluation.plan import pending
    from robustcore.evaluation.run.scorer import Scorer

    model = make_model()
    prepared = api.prepare(EvaluationRequest.of(model, make_dataset(256), "imagenet-c-extra", severities=[5]))
    collected = []
    for size in (256, 7):
        scorer = Scorer(prepared.models, prepared.dataset, device=torch.device("cpu"), batch_size=size)
        collected.append([scorer.run(g) for g in pending(prepared.cells, {}).groups])
    for one, two in zip(*collected, strict=True):
        for a, b in zip(one, two, strict=True):
            assert isinstance(a, runner.Result)
            assert isinstance(b, runner.Result)
            np.testing.assert_allclose(a.predictions.logits, b.predictions.logits, atol=1e-5)


class Lighten(Operation):
    """An attack of a sort: adds what lowers the model's score of the label, float images, with a norm."""

    kind = "attack"
    needs_model = True
    float32_only = True

    def check(self, condition: Condition) -> None:
        assert condition.kind == self.kind

    def identity(self, condition: Condition) -> Mapping[str, Any]:
        return {"revision": 1}

    def apply(
        self,
        condition: Condition,
        part: Part,
        seed: int,
        model: Classifier | None = None,
        surrogates: Mapping[str, Classifier] | None = None,
    ) -> Applied:
        assert model is not None
        x = (part.images.float() / 255).requires_grad_()
        model(x).gather(1, part.labels[:, None]).sum().backward()
        assert x.grad is not None
        moved = (x.detach() - 0.1 * x.grad.sign()).clamp(0, 1)
        return Applied(moved, {"linf": (moved - x.detach()).abs().amax(dim=(1, 2, 3))})


def test_an_operation_that_needs_the_model_runs_for_each_with_gradients_and_extra_numbers(
    make_dataset: Make, make_model: Make
) -> None:
    attack = Condition("attack", "lighten")
    with operations.registry.restored():
        operations.registry.replace("attack", Lighten())
        table = rc.evaluate([make_model("a"), make_model("b", 0.05)], make_dataset(300), [attack], precision="bf16")
    rows = table[table["kind"] == "attack"]
    clean = table[table["kind"] == "clean"]
    assert rows["n"].tolist() == [300, 300]
    assert (rows["accuracy"].to_numpy() < clean["accuracy"].to_numpy()).all()
    assert rows["linf"].tolist() == pytest.approx([0.1, 0.1], abs=1e-3)
    assert clean["linf"].isna().all()
    assert rows["precision"].tolist() == ["float32", "float32"]
    assert clean["precision"].tolist() == ["bf16", "bf16"]


def test_a_model_that_does_not_know_the_classes_is_one_sentence_before_anything_is_computed(
    make_dataset: Make, make_model: Make
) -> None:
    dataset = make_dataset(100)
    dataset.classes = ("cat", "dog", "fox")
    with pytest.raises(DatasetError, match="does not know 3 of the 3 classes of squares"):
        rc.evaluate(make_model(), dataset, "fog")
    assert dataset.decoded == 0
