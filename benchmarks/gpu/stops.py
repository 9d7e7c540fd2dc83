"""An evaluation that is stopped: asked to, within a batch, and killed; it goes on without losing or repeating a unit."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import torch

from benchmarks.gpu.inputs import Setting, Synthetic, Watch, corruption_conditions, counts, evaluate, small_network
from benchmarks.gpu.table import Clock, Table
from robustcore import corruptions
from robustcore.evaluation.store.store import Store

LONGEST_STOP = 2.0  # seconds from the request to the end
_POLL = 0.02


def _work(side: int, size: int) -> tuple[Synthetic, list]:  # type: ignore[type-arg]
    return Synthetic(size, side, 6), corruption_conditions(corruptions.names("imagenet-c"), (1, 3, 5))


def run_cancel(table: Table, setting: Setting, clock: Clock) -> None:
    dataset, conditions = _work(32, 512) if setting.small else _work(224, 2048)
    model = small_network(dataset.classes, dataset.side)
    stop, asked = threading.Event(), 0.0
    with table.caught("cancel", "within a batch"), Store(setting.folder / "cancel.sqlite", shipped=False) as store:

        class Asking(Watch):
            def __call__(self, progress) -> None:  # type: ignore[no-untyped-def]
                nonlocal asked
                super().__call__(progress)
                if progress.done and not asked:
                    asked = time.perf_counter()
                    stop.set()

        _, summary = evaluate(
            [model], dataset, conditions, store, str(setting.device), progress=Asking(), cancelled=stop
        )
        spent = time.perf_counter() - asked if asked else math.nan  # nothing landed: there was nothing to cancel
        good = summary.cancelled and spent <= LONGEST_STOP and 0 < summary.computed < summary.total
        values = {"seconds": spent, "units": summary.computed, "of": summary.total}
        table.add("cancel", "within a batch", "ok" if good else "off", "; ".join(summary.reasons), values)


def run_kill(table: Table, setting: Setting, clock: Clock) -> None:
    """A process with the evaluation is killed while it writes; this one goes on, and a third file has no interruption."""
    side, size = (32, 2048) if setting.small else (224, 1024)
    dataset, conditions = _work(side, size)
    conditions = conditions[: 6 if setting.small else 12]
    model = small_network(dataset.classes, side)
    path = setting.folder / "killed.sqlite"
    with table.caught("kill", "killed and resumed"):
        total = _killed(path, setting, side, size, len(conditions), max(clock.left, 60.0))
        with Store(path, shipped=False) as store:
            evaluation, summary = evaluate([model], dataset, conditions, store, str(setting.device))
            resumed = counts(store, evaluation)
        with Store(setting.folder / "whole.sqlite", shipped=False) as store:
            evaluation, _ = evaluate([model], dataset, conditions, store, str(setting.device))
            whole = counts(store, evaluation)
        good = 0 < summary.cached < summary.total and summary.cached >= total and not summary.repeated
        good = good and resumed == whole and not summary.failed and summary.cached + summary.computed == summary.total
        values = {"stored": total, "kept": summary.cached, "repeated": summary.repeated, "of": summary.total}
        table.add("kill", "killed and resumed", "ok" if good else "off", "; ".join(summary.reasons), values)


def _killed(path: Path, setting: Setting, side: int, size: int, count: int, seconds: float) -> int:
    """Start the evaluation in a process and kill that after its first units; how many were stored by then."""
    root = Path(__file__).resolve().parents[2]
    code = f"from benchmarks.gpu.stops import child; child({str(path)!r}, {str(setting.device)!r}, {side}, {size}, {count})"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])}
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=root, env=environment, stdout=subprocess.PIPE, text=True
    )
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        assert process.stdout is not None
        line = process.stdout.readline()  # after the first units
        if not line:
            raise RuntimeError(f"the process with the evaluation ended without a unit, with status {process.wait()}")
        return int(line)
    finally:
        timer.cancel()
        process.kill()
        process.communicate()


def child(path: str, device: str, side: int, size: int, count: int) -> None:
    """The evaluation in a process of its own; says how many units are stored once there are some."""
    torch.set_num_threads(1)
    dataset, conditions = _work(side, size)
    model = small_network(dataset.classes, side)

    class Saying(Watch):
        def __call__(self, progress) -> None:  # type: ignore[no-untyped-def]
            if progress.done:
                print(progress.done, flush=True)

    with Store(path, shipped=False) as store:
        evaluate([model], dataset, conditions[:count], store, device, progress=Saying())
