"""Stored results: the database, its schema, the codec of predictions, queries, and upkeep (merge, prune, verify)."""

from __future__ import annotations

from robustcore.evaluation.store.store import Layer, Result, Store, Totals

__all__ = ["Layer", "Result", "Store", "Totals"]
