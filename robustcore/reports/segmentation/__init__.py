"""Anomaly segmentation of one network: scores, distances from boundaries, corruptions; and one image."""

from robustcore.reports.segmentation.one_image import PixelsOfImage, look
from robustcore.reports.segmentation.table import SegmentationReport, measure

__all__ = ["PixelsOfImage", "SegmentationReport", "look", "measure"]
