"""One image under corruptions, frame by frame and under attack, with a model's answers; and contact sheets."""
