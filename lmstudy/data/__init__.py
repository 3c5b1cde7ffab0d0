"""From pinned artefacts to packed batches: sources, documents, cleaning, tokenizer, examples.

What others use lies here; the folders hold how it is done: `artefacts` how files of the package index are had and
read, `cleaning` what is left out, `stages` how a source becomes a corpus, `batches` how examples become batches.
"""
