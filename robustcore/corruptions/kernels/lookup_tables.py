"""Lookup tables of 256 entries for 8-bit values, and sums of planes to make them from: OpenCV on the CPU, a gather elsewhere."""

from __future__ import annotations

import cv2
import torch
from torch import Tensor

from robustcore.corruptions.kernels import host


def look_up(table: Tensor, values: Tensor) -> Tensor:
    """The table's entry for each value.

    Args:
        table: (256,), uint8 or float32, on the CPU.
        values: uint8 of any shape.

    Returns:
        The table's dtype, the values' shape and device.
    """
    if not host.on_host(values):
        return table.to(values.device)[values.to(torch.int32)]
    flat = cv2.LUT(values.reshape(-1, values.shape[-1]).numpy(), table.numpy())
    return torch.from_numpy(flat).reshape(values.shape)


def look_up_planes(tables: Tensor, values: Tensor) -> Tensor:
    """Look up values with a separate table for each image and channel.

    Args:
        tables: (N, C, 256) uint8, on the values' device.
        values: (N, C, H, W) uint8.

    Returns:
        (N, C, H, W) uint8.
    """
    n, c = values.shape[:2]
    if not host.on_host(values):
        index = values.reshape(n, c, -1).to(torch.int64)
        return tables.gather(2, index).reshape(values.shape)
    out = torch.empty_like(values, memory_format=torch.contiguous_format)
    planes = (t.reshape(n * c, *t.shape[2:]).numpy() for t in (values, tables, out))
    for plane, table, result in zip(*planes, strict=True):
        cv2.LUT(plane, table, dst=result)
    return out


def plane_sums(x: Tensor) -> Tensor:
    """(N, C, H, W) uint8 -> (N, C) float64, exact."""
    if not host.on_host(x):
        return x.sum(dim=(2, 3), dtype=torch.int64).to(torch.float64)
    return torch.tensor([[cv2.sumElems(plane)[0] for plane in planes] for planes in x.numpy()], dtype=torch.float64)
