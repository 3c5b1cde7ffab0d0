"""Many examples as one batch: packed into rows or sorted by length, and built before a step asks for it."""
