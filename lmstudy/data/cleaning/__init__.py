"""Which documents a corpus leaves out, duplicates among them, and what it takes out of those that stay."""
