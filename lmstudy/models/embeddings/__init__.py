"""Word vectors as initial embeddings: where they come from, and how a model takes them."""
