"""What several attacks share: steepest ascent, dense and sparse, and one wrong class after another."""
