"""What is inside of networks: `maps` of one image, and whole `networks`."""

from dashboard.cache.inside import maps, networks

__all__ = ["maps", "networks"]
