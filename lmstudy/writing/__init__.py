"""What a model writes, as texts that a scorer can judge."""
