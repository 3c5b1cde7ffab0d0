"""Contenders of the workloads: this package's own, and those of its peers.

Those that import different libraries have files of their own: what a process imports counts as its contender's memory.
"""
