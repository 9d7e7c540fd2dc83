"""Street scenes: several objects on one ground, with a mask of what is where.

layout    a street scene as a value, and how one is drawn
painter   a street scene -> pixels and mask at any side
dataset   `StreetScenes`: train, val and test of other towns
"""

from robustcore.datasets.scenes.street.dataset import ANOMALY, CLASSES, SIDE, SIZES, TOWNS, VARIANTS, StreetScenes

__all__ = ["ANOMALY", "CLASSES", "SIDE", "SIZES", "TOWNS", "VARIANTS", "StreetScenes"]
