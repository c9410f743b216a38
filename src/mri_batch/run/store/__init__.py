"""State on disk: output folder, plan, journal, provenance and run log."""
