"""Which model files exist, where they come from, and where they lie on this machine."""
