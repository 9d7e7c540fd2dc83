"""Devices: which one an evaluation runs on, and how many threads it gets."""

from __future__ import annotations

import os

import torch

from robustcore.errors import InvalidArgumentError

# More threads than this only wait for each other inside Python.
_MOST_WORKERS = 8


def choose(device: str | torch.device = "auto") -> torch.device:
    """The device of a name: "auto" (CUDA if there is one), "cpu", "cuda", "cuda:1"."""
    if isinstance(device, str) and device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError as error:
        raise InvalidArgumentError(f"A device is auto, cpu, cuda or cuda:N, not {str(device)!r}.") from error
    if chosen.type == "cuda":
        count = torch.cuda.device_count()
        if not torch.cuda.is_available() or (chosen.index or 0) >= count:
            raise InvalidArgumentError(
                f"The device {device} is not there: this machine has {count or 'no'} CUDA devices. Choose auto or cpu."
            )
    elif chosen.type != "cpu":
        raise InvalidArgumentError(f"A device is auto, cpu, cuda or cuda:N, not {str(device)!r}.")
    return chosen


def describe(device: torch.device) -> str:
    """A device for people: "cpu", or "cuda (NVIDIA H200)"."""
    return f"cuda ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else "cpu"


def cores() -> int:
    """The number of processor cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def workers(device: torch.device, tasks: int) -> tuple[int, int]:
    """(threads that work on units side by side, threads of one operation inside each of them) for that many tasks.

    On the CPU several units at once use the cores better than several threads in one operation. On CUDA two are enough
    for one to prepare images on the host while the other computes.
    """
    if device.type == "cuda":
        return max(1, min(2, tasks)), max(1, cores() // 2)
    count = max(1, min(cores(), tasks, _MOST_WORKERS))
    return count, max(1, cores() // count)
