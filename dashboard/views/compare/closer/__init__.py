"""Views of Compare that look closer: ranks with their test, two models against each other, one model class by class."""
