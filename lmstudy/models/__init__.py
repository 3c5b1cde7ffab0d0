"""Encoder-decoders, their embeddings, reward models, and how text is generated."""
