"""Of the chapter notebooks/01_corpus."""
