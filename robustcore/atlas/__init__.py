"""Atlases of overlaps: the trainings and tests behind them, and populations of models."""
