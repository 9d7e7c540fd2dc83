"""The device against the CPU: every corruption, sequence and attack on the same images."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any
from unittest import mock

import torch
from torch import Tensor

import robustcore as rc
from benchmarks.gpu.inputs import Setting, scenes, small_network
from benchmarks.gpu.table import Clock, Table
from robustcore import attacks, corruptions, sequences
from robustcore.corruptions.kernels import host
from robustcore.randomness import Draws

PART = "agreement"
MOST_LEVELS, MOST_SHARE = 1, 1e-3
SEVERITIES = (1, 3, 5)
# These promise equal draws, not equal bits: codecs, and what Albumentations computes.
DRAWS_ALONE = ("candidates-40", "candidates-scenes")
CODECS = ("jpeg_compression",)
# Options that make an attack short; the same on both devices.
SHORT = {
    "steps": 5,
    "binary_search_steps": 2,
    "queries": 30,
    "start_trials": 10,
    "initial_queries": 8,
    "max_queries": 16,
    "places": 2,
    "turns": 3,
}
MOST_OTHER_SUCCESSES = 1 / 8  # of the images: one that lies on the boundary may fall to either side


def run(table: Table, setting: Setting, clock: Clock) -> None:
    images, _ = scenes(4 if setting.small else 8, setting.side)
    for name in names(setting.small):
        if clock.left < 0:
            table.add(PART, name, "not reached")
            continue
        with table.caught(PART, name):
            _corruption(table, name, images, setting)
    for name in sequences.names()[:: 7 if setting.small else 1]:
        with table.caught(PART, f"sequence {name}"):
            here, there = (sequences.frames(x[0], name, side=32) for x in (images, images.to(setting.device)))
            most, share = difference(here, there)
            table.add(PART, f"sequence {name}", _verdict(most, share), values={"levels": most, "share": share})
    for name in attacks.names():
        with table.caught(PART, f"attack {name}"):
            _attack(table, name, setting)
    with table.caught(PART, "float32 logits"):
        _logits(table, images, setting)


def names(small: bool) -> list[str]:
    """All corruptions, those of ImageNet-C first; of the small run the first of each family in each of three suites."""
    suites = ("imagenet-c", "imagenet-c-extra", "laugros")
    first = [name for suite in suites for name in corruptions.names(suite)]
    if not small:
        return list(dict.fromkeys([*first, *corruptions.names()]))
    by_family = {(corruptions.get(n).family, n in corruptions.names("laugros")): n for n in reversed(first)}
    return [*sorted(by_family.values()), "album_blur"]


def _corruption(table: Table, name: str, images: Tensor, setting: Setting) -> None:
    corruption = corruptions.get(name)
    most, share = 0, 0.0
    for severity in SEVERITIES if corruption.severities else (None,):
        here = rc.corrupt(images, name, severity)
        with tensor_forms(setting.device):
            there = rc.corrupt(images.to(setting.device), name, severity)
        levels, other = difference(here, there)
        most, share = max(most, levels), max(share, other)
    equal = equal_draws(name, setting.device)
    promised = not (set(corruption.suites) & set(DRAWS_ALONE) or name in CODECS)
    verdict = "off" if not equal else _verdict(most, share) if promised else "ok"
    remark = "" if promised else "equal draws are all that is promised"
    table.add(PART, name, verdict, remark if equal else "other draws", {"levels": most, "share": share})


def _attack(table: Table, name: str, setting: Setting) -> None:
    side, n = 32, 8 if setting.small else 32
    images, _ = scenes(n, side)
    model = small_network(tuple("abcdef"), side)
    with torch.no_grad():
        labels = model(images).argmax(dim=1)
    options: dict[str, Any] = {key: value for key, value in SHORT.items() if key in attacks.get(name).options}
    here = rc.attack(model, images, labels, name, **options).success
    there = rc.attack(model.to(setting.device), images.to(setting.device), labels, name, **options).success.cpu()
    other = float((here != there).double().mean())
    equal = equal_draws(name, setting.device)
    table.add(
        PART,
        f"attack {name}",
        "ok" if equal and other <= MOST_OTHER_SUCCESSES else "off",
        "" if equal else "other draws",
        {"success": float(here.double().mean()), "on the device": float(there.double().mean()), "share": other},
    )


def _logits(table: Table, images: Tensor, setting: Setting) -> None:
    """How far float32 logits are apart: cuDNN's convolutions round to TF32 unless they are told otherwise."""
    model = small_network(tuple("abcdef"), setting.side)
    with torch.inference_mode():
        here = model(images)
        there = model.to(setting.device)(images.to(setting.device)).cpu()
    relative = float((here - there).abs().max() / here.abs().max())
    table.add(PART, "float32 logits", "measured", values={"share": relative})


@contextlib.contextmanager
def tensor_forms(device: torch.device):  # type: ignore[no-untyped-def]
    """On the CPU the forms that a GPU would run, so that the comparison says something there too."""
    forms: Callable[[Tensor], bool] = host.on_host if device.type != "cpu" else lambda x: False
    with mock.patch.object(host, "on_host", forms):
        yield


def difference(here: Tensor, there: Tensor) -> tuple[int, float]:
    """(the largest difference in grey levels, the share of values that differ) of two uint8 tensors."""
    apart = (here.int() - there.cpu().int()).abs()
    return int(apart.max()), float((apart > 0).double().mean())


def equal_draws(operation: str, device: torch.device) -> bool:
    """Whether the device draws the CPU's integers and uniforms, and its normals up to the last bits."""
    drawn = []
    for place in (torch.device("cpu"), device):
        draws = Draws(0, operation, [0, 1, 2**62], severity=3, device=place)
        exact = [draws.uniform(7, 5), draws.integers(0, 9, 5).float(), draws.permutation(16).float()]
        drawn.append(([t.cpu() for t in exact], draws.normal(33).cpu()))
    (exact, normal), (other_exact, other_normal) = drawn
    same = all(torch.equal(a, b) for a, b in zip(exact, other_exact, strict=True))
    return same and torch.allclose(normal, other_normal, rtol=0, atol=1e-5)


def _verdict(most: int, share: float) -> str:
    return "ok" if most <= MOST_LEVELS and share <= MOST_SHARE else "off"
