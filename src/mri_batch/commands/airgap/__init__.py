"""One folder with everything that an installation needs, for machines that no network reaches."""
