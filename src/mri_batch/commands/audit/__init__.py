"""Audit of a labelled data set before training: duplicates, leaks between splits, shortcuts."""
