"""Of the chapter notebooks/25_listing."""
