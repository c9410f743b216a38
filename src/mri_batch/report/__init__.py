"""From results to files; can be re-run without the model."""
