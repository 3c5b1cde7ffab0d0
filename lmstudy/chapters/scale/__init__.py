"""Of the chapter notebooks/24_scale."""
