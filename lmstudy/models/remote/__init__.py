"""Models as `transformers` loads them: files that are copied into an export, and need nothing of this package."""
