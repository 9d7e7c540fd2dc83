"""The textures of frost: those that ship, where the originals are looked for, and how the shipped ones were made."""
