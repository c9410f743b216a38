"""Find files: walk, sniff their kind, set non-images apart."""
