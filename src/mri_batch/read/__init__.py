"""From folders to pixels: find files, group them into studies and series, read slices."""
