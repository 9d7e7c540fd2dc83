"""A closer look at some of the compared models: their ranks, two of them against each other, one class by class."""
