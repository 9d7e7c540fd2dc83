"""Devices by name."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import robustcore as rc
from robustcore import devices, sequences
from robustcore.errors import InvalidArgumentError
from robustcore.randomness import Draws


def test_auto_takes_a_gpu_if_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert devices.pick("auto") == devices.pick(None) == devices.pick("cpu") == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert devices.pick("auto") == torch.device("cuda")


@pytest.mark.parametrize("name", ["gpu", "cpu:x", "meta", ""])
def test_unknown_devices_are_refused(name: str) -> None:
    with pytest.raises(InvalidArgumentError, match="auto, cpu, cuda, cuda:N or mps"):
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
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
    ],
)
def test_out_of_memory_is_recognised_on_every_device(error: Exception) -> None:
    assert devices.is_out_of_memory(error)


def test_other_errors_are_not_out_of_memory() -> None:
    assert not devices.is_out_of_memory(RuntimeError("shapes do not match"))
    assert not devices.is_out_of_memory(ValueError("out of memory"))


def test_an_apple_gpu_is_taken_where_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert devices.pick("mps") == torch.device("mps")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(InvalidArgumentError, match="no Apple GPU"):
        devices.pick("mps")


def test_draws_for_a_device_without_64_bits_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def everything() -> list[torch.Tensor]:
        draws = Draws(1, "everything", [5, 6])
        rows = draws.take(torch.tensor([1]))
        kinds = [draws.uniform(3), draws.normal(3), draws.integers(0, 9, 3), draws.permutation(5), draws.beta(0.4, 2.0)]
        kinds += [draws.poisson([3.0, 9.0], torch.ones(2, 4, dtype=torch.uint8)), rows.uniform(2)]
        return kinds

    before = everything()
    monkeypatch.setattr(devices, "_EXACT", ("cuda",))
    assert not devices.is_exact(torch.device("cpu"))
    assert all(torch.equal(one, other) for one, other in zip(before, everything(), strict=True))


def test_corruptions_for_a_device_without_64_bits_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    images = rc.load_dataset("scenes", limit=2).images(0, 2)
    arguments: list[dict[str, Any]] = [{"severity": 4, "variant": "cifar"}, {"strength": [0.1, 0.2]}]
    for name, argument in zip(("glass_blur", "laugros_gaussian_noise"), arguments, strict=True):
        expected = rc.corrupt(images, name, seed=3, ids=[8, 9], **argument)
        answers = iter([False])  # of the images' own device; the CPU, to which they go, is exact
        with monkeypatch.context() as patch:
            patch.setattr(devices, "is_exact", lambda device: next(answers, True))  # noqa: B023
            assert torch.equal(rc.corrupt(images, name, seed=3, ids=[8, 9], **argument), expected)
        assert next(answers, None) is None


@pytest.mark.skipif(not torch.backends.mps.is_available(), reason="no Apple GPU on this machine")
def test_an_apple_gpu_agrees_with_the_cpu() -> None:
    scenes = rc.load_dataset("scenes", limit=4)
    images, labels = scenes.images(0, 4), torch.as_tensor(scenes.labels[:4])
    for name in rc.corruptions.names("imagenet-c"):
        assert torch.equal(rc.corrupt(images.to("mps"), name, 3).cpu(), rc.corrupt(images, name, 3))
    assert torch.equal(sequences.frames(images[0].to("mps"), "tilt").cpu(), sequences.frames(images[0], "tilt"))
    model = rc.load_model("scenes/resnet-standard")
    attacked = rc.attack(model, images, labels, "pgd", steps=3).success
    assert torch.equal(rc.attack(model.to("mps"), images, labels, "pgd", steps=3).success.cpu(), attacked)
    rows = [rc.evaluate(model.cpu(), scenes, "gaussian_noise", device=device, store=None) for device in ("cpu", "mps")]
    assert rows[0]["accuracy"].tolist() == rows[1]["accuracy"].tolist()
