"""What pages of scenes alone show: controlled `factors`, and the `segmentation` of street scenes."""

from dashboard.cache.scenes import factors, segmentation

__all__ = ["factors", "segmentation"]
