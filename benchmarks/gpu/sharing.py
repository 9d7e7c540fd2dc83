"""A device that is shared: two processes on it at once, and one that is nearly full; what was taken is given back."""

from __future__ import annotations

import gc
from unittest import mock

import torch

from benchmarks.gpu.inputs import (
    Setting,
    Synthetic,
    corruption_conditions,
    counts,
    evaluate,
    large_network,
    small_network,
)
from benchmarks.gpu.table import Clock, Table
from robustcore.evaluation.run import executors
from robustcore.evaluation.run.scorer import Scorer
from robustcore.evaluation.store.store import Store
from robustcore.models.classifier import Classifier

NAMES = ["gaussian_noise", "contrast"]
_ROOM = 1 << 30  # bytes that are left: enough for the weights, not for a whole batch


def run_processes(table: Table, setting: Setting, clock: Clock) -> None:
    """Two processes of one evaluation on one device, against one process."""
    dataset = Synthetic(512, 32, 6)
    model = small_network(dataset.classes, 32)
    conditions = corruption_conditions(NAMES, (3,))
    device = str(setting.device)
    alone: list[tuple[int, int]] = []
    for name, executor in (("one process", None), ("two processes", executors.process_executor([device, device]))):
        with table.caught("processes", name), Store(setting.folder / f"{name}.sqlite", shipped=False) as store:
            evaluation, summary = evaluate([model], dataset, conditions, store, device, executor=executor)
            answers = counts(store, evaluation)
            complete = not summary.failed and all(n == len(dataset) for n, _ in answers)
            verdict = "ok" if complete and (executor is None or answers == alone) else "off"
            table.add("processes", name, verdict, "; ".join(summary.reasons), {"units": summary.computed})
            alone = alone or answers


def run_memory(table: Table, setting: Setting, clock: Clock) -> None:
    """An evaluation where a whole batch does not fit steps down and is complete, and leaves no memory behind."""
    dataset = Synthetic(64 if setting.small else 512, setting.side, 6 if setting.small else 1000)
    conditions = corruption_conditions(NAMES, (3,))
    model = (
        small_network(dataset.classes, setting.side) if setting.small else large_network("resnet50", dataset.classes)
    )
    with table.caught("memory", "given back"):
        _evaluated(setting, "warm", model, dataset)  # tables of some corruptions stay on the device from here on
        before = _allocated(setting)
        _evaluated(setting, "again", model, dataset)
        kept = _allocated(setting) - before
        if setting.device.type == "cuda":
            table.add("memory", "given back", "ok" if kept <= 0 else "off", values={"bytes kept": kept})
        else:
            table.add("memory", "given back", "left out", "a CPU has no memory of its own to count")
    with table.caught("memory", "full device"):
        halvings = 0
        halve = Scorer._halve

        def counted(self: Scorer, size: int) -> None:
            nonlocal halvings
            halvings += 1
            halve(self, size)

        hog = _fill(setting)
        crowded = small_network(dataset.classes, setting.side, most=10) if setting.small else model
        try:
            with (
                mock.patch.object(Scorer, "_halve", counted),
                Store(setting.folder / "full.sqlite", shipped=False) as store,
            ):
                evaluation, summary = evaluate([crowded], dataset, conditions, store, str(setting.device))
                done = all(n == len(dataset) for n, _ in counts(store, evaluation))
        finally:
            hog.clear()
            gc.collect()
            if setting.device.type == "cuda":
                torch.cuda.empty_cache()
        verdict = "ok" if halvings and done and not summary.failed else "off"
        remark = "; ".join(summary.reasons) or ("" if halvings else "a whole batch fitted: nothing was tried")
        table.add("memory", "full device", verdict, remark, {"times halved": halvings, "units": summary.computed})


def _evaluated(setting: Setting, name: str, model: Classifier, dataset: Synthetic) -> None:
    conditions = corruption_conditions([*NAMES, "shot_noise", "frost"], (3,))
    with Store(setting.folder / f"{name}.sqlite", shipped=False) as store:
        _, summary = evaluate([model], dataset, conditions, store, str(setting.device))
    if summary.failed:
        raise RuntimeError("; ".join(summary.reasons))


def _allocated(setting: Setting) -> int:
    gc.collect()
    if setting.device.type != "cuda":
        return 0
    torch._C._cuda_clearCublasWorkspaces()  # which a thread leaves behind for the next one
    return torch.cuda.memory_allocated(setting.device)


def _fill(setting: Setting) -> list[torch.Tensor]:
    """Nearly all of the device's memory."""
    if setting.device.type != "cuda":
        return []
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info(setting.device)
    return [torch.empty(max(0, free - _ROOM), dtype=torch.uint8, device=setting.device)]
