"""Of the chapter notebooks/29_own_rates."""
