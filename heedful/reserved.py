"""Ids that every vocabulary keeps for itself. They have no spelling, so no data can clash with them. Loads nothing."""

PAD, UNKNOWN, START, END = 0, 1, 2, 3
RESERVED = 4
"""How many they are: the first real unit has this id."""
