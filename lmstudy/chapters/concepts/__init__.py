"""Of the chapter notebooks/04_concepts."""
