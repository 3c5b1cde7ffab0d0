"""Of the chapter notebooks/28_inside."""
