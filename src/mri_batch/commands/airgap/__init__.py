"""Offline installation: one folder with all that is needed to install on a machine without network access."""
