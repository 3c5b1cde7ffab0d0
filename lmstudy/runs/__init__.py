"""From a configuration to a record, once, and from a record back to a model."""
