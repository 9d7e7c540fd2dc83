"""What is inside of networks: `maps` of one image, whole `networks`, and `answers` with the pictures behind them."""

from dashboard.cache.inside import answers, maps, networks

__all__ = ["answers", "maps", "networks"]
