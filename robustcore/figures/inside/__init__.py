"""Inside of networks: histograms of their weights, and how alike their layers are."""

from robustcore.figures.inside.networks import similarity_map, weight_histograms

__all__ = ["similarity_map", "weight_histograms"]
