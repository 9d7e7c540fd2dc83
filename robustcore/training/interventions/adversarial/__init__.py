"""Interventions that attack a part of each batch during training.

`adversarial` has FGSM and PGD, untargeted and towards the least likely class; `tlat`, `mtlat`, `iat` and `label_smoothed`
also change the labels. `_crafting` computes the adversarial images for all of them.
"""
