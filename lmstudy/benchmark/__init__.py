"""Side-by-side measurements of this package and of what a user might take instead."""
