"""Devices: the one that "auto" means, and whether one is out of memory."""

from __future__ import annotations

import torch

from robustcore.errors import InvalidArgumentError

_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")


def pick(device: torch.device | str | None = "auto") -> torch.device:
    """The device of that name; "auto" is the first CUDA device if there is one and else the CPU, None is the CPU.

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
        raise InvalidArgumentError(f"A device is auto, cpu, cuda or cuda:N, not {str(device)!r}.") from error
    if chosen.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (chosen.index or 0) >= count:
            devices = f"{count} CUDA device{'s' if count != 1 else ''}" if count else "no CUDA device"
            raise InvalidArgumentError(f"The device {chosen} does not exist: torch finds {devices} on this machine.")
    elif chosen.type != "cpu":
        raise InvalidArgumentError(f"A device is auto, cpu, cuda or cuda:N, not {str(device)!r}.")
    return chosen


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that a device or the machine has no memory left; on the CPU torch says so with a plain
    RuntimeError."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(phrase in text for phrase in _OUT_OF_MEMORY)
