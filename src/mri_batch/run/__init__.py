"""Pending, process, record: the one place where exceptions become results."""
