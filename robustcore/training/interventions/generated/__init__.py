"""Interventions that train on images generated from the training images.

`fooling`, and `stylised` with a folder, add images to the training set before the first epoch; `stylised` without a folder
and `deepaugment` generate them for each batch. `_sets` combines training sets.
"""
