"""Notebooks in, checked pages out."""
