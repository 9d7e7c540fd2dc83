"""What is said of the pictures from inside a network."""

from robustcore.reports.inside.footers import inside_footer, movement_notes, networks_footer

__all__ = ["inside_footer", "movement_notes", "networks_footer"]
