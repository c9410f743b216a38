"""What is wrong with a data set before anyone trains on it: duplicates, leaks between splits, shortcuts."""
