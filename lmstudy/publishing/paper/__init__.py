"""The book on paper: printed by a headless Chromium, bound into PDFs."""
