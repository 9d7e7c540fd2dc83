"""Corrupted images that others have published: ImageNet-C, Tiny-ImageNet-C and the CIFAR sets, as they are unpacked.

    ImageNet-C/fog/3/n01440764/ILSVRC2012_val_00000293.JPEG      also with blur/, digital/ ... above the corruptions
    CIFAR-10-C/fog.npy, labels.npy                               five blocks of equal size, severities 1 to 5

Images in folders are matched with the clean folder's by class and by their path in the class folder, whatever the
endings; rows of an array by their place in the original order, where the labels have to agree.
"""
