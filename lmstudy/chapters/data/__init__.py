"""Of the chapter notebooks/09_data."""
