"""Building blocks of the 40 candidate corruptions, which follow Albumentations 0.5.2.

`candidates` (the published parameters) and the `candidates_scenes_*` modules (one calibrated strength) both use them.
`colour_noise_blur`, `weather` and `warps` change one uint8 image by parameters that are already drawn; `operations` do the
same for a batch, `batches` has helpers for batches, and `transforms` is the only module that imports Albumentations.
"""
