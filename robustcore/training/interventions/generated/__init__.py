"""Interventions that add images made once, before the first epoch."""
