"""What every attack shares: checked inputs, the model under attack, queries and best images, the loop, the trace."""
