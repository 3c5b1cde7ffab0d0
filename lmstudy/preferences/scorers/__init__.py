"""Scorers: the segments of a document in, a misalignment score for each out."""
