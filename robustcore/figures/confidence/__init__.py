"""Figures of what a model says of its own answers: anomaly scores and confidences."""
