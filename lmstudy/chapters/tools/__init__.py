"""Of the chapter notebooks/26_tools."""
