"""Benchmarks and measurements; peers are measured in the same run as ours."""
