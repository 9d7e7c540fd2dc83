"""Stored results under attack: robust accuracy against eps, and transfer between models."""
