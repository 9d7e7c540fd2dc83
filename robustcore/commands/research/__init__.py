"""Commands that study models and benchmarks: overlaps, severities, claims, unknown images."""
