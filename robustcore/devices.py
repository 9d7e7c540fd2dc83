"""Devices: the one that "auto" means, and whether one is out of memory."""

from __future__ import annotations

import torch

from robustcore.errors import InvalidArgumentError

# The last two are what cuBLAS, cuSOLVER and cuDNN say where their own workspace does not fit.
_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "alloc_failed", "allocation_failed")
_NAMES = "A device is auto, cpu, cuda, cuda:N or mps"
# With 64-bit arithmetic, which draws and corruptions need. Apple's GPUs have none: there a network runs, and nothing else.
_EXACT = ("cpu", "cuda")


def pick(device: torch.device | str | None = "auto") -> torch.device:
    """The device of that name; "auto" is the first CUDA device if there is one and else the CPU, None is the CPU. An Apple GPU,
    "mps", is taken where it is named.

    Raises:
        InvalidArgumentError: a name that torch does not know, or a device that this machine does not have.
    """
    if device is None:
        return torch.device("cpu")
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError as error:
        raise InvalidArgumentError(f"{_NAMES}, not {str(device)!r}.") from error
    if chosen.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (chosen.index or 0) >= count:
            devices = f"{count} CUDA device{'s' if count != 1 else ''}" if count else "no CUDA device"
            raise InvalidArgumentError(f"The device {chosen} does not exist: torch finds {devices} on this machine.")
    elif chosen.type == "mps":
        if not torch.backends.mps.is_available():
            raise InvalidArgumentError(f"The device {chosen} does not exist: torch finds no Apple GPU on this machine.")
    elif chosen.type != "cpu":
        raise InvalidArgumentError(f"{_NAMES}, not {str(device)!r}.")
    return chosen


def is_exact(device: torch.device) -> bool:
    """Whether draws and corruptions are computed on the device; if not, they are on the CPU, and moved to it."""
    return device.type in _EXACT


def forget_freed_memory(device: torch.device) -> None:
    """Give memory that is kept for reuse back to the device, so that pieces of another size fit."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that a device or the machine has no memory left; on the CPU torch says so with a plain
    RuntimeError."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(phrase in text for phrase in _OUT_OF_MEMORY)
