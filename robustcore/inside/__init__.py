"""What happens inside a network: where it looks, which features change, and how alike two networks compute.

- `layers`: the layers of any network, and the one whose map Grad-CAM draws
- `attribution`: Grad-CAM and input gradient, and how far a map moves
- `object_masks`: which pixels of a scene show its object
- `feature_maps`: the channels of a layer for a clean and a corrupted image
- `weights`: histograms of weights, and kernels of convolutions
- `similarity`: linear CKA, layer by layer
- `comparison_images`: what networks are compared on
- `pictures`: all of that as images
"""
