"""JPEG encoding and decoding on the CPU (libjpeg-turbo, standard tables, 4:2:0)."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from robustcore.corruptions.kernels import host


def jpeg(images: Tensor, quality: int) -> Tensor:
    """Encode and decode each image.

    OpenCV and Pillow bundle the same library with the same defaults (Huffman tables do not affect the pixels); OpenCV's
    calls are twice as fast.

    Args:
        images: (N, 3, H, W) uint8, RGB, on any device; the codec runs on the host.
        quality: 1..100.

    Returns:
        The same shape, dtype and device.
    """
    pixels = images.cpu().contiguous()
    out = np.empty(pixels.shape, dtype=np.uint8)
    options = [
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    ]
    planes = pixels.numpy()

    def code(place: int) -> None:
        (red, green, blue), result = planes[place], out[place]
        encoded = cv2.imencode(".jpg", cv2.merge([blue, green, red]), options)[1]
        decoded = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
        cv2.split(decoded, [result[2], result[1], result[0]])

    host.for_each(images, code)
    return torch.from_numpy(out).to(images.device)
