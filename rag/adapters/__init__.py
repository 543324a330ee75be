"""Makes an index usable from other frameworks; each module needs the extra of its name."""
