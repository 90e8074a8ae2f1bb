"""Strings to metrics with their signatures and intervals. Knows no torch."""
