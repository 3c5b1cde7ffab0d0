"""Of the chapter notebooks/08_embeddings."""
