"""Inside of networks: weights, the likeness of layers, confusions of classes, a map of images by their features, and
what combined trainings gain."""

from robustcore.figures.inside.combining import combination_gain
from robustcore.figures.inside.confusion import confusion_matrix
from robustcore.figures.inside.embedding import embedding_map
from robustcore.figures.inside.networks import similarity_map, weight_histograms

__all__ = ["combination_gain", "confusion_matrix", "embedding_map", "similarity_map", "weight_histograms"]
