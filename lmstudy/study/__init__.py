"""Which runs the study has, finding or making their records, estimates and claims."""
