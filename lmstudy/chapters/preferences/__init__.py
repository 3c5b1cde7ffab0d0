"""Of the chapter notebooks/11_preferences."""
