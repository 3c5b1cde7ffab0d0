"""The LightningModules, optimisers, callbacks and metrics."""
