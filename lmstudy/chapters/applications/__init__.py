"""Of the chapters notebooks/18_classification to 23_applications."""
