"""Losses of pairs: how probable a model finds the better and the worse text of each pair in, a loss out."""
