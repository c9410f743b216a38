#!/bin/sh
# Install mri-batch {version} from this folder, without a network: sh install.sh [FOLDER]
# PYTHON=python3.12 chooses another Python than python3.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
venv=${1:-mri-batch}
python=${PYTHON:-python3}

version=$("$python" -I -c 'import sys; print("%d.%d" % sys.version_info[:2])')
wanted="$here/requirements-linux-$version.txt"
[ -f "$wanted" ] || { echo "install.sh: this folder has no wheels for Python $version on Linux" >&2; exit 1; }
"$python" -I -B "$here/verify.py"
"$python" -I -m venv "$venv"
"$venv/bin/python" -I -m pip --isolated --disable-pip-version-check install --quiet --no-cache-dir \
  --no-index --find-links "$here/wheels" --require-hashes --only-binary=:all: -r "$wanted"
"$venv/bin/mri-batch" doctor --out "$venv"
echo "installed: $venv/bin/mri-batch"
