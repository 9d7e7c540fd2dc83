"""Untrained networks that answer in a moment."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from robustcore.segmentation import networks


@pytest.fixture
def segmenter() -> nn.Module:
    torch.manual_seed(0)
    return networks.build(networks.SEGMENTER, 13).eval()


@pytest.fixture
def autoencoder() -> nn.Module:
    torch.manual_seed(0)
    return networks.build(networks.AUTOENCODER, 0).eval()
