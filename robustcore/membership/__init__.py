"""Set membership: is a query of the class of k shots? (Basart, dissertation, chapter 7).

images      images by class, and which classes are seen in training
training    the network over shots and query, and the classifier behind the baseline
judging     accuracy on seen and on novel classes over drawings of the shots
"""
