"""Of the chapter notebooks/27_preference_ladder."""
