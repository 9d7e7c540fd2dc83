"""Interventions that change or mix the images of each batch during training.

`augmentation`, `syn_rob` and `speckle_noise` apply corruptions; `augmix` and `crop_flip` apply image transformations;
`cutout` and `random_erasing` hide rectangles; `mixup` and `cutmix` combine two images and their labels. `_boxes` has the
rectangles.
"""
