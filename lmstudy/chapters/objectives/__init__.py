"""Of the chapter notebooks/13_objectives."""
