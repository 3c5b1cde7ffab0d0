"""What is done to all documents of a source in turn, each stage from the files of the one before to its own."""
