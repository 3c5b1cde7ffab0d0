"""Of the chapter notebooks/03_speed."""
