"""Contenders of the workloads: this package's own, and those of its peers."""
