"""One folder a chapter: its figures, tables, computations and claims; nothing else imports it but the claims."""
