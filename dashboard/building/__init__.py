"""The parts of the page Benchmark builder: its controls, the corruptions to tick, the meter, the figures, the export."""

KEY = "builder"
