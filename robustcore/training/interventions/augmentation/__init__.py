"""Interventions that change the images of a batch, or mix them, while training."""
