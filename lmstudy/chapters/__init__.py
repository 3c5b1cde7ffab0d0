"""One folder a chapter: its figures, tables, computations and claims.

Only its own notebooks and the list of claims import it.
"""
