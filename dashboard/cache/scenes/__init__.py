"""What pages of scenes alone show: controlled shifts."""

from dashboard.cache.scenes import factors

__all__ = ["factors"]
