"""ImageNet classifiers whose weights come as packages, so that no network is needed; and ImageNet's classes.

The extra "imagenet" installs the packages. Names: "imagenet/efficientnet-lite0", "-lite1", "-lite2".
"""

from robustcore.models.imagenet.efficientnet_lite import PREFIX, available, card, file, load, names

__all__ = ["PREFIX", "available", "card", "file", "load", "names"]
