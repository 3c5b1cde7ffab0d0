"""Encoder-decoder models, and how text is generated from them."""
