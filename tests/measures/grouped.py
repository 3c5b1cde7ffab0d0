"""Vectors whose neighbours are known."""

import numpy as np


def grouped(noise: float, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    """Ten digits, twelve operators and twenty names; vectors of a kind lie around a direction of their own."""
    operators = ["+", "-", "*", "/", "%", "<", ">", "=", "==", "!=", "<=", ">="]
    texts = [*"0123456789", *operators, *(f"name{chr(97 + n)}" for n in range(20))]
    centre = np.repeat(np.eye(8)[:3], [10, 12, 20], axis=0)
    return centre + noise * np.random.default_rng(seed).normal(size=(42, 8)), texts
