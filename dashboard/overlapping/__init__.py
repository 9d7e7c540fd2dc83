"""The page Overlap, in parts: what is chosen, the map and the cell that is looked at, and the views beside it.

choice         the controls that all views share
found          what all views read: the matrix, its categories, how its corruptions are written
heatmap        the map of overlaps
cell           the numbers behind one overlap, and an image under both corruptions
grouped        categories: the choice of K, cards, stability
balance        what a benchmark weighs twice
cover          what a benchmark forgets
architectures  two matrices side by side
trained        the models: clean accuracies, thresholds, what is undefined
"""
