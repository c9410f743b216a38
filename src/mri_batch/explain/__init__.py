"""Explanation methods on numpy and whatever runs the model: one paper, one file; ``registry`` has the table."""
