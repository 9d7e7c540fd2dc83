"""A GPU: agreement with the CPU, speed, sweeps, sharing, memory, mixed precision, stops and kills; small on a CPU.

    PYTHONPATH=. python3 -m benchmarks gpu [--part NAME ...] [--device cuda] [--small] [--seconds 340] [--output FILE]

At most six minutes on a GPU; it needs torch, torchvision, numpy, OpenCV, pandas and scikit-learn alone, no network and none of
the shipped models. Each part has a time of its own; what does not fit into it is "not reached". The table stands at the end and in
the file, which is written after every part; a part that fails is named with its error and the others go on. The exit status is 1
where something is off or has failed.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from benchmarks.gpu import agreement, sharing, speed, steps, stops
from benchmarks.gpu.inputs import Setting
from benchmarks.gpu.table import Clock, Table
from robustcore import devices, paths

Part = Callable[[Table, Setting, Clock], None]
# Part -> what runs it, and its share of the seconds.
PARTS: dict[str, tuple[Part, float]] = {
    "agreement": (agreement.run, 0.16),
    "speed": (speed.run_corruptions, 0.12),
    "sweep": (speed.run_sweep, 0.5),
    "memory": (sharing.run_memory, 0.05),
    "processes": (sharing.run_processes, 0.05),
    "training": (steps.run, 0.04),
    "cancel": (stops.run_cancel, 0.02),
    "kill": (stops.run_kill, 0.06),
}
SECONDS = 340.0


def main(arguments: Sequence[str] = ()) -> int:
    """Run the parts and print their table; 1 where something is off or has failed."""
    parser = argparse.ArgumentParser("python -m benchmarks gpu", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--part", nargs="+", action="extend", choices=list(PARTS), help="only these (default: all)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps (default: auto)")
    parser.add_argument("--small", action="store_true", help="a few small images; always so on a CPU")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for all parts together (default: %(default)s)")
    parser.add_argument("--output", type=Path, help="file (default: gpu-benchmark.txt in the cache)")
    chosen = parser.parse_args(arguments)
    device = devices.pick(chosen.device)
    table = Table(_head(device), chosen.output or paths.cache() / "gpu-benchmark.txt")
    with tempfile.TemporaryDirectory(prefix="robustcore-gpu-") as folder:
        setting = Setting(device, chosen.small or device.type == "cpu", Path(folder))
        for name in chosen.part or PARTS:
            run(table, name, setting, chosen.seconds)
    print(table.text())
    print(f"written to {table.output}")
    return table.status


def run(table: Table, name: str, setting: Setting, seconds: float = SECONDS) -> None:
    """One part, and the table's file anew."""
    part, share = PARTS[name]
    began = time.monotonic()
    with table.caught(name, "the whole part"):
        part(table, setting, Clock(seconds * share))
    table.head.append(f"{name}: {time.monotonic() - began:.1f} s")
    table.write()


def _head(device: torch.device) -> list[str]:
    what = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine()
    return [f"{device}: {what}; Python {platform.python_version()}, torch {torch.__version__}"]
