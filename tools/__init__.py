"""Long series: faults, mutants, fuzzing."""
