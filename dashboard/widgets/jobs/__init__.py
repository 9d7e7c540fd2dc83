"""Evaluations and trainings that run in the background, as pages show them."""
