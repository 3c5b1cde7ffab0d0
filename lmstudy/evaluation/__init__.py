"""How models are judged: likelihood, baselines, statistics."""
