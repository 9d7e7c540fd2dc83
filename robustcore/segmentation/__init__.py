"""Segmentation: networks that give every pixel a class, and scores for pixels of no class (Basart, dissertation, section 4.4).

data          what a dataset with masks is; by name or folder
folders       StreetHazards and BDD-Anomaly as published
networks      the small encoder-decoder and the autoencoder; torchvision's by name
checkpoints   their files
training      the training loop
scores        anomaly scores of pixels
measures      mIoU; AUROC, AUPR and FPR95 image by image; false positives by their distance from class boundaries
evaluation    all of it over a dataset, clean or corrupted
"""
