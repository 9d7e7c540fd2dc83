"""Anomaly scores of kept outputs: seconds and memory for every score that reads logits, 100,000 images of 1,000 classes.

The logits are drawn, kept as `detection.kept_outputs` keeps them (a .npy file that is mapped), and scored without a network. Fitted scores
are fitted on 10,000 validation images first; that is in their seconds. Memory is what the process has beyond the mapped file, at most.
The target is 10 seconds for all scores together. CPU seconds are those of all threads: on a machine with other work they say more.
"""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

from robustcore.detection import scores
from robustcore.detection.outputs import Outputs
from robustcore.metrics import detection

IMAGES, VALIDATION, CLASSES = 100_000, 10_000, 1_000
TARGET = 10.0  # seconds
_AT_ONCE = 10_000


def main() -> None:
    """Draw, score one after the other, print."""
    with tempfile.TemporaryDirectory() as folder:
        known = _mapped(Path(folder) / "known.npy", IMAGES, 0)
        validation = Outputs(_mapped(Path(folder) / "validation.npy", VALIDATION, 1))
        chosen = [each for each in scores.registry.registered() if not each.features and not each.passes]
        print(f"{'score':28} {'seconds':>8} {'CPU s':>8} {'MB':>7}")
        total, total_cpu, values = 0.0, 0.0, np.empty(0)
        for each in chosen:
            outputs = Outputs(known)
            with _Memory() as memory:
                start, cpu = time.perf_counter(), time.process_time()
                values = each.bound(validation if each.fitted else None)(outputs)
                seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
            total, total_cpu = total + seconds, total_cpu + cpu
            print(f"{each.title:28} {seconds:8.2f} {cpu:8.2f} {memory.peak / 1e6:7.0f}", flush=True)
        print(f"{f'{len(chosen)} scores':28} {total:8.2f} {total_cpu:8.2f}   (target {TARGET:.0f})")
        start = time.perf_counter()
        detection.auroc(values[: IMAGES // 2], values[IMAGES // 2 :])
        print(f"{'AUROC of one of them':28} {time.perf_counter() - start:8.2f}")


def _mapped(file: Path, images: int, seed: int) -> npt.NDArray[np.float32]:
    """(images, CLASSES) float32 logits of a network that is mostly right, mapped from a file."""
    generator = np.random.default_rng(seed)
    logits = np.lib.format.open_memmap(file, mode="w+", dtype=np.float32, shape=(images, CLASSES))
    for start in range(0, images, _AT_ONCE):
        part = generator.standard_normal((min(_AT_ONCE, images - start), CLASSES), dtype=np.float32)
        answers = generator.integers(CLASSES, size=len(part))
        part[np.arange(len(part)), answers] += generator.uniform(3, 14, len(part)).astype(np.float32)
        logits[start : start + len(part)] = part
    logits.flush()
    del logits
    return np.load(file, mmap_mode="r")


class _Memory:
    """The most anonymous memory of the process while it is entered, beyond that at the start, in bytes."""

    def __enter__(self) -> _Memory:
        self._first = _anonymous()
        self.peak = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(0.02):
            self.peak = max(self.peak, _anonymous() - self._first)


def _anonymous() -> int:
    """Bytes of the process's memory that no file backs; 0 where the system does not say."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:")), 0)


if __name__ == "__main__":
    main()
