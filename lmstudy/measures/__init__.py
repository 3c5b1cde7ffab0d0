"""What can be found out about a finished run, one file a measure; `evaluate` makes the record."""
