"""Figures of scenes alone: controlled shifts."""
