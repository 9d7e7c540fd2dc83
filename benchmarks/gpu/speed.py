"""Images a second of each corruption, beside a network's forward pass, and a whole sweep beside its forward passes alone."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable

import torch
from torch import Tensor

import robustcore as rc
from benchmarks.gpu import agreement
from benchmarks.gpu.inputs import (
    Setting,
    Synthetic,
    Watch,
    corruption_conditions,
    evaluate,
    large_network,
    small_network,
)
from benchmarks.gpu.table import Clock, Table
from robustcore import corruptions
from robustcore.evaluation import examination
from robustcore.evaluation.store.store import Store
from robustcore.models.classifier import Classifier

SEVERITY = 3
AIM = 1.25  # of a sweep: its time over that of the forward passes alone
_SLOW = 0.5  # seconds of a call that is not repeated


def seconds(setting: Setting, call: Callable[[], object], most: int = 5) -> float:
    """The median of a few calls after one that warms up; a slow first call is the measurement."""
    began = setting.synchronise()
    call()
    first = setting.synchronise() - began
    if first > _SLOW:
        return first
    times = []
    for _ in range(most):
        began = setting.synchronise()
        call()
        times.append(setting.synchronise() - began)
    return statistics.median(times)


def run_corruptions(table: Table, setting: Setting, clock: Clock) -> None:
    """Batches of 256 at 224 pixels; in the small run of 8 at 64."""
    n = 8 if setting.small else 256
    images = Synthetic(n, setting.side).images(0, n).to(setting.device)
    forward = 0.0
    with table.caught("speed", "forward pass"):
        name, call = _forward(setting, images)
        forward = seconds(setting, call)
        table.add("speed", name, "measured", values={"images/s": n / forward, "of the pass": 1.0})
    for name in agreement.names(setting.small):
        if clock.left < 0:
            table.add("speed", name, "not reached")
            continue
        with table.caught("speed", name):
            severity = SEVERITY if corruptions.get(name).severities else None
            spent = seconds(setting, lambda: rc.corrupt(images, name, severity))  # noqa: B023
            share = {"of the pass": spent / forward} if forward else {}
            table.add("speed", name, "measured", values={"images/s": n / spent, **share})


def _forward(setting: Setting, images: Tensor) -> tuple[str, Callable[[], object]]:
    """ResNet-50 in bfloat16, channels last; in the small run the small network in float32."""
    classes = tuple(str(i) for i in range(1000))
    if setting.small:
        model, dtype, name = small_network(classes, setting.side), torch.float32, "small network"
    else:
        model, dtype, name = large_network("resnet50", classes), torch.bfloat16, "ResNet-50, bf16, channels last"
    network = model.network.to(setting.device, dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
    inputs = (images.float() / 255).to(dtype).contiguous(memory_format=torch.channels_last)

    def call() -> Tensor:
        with torch.inference_mode():
            logits: Tensor = network(inputs)
            return logits

    return f"forward pass, {name}", call


def run_sweep(table: Table, setting: Setting, clock: Clock) -> None:
    """The 15 corruptions at 5 severities and clean images, through the project's own evaluation."""
    severities = (3,) if setting.small else corruptions.SEVERITIES
    names = corruptions.names("imagenet-c")[:: 5 if setting.small else 1]
    dataset = Synthetic(64 if setting.small else 4096, setting.side)
    precision = "float32" if setting.small else "bf16"
    models: list[Classifier] = []
    if setting.small:
        models.append(small_network(dataset.classes, setting.side))
    else:
        for name in ("resnet50", "vit_b_16"):
            with table.caught("sweep", name):
                models.append(large_network(name, dataset.classes))
    bare = 0.0
    for model in models:
        with table.caught("sweep", f"{model.card.name} alone"):
            each = _bare(setting, model, dataset, precision)
            bare += each
            table.add("sweep", f"{model.card.name} alone", "measured", values={"images/s": 1 / each})
    conditions = corruption_conditions(names, severities)
    with table.caught("sweep", "evaluation"), Store(setting.folder / "sweep.sqlite", shipped=False) as store:
        began = time.perf_counter()
        with Store(setting.folder / "examined.sqlite", shipped=False) as other:  # the answers on the CPU, asked once
            examination.examine({m.fingerprint(): m for m in models}, {m.fingerprint() for m in models}, other)
        table.add("sweep", "examination", "measured", values={"seconds": time.perf_counter() - began})
        watch, stop = Watch(), threading.Event()
        timer = threading.Timer(max(clock.left, 5.0), stop.set)
        timer.start()
        try:
            _, summary = evaluate(
                models,
                dataset,
                conditions,
                store,
                str(setting.device),
                precision=precision,
                progress=watch,
                cancelled=stop,
            )
        finally:
            timer.cancel()
        spent, landed = watch.reports[-1][0], sum(u.n for _, report in watch.reports for u in report.finished)
        if not landed or not bare:
            raise RuntimeError("; ".join(summary.reasons) or "no unit was finished in the time")
        passes = landed * bare / len(models)
        ratio = spent / passes
        complete = not summary.cancelled and not summary.failed
        remark = "" if complete else f"{summary.computed} of {summary.total} units, {summary.failed} failed"
        remark += "".join(f"; {reason}" for reason in summary.reasons)
        verdict = "off" if summary.failed else "measured" if setting.small or ratio <= AIM else "off"
        if verdict == "off" and not summary.failed:
            remark = f"{remark}; " * bool(remark) + f"the aim is {AIM}"
        values = {"images/s": landed / spent, "seconds": spent, "over the passes": ratio}
        table.add("sweep", "evaluation", verdict, remark.removeprefix("; "), values)


def _bare(setting: Setting, model: Classifier, dataset: Synthetic, precision: str) -> float:
    """Seconds an image of forward passes alone: images that are on the device, in the evaluation's precision and batch."""
    n = min(256, len(dataset))
    images = dataset.images(0, n).to(setting.device)
    copy = model.to(setting.device).to(memory_format=torch.channels_last)

    def call() -> Tensor:
        with torch.inference_mode(), torch.autocast(setting.device.type, torch.bfloat16, enabled=precision == "bf16"):
            answers: Tensor = copy(images.contiguous(memory_format=torch.channels_last))
            return answers

    try:
        return seconds(setting, call, 10) / n
    finally:
        model.to("cpu")
