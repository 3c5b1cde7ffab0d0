"""What `lmstudy-evaluate` can find out about a finished run, a file for each measure."""
