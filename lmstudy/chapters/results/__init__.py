"""Of the chapter notebooks/14_results."""
