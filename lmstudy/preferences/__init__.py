"""What people mind and how training uses it: scorers and objectives."""
