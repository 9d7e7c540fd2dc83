"""Several labels an image: which shapes are on a street scene (Basart, dissertation, chapter 6).

data        street scenes with a label for each shape
training    binary cross entropy
measures    average precision, and its mean weighted by the classes' frequency
scores      anomaly scores over outputs that are no distribution
"""
