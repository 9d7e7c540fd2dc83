"""Where a computation runs: the device that a person means by "auto"."""

from __future__ import annotations

import torch

from robustcore.errors import InvalidArgumentError


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
            found = f"{count} CUDA device{'s' if count != 1 else ''}" if count else "no CUDA device"
            raise InvalidArgumentError(f"The device {chosen} is not there: torch finds {found} on this machine.")
    elif chosen.type != "cpu":
        raise InvalidArgumentError(f"A device is auto, cpu, cuda or cuda:N, not {str(device)!r}.")
    return chosen
