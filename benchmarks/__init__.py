"""Measurements, each with the tools of others beside us in the same run."""
