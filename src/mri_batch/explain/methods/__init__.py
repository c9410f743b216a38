"""The explanation methods, one paper per file. They do not import one another; what they share is in ``ops``."""
