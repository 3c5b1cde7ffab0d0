"""Of the chapter notebooks/07_architectures."""
