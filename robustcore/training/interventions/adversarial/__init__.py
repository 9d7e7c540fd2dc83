"""Interventions that train on adversarial images."""
