"""What filtration gave: whether it fools models that did not choose, and a gallery for review as one HTML file."""
