"""Of the chapter notebooks/10_metrics."""
