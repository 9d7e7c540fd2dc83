"""Resources: how an evaluation uses a device and the processor's cores."""

from __future__ import annotations

import torch

from robustcore.processes import cores

# More threads than this only wait for the interpreter's lock.
_MOST_WORKERS = 8


def describe(device: torch.device) -> str:
    """A device for people: "cpu", "cuda (NVIDIA H200)" or "mps"."""
    return f"cuda ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else device.type


def describe_now(device: torch.device) -> str:
    """The same with the memory that is free at this moment: "cuda (NVIDIA H200), 131.2 of 139.8 GiB free"."""
    if device.type != "cuda":
        return describe(device)
    free, whole = torch.cuda.mem_get_info(device)
    return f"{describe(device)}, {free / 2**30:.1f} of {whole / 2**30:.1f} GiB free"


def workers(device: torch.device, tasks: int, *, processes: int = 1) -> tuple[int, int]:
    """(threads that work on units side by side, threads of one operation inside each of them) for that many tasks, in
    each of so many processes that share the cores.

    On the CPU several units at once use the cores better than several threads in one operation. On a GPU two are enough
    for one to prepare images on the host while the other computes.
    """
    if device.type != "cpu":
        return max(1, min(2, tasks)), max(1, cores() // (2 * processes))
    share = max(1, cores() // processes)
    count = max(1, min(share, tasks, _MOST_WORKERS))
    return count, max(1, share // count)
