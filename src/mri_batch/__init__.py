"""Offline batch reports on brain scans, on the CPU with ONNX Runtime. For research use only."""

import sys

__version__ = "0.2.0"

# python-gdcm, which pydicom imports, tries the modules dl and DLFCN of Python 2, and would so run a file of that name
# in the working directory. None makes the import fail.
for _name in ("dl", "DLFCN"):
    sys.modules.setdefault(_name, None)  # type: ignore[arg-type]
