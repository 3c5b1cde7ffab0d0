"""Arithmetic of evaluation: estimates and intervals, n-gram models, agreement, diversity, copies, red-teaming."""
