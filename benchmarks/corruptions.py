"""ImageNet-C: milliseconds an image against imagecorruptions, images a second on a GPU, and memory.

One thread, medians of its processor time (a busy machine stretches the other kind), one run in which the two take turns. The
peer needs an environment of its own, because its release
does not run on NumPy 2 (`benchmarks/_peer_process.py` says how to make one); name its Python in ROBUSTCORE_PEER. Its glass blur takes
0.8 s in the release, and 14 ms in its newest source, which compiles it: it is counted as 14.
"""

from __future__ import annotations

import contextlib
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

import robustcore as rc

DATA = Path(__file__).resolve().parent.parent / "tests" / "data" / "imagenet_c_224.npz"
NAMES = [*rc.corruptions.names("imagenet-c"), *rc.corruptions.names("imagenet-c-extra")]
SEVERITIES = rc.corruptions.SEVERITIES
ROUNDS, REPEATS = 3, 5  # turns, and calls in each; the first call of a turn, which finds cold caches, is left out
GLASS_BLUR = 14.0  # ms, see above
GIBIBYTE = 1 << 30


def picture(side: int = 224) -> np.ndarray:
    """uint8 (side, side, 3): a photograph."""
    with np.load(DATA) as data:
        return np.ascontiguousarray(data["clean/china"][:side, :side])


def seconds(call: Callable[[], object]) -> float:
    """Processor time of one call."""
    began = time.process_time()
    call()
    return time.process_time() - began


@contextlib.contextmanager
def peer(image: np.ndarray) -> Iterator[Callable[[str, int], list[float]] | None]:
    """A function (name, severity) -> seconds of REPEATS calls in the peer's process; None where there is no peer."""
    python = os.environ.get("ROBUSTCORE_PEER")
    if not python:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "image.npy", image)
        command = [
            python,
            "-W",
            "ignore",
            str(Path(__file__).parent / "_peer_process.py"),
            str(Path(folder) / "image.npy"),
        ]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        ask, answer = process.stdin, process.stdout
        assert ask is not None
        assert answer is not None

        def time_some(name: str, severity: int) -> list[float]:
            ask.write(f"{name} {severity} {REPEATS}\n")
            ask.flush()
            return [float(value) for value in answer.readline().split()]

        try:
            if answer.readline().strip() != "ready":
                raise RuntimeError(f"The peer's Python, {python}, did not start; its own message stands above.")
            yield time_some
        finally:
            ask.close()
            process.wait()


def against_the_peer() -> None:
    """One image of 224 pixels at a time, as an array, through both public functions."""
    image = picture()
    totals = {"ours": 0.0, "peer": 0.0}
    with peer(image) as time_some:
        print(f"{'ms an image, 224 px, one at a time':36} ours  peer  ratio   ours at severities 1 .. 5")
        for name in NAMES:
            ours, theirs = [], []
            for severity in SEVERITIES:
                samples: tuple[list[float], list[float]] = ([], [])
                for turn in range(ROUNDS):
                    ids = range(turn * REPEATS, (turn + 1) * REPEATS)
                    samples[0].extend([seconds(lambda: rc.corrupt(image, name, severity, ids=[i])) for i in ids][1:])  # noqa: B023
                    if time_some is not None and name != "glass_blur":
                        samples[1].extend(time_some(name, severity)[1:])
                ours.append(1000 * statistics.median(samples[0]))
                theirs.append(1000 * statistics.median(samples[1]) if samples[1] else GLASS_BLUR)
            totals["ours"] += sum(ours)
            totals["peer"] += sum(theirs)
            mean, other = statistics.mean(ours), statistics.mean(theirs)
            peer_columns = f"{other:5.2f} {other / mean:6.1f}" if time_some else f"{'-':>5} {'-':>6}"
            print(f"{name:34} {mean:6.2f} {peer_columns}   " + " ".join(f"{value:5.2f}" for value in ours), flush=True)
        if time_some:
            print(
                f"{'the 95 images together':34} {totals['ours']:6.0f} {totals['peer']:5.0f} "
                f"{totals['peer'] / totals['ours']:6.1f}"
            )


def by_batch() -> None:
    """Tensors, batches of 1 and 64, at 224 and 64 pixels; the mean over the severities."""
    shapes = [(224, 1), (224, 64), (64, 1), (64, 64)]
    print(f"{'ms an image':20}" + "".join(f"{f'{side} px, {n}':>13}" for side, n in shapes))
    totals = [0.0] * len(shapes)
    for name in NAMES:
        row = []
        for side, n in shapes:
            images = torch.from_numpy(picture(side)).permute(2, 0, 1).expand(n, -1, -1, -1).contiguous()
            repeats = 7 if n == 1 else 1
            times = []
            for severity in SEVERITIES:
                rc.corrupt(images[:1], name, severity)
                times.append(
                    statistics.median(seconds(lambda: rc.corrupt(images, name, severity)) for _ in range(repeats))  # noqa: B023
                )
            row.append(1000 * statistics.mean(times) / n)
        totals = [total + 5 * value for total, value in zip(totals, row, strict=True)]
        print(f"{name:20}" + "".join(f"{value:13.2f}" for value in row), flush=True)
    print(f"{'the 95 together':20}" + "".join(f"{total:13.0f}" for total in totals))


def memory() -> None:
    """The peak beyond the input, of a batch of 256 images of 224 pixels, each corruption in a process of its own."""
    print("MiB beyond the input, 256 images at 224 px (allowed: 2048)")
    for name in NAMES:
        code = f"from benchmarks.corruptions import peak; print(peak({name!r}))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        print(f"{name:20} {int(done.stdout) / (1 << 20):8.0f}", flush=True)


def peak(name: str) -> int:
    """Bytes by which this process grew at most while a large batch was corrupted, at severities 1, 3 and 5."""
    image = torch.from_numpy(picture()).permute(2, 0, 1)
    rc.corrupt(image, name, 1)
    images = image.expand(256, -1, -1, -1).contiguous()
    if not Path("/proc/self/clear_refs").exists():  # the peak so far cannot be forgotten: what imports took hides some
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    else:
        Path("/proc/self/clear_refs").write_text("5")
        before = _kibibytes("VmRSS")
    for severity in (1, 3, 5):
        rc.corrupt(images, name, severity)
    after = (
        _kibibytes("VmHWM")
        if Path("/proc/self/status").exists()
        else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    )
    return (after - before) * 1024


def _kibibytes(field: str) -> int:
    """A figure of this process, as Linux keeps it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1])


def on_a_gpu() -> None:
    """Images a second at batch 256 and 224 pixels, and the share of a ResNet-50 forward pass (bf16, channels last)."""
    from torchvision.models import resnet50

    def rate(call: Callable[[], Tensor], n: int) -> float:
        call()
        times = []
        for _ in range(5):
            torch.cuda.synchronize()
            began = time.perf_counter()
            call()
            torch.cuda.synchronize()
            times.append(time.perf_counter() - began)
        return n / statistics.median(times)

    n = 256
    images = torch.from_numpy(picture()).permute(2, 0, 1).expand(n, -1, -1, -1).contiguous().cuda()
    model = resnet50().eval().to("cuda", torch.bfloat16, memory_format=torch.channels_last)
    inputs = images.to(torch.bfloat16).to(memory_format=torch.channels_last)
    with torch.inference_mode():
        forward = rate(lambda: model(inputs), n)
    print(f"{torch.cuda.get_device_name()}, batch {n}, 224 px: ResNet-50 {forward:.0f} images/s")
    shares = []
    for name in NAMES:
        rates = [rate(lambda: rc.corrupt(images, name, severity), n) for severity in SEVERITIES]  # noqa: B023
        shares.append(statistics.mean(forward / value for value in rates))
        print(
            f"{name:20} {statistics.mean(rates):9.0f} images/s, {shares[-1]:5.2f} of the forward pass's time",
            flush=True,
        )
    print(f"{'on average':20} {'':19} {statistics.mean(shares):5.2f}")


def main() -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    against_the_peer()
    by_batch()
    memory()
    if torch.cuda.is_available():
        on_a_gpu()
