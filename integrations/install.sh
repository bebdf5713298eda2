#!/bin/sh
# Installs the org-gate of this checkout on a machine that builds or deploys, in a folder of its own:
#
#   install.sh FOLDER        then FOLDER/bin/org-gate
#
# What org-gate needs comes from the package index that pip is set up for, but only what requirements/app.txt names by
# its hash, as wheels: no package of another content is taken, and none runs code while it is installed. org-gate
# itself comes from this checkout; no index is asked for it. So the commit of this checkout says all that is installed.
#
# PYTHON names another Python than python3. A folder in which there is something else is left alone. Exits with 3 where
# org-gate could not be installed: nothing is known then of whether it is safe to deploy.

set -eu

fail() {
  echo "$1" >&2
  exit 3
}

[ $# -eq 1 ] && [ -n "$1" ] || fail 'Say which folder org-gate is to be installed in, and nothing else: install.sh FOLDER'
folder=$1
python=${PYTHON:-python3}
checkout=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
  fail "org-gate needs Python 3.11 or later, and '$python' is not that. Name one that is: PYTHON=/path/to/python3.12"
[ ! -e "$folder" ] || [ -e "$folder/pyvenv.cfg" ] ||
  fail "'$folder' is there already, and was not made by this script. Name a folder that is not there."

"$python" -I -m venv --clear -- "$folder" || fail "No virtual environment could be made in '$folder'."
pip() { "$folder/bin/python" -I -m pip install --quiet --disable-pip-version-check --no-input --no-deps "$@"; }
pip --require-hashes --only-binary :all: -r "$checkout/requirements/app.txt" ||
  fail "What org-gate needs could not be installed: pip says above why. Where a hash differs, do not go on: ask whoever runs your package index."
pip --no-index --no-build-isolation -- "$checkout" || fail "org-gate could not be installed from '$checkout'."
