"""Of the chapter notebooks/05_worked_example."""
