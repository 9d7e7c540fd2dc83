"""Devices by name."""

from __future__ import annotations

import pytest
import torch

from robustcore import devices
from robustcore.errors import InvalidArgumentError


def test_auto_takes_a_gpu_if_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert devices.pick("auto") == devices.pick(None) == devices.pick("cpu") == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert devices.pick("auto") == torch.device("cuda")


@pytest.mark.parametrize("name", ["gpu", "cpu:x", "meta", ""])
def test_unknown_devices_are_refused(name: str) -> None:
    with pytest.raises(InvalidArgumentError, match="auto, cpu, cuda or cuda:N"):
        devices.pick(name)


def test_a_device_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InvalidArgumentError, match="cuda does not exist: torch finds no CUDA device"):
        devices.pick("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(InvalidArgumentError, match="finds 2 CUDA devices"):
        devices.pick("cuda:3")
    assert devices.pick("cuda:1") == torch.device("cuda:1")


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1.00 GiB."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:114] DefaultCPUAllocator: can't allocate memory: you tried to"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."),
        MemoryError(),
    ],
)
def test_out_of_memory_is_recognised_on_every_device(error: Exception) -> None:
    assert devices.is_out_of_memory(error)


def test_other_errors_are_not_out_of_memory() -> None:
    assert not devices.is_out_of_memory(RuntimeError("shapes do not match"))
    assert not devices.is_out_of_memory(ValueError("out of memory"))
