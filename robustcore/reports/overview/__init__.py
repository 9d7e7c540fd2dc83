"""All evaluated models at a glance, the best ones, and how well they notice unknown classes."""
