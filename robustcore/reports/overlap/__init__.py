"""Atlases of overlaps as a page shows them, and benchmarks built from them."""
