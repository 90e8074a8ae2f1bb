"""Trains and compares many models, measures what goes on inside them, and judges the claims of the lecture."""
