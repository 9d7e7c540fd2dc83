"""Does a model notice that it does not know an image? Anomaly scores, and the outputs that they read."""
