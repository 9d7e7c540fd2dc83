"""The tensor forms, which a GPU runs, against what OpenCV and NumPy do on the CPU."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from robustcore import corrupt, corruptions
from robustcore.corruptions.kernels import filters
from robustcore.corruptions.kernels import host as _host

NAMES = [*corruptions.names("imagenet-c"), *corruptions.names("imagenet-c-extra")]


def pictures(height: int, width: int) -> Tensor:
    """uint8 (3, 3, H, W): a smooth picture, a white sky over sharp edges, and grain."""
    rng = np.random.default_rng(8)
    y, x = np.mgrid[:height, :width]
    smooth = np.stack([127 + 120 * np.sin(x / 17 + c) * np.cos(y / (11 + c)) for c in range(3)])
    sky = np.where(y < height / 2, 255, 200 * ((x // 9 + y // 7) % 2)) * np.ones((3, 1, 1))
    grain = rng.integers(0, 256, (3, height, width))
    return torch.from_numpy(np.stack([smooth, sky, grain]).astype(np.uint8))


@pytest.mark.parametrize("size", [(224, 224), (64, 64), (33, 47)], ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_the_tensor_forms_agree(name: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    images = pictures(*size)
    for severity in (1, 3, 5) if size[0] == 224 else corruptions.SEVERITIES:
        monkeypatch.setattr(_host, "on_host", lambda x: True)
        host = corrupt(images, name, severity).int()
        monkeypatch.setattr(_host, "on_host", lambda x: False)
        off = (corrupt(images, name, severity).int() - host).abs()
        assert int(off.max()) <= 1
        assert float((off > 0).double().mean()) <= 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_the_tensor_forms_do_not_see_the_batch(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_host, "on_host", lambda x: False)
    images = pictures(33, 47)
    batch = corrupt(images, name, 4)
    alone = [corrupt(images[i : i + 1], name, 4, ids=[i]) for i in range(3)]
    assert torch.equal(torch.cat(alone), batch)


def test_a_filter_leaves_the_setting_of_other_threads_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """`torch.backends.cudnn.flags` belongs to the process: a network's pass in another thread would run without cuDNN, and two
    threads that leave it in the order in which they came in would switch it off for good."""

    def flags(**settings: bool) -> None:
        raise AssertionError("a setting of the whole process was changed")

    monkeypatch.setattr(torch.backends.cudnn, "flags", flags)
    kernel = filters.disc_kernel(3, 0.1)
    images = pictures(33, 47).float()
    result = filters._correlate_tensor(images, kernel, "reflect101")
    torch.testing.assert_close(result, filters._correlate_cv(images, kernel, "reflect101"), atol=1e-3, rtol=0)
