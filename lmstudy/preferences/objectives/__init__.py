"""Objectives: logits, labels and per-token scores in, a loss and a few scalar tensors out."""
