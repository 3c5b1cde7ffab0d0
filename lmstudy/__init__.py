"""A reproducible study of encoder-decoder language models and of pretraining them with human preferences."""

__version__ = "0.1.0"
