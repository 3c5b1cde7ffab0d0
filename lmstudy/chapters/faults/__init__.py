"""Of the chapter notebooks/15_faults."""
