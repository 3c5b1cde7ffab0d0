"""Of the chapter notebooks/06_pseudo_code."""
