"""Of the chapter notebooks/30_thirty_minutes."""
