#!/bin/sh
# Makes .venv with everything pinned by constraints.txt, and installs the system libraries Qt needs where they are missing.
set -eu
cd "$(dirname "$0")/.."

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else
        echo "setup: please install as root: $*" >&2; return 1
    fi
}

apt_install() {
    command -v apt-get >/dev/null || { echo "setup: no apt-get here; please install: $*" >&2; return 0; }
    as_root apt-get update -qq >/dev/null
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

fits() { "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; }

find_python() {
    for name in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if command -v "$name" >/dev/null && fits "$name"; then command -v "$name"; return; fi
    done
}

qt_libraries() {
    [ "$(uname -s)" = Linux ] || return 0
    missing=""
    for pair in libEGL.so.1:libegl1 libGL.so.1:libgl1 libglib-2.0.so.0:libglib2.0-0 libfontconfig.so.1:libfontconfig1 \
        libdbus-1.so.3:libdbus-1-3 libxkbcommon.so.0:libxkbcommon0; do
        /sbin/ldconfig -p | grep -q "${pair%%:*}" || missing="$missing ${pair#*:}"
    done
    # shellcheck disable=SC2086
    [ -z "$missing" ] || { echo "setup: installing$missing"; apt_install $missing; }
}

python=$(find_python)
if [ -z "$python" ]; then
    echo "setup: installing Python"
    apt_install python3 python3-venv
    python=$(find_python)
fi
[ -n "$python" ] || { echo "setup: Python 3.11, 3.12 or 3.13 with venv is needed; set PYTHON=/path/to/python" >&2; exit 1; }
qt_libraries

mark=.venv/.installed
if [ ! -f "$mark" ] || [ pyproject.toml -nt "$mark" ] || [ constraints.txt -nt "$mark" ]; then
    echo "setup: installing into .venv (a minute or two)"
    [ -x .venv/bin/python ] || "$python" -m venv .venv
    .venv/bin/python -m pip install -q --disable-pip-version-check "pip>=25.1" 2>&1 | grep -v WARNING || true
    .venv/bin/python -m pip install -q --disable-pip-version-check -c constraints.txt -e . --group dev
    touch "$mark"
fi
