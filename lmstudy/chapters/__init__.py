"""One folder a chapter: its figures, tables, computations and claims; only its notebook imports it."""
