"""From pinned artefacts to packed batches: sources, documents, cleaning, tokenizer, examples."""
