"""Runs, records, claims, figures, notebooks and the book."""
