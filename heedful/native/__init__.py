"""Compiled loops for the processor at hand: optional, built once on first use, and never needed.

Everything here has operators of PyTorch as its specification and fallback. ``HEEDFUL_NATIVE=0`` turns it off.
"""
