#!/bin/sh
# Prepares a Debian 12/13 or Ubuntu 24.04 machine: distribution packages, virtual environment, locked wheels,
# compiled modules, the office's page. Does nothing (in a fraction of a second) when all of it is in place. Packages
# come from the mirrors the machine's own apt and pip are configured for.
set -eu
cd "$(dirname "$0")/.."

say() { printf '==> %s\n' "$*" >&2; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

packages=$(sed 's/#.*//' scripts/packages.txt)
command -v dpkg-query >/dev/null || die "this is not a Debian or Ubuntu system; install the equivalents of scripts/packages.txt and run: python3 -m venv .venv && .venv/bin/pip install --require-hashes -r requirements.lock && .venv/bin/pip install --no-deps -e ."

distribution=$(sed -n 's/^ID=//p' /etc/os-release)
missing=
for package in $packages; do
    case $package in *@*) [ "${package#*@}" = "$distribution" ] || continue; package=${package%@*} ;; esac
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing="$missing $package"
done
if [ -n "$missing" ]; then
    [ "$(id -u)" = 0 ] || die "packages are missing; run: sudo apt-get install --no-install-recommends$missing"
    say "installing$missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq || die "apt-get update failed: see above"
    # shellcheck disable=SC2086 # a list of package names
    apt-get install -y -qq --no-install-recommends $missing >/dev/null || die "apt-get could not install:$missing"
fi

python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || die "$python is $("$python" -V 2>&1); Python 3.11 or newer is needed (set PYTHON=/path/to/python3)"

stamp=.venv/.hftos-setup
# Of pyproject.toml what concerns the installation; tools read their tables when they run.
project=$(sed '/^\[tool\.hftos\]/,$d' pyproject.toml)
wanted=$(printf '%s\n' "$project" | cat requirements.lock scripts/setup.sh - | sha256sum | cut -d' ' -f1)-$("$python" -c 'import sys; print(sys.version.split()[0], sys.base_prefix)')-$(pwd)
# Compiles what has changed; the exchange's own processes would do it as well, but then in the middle of a run. The
# office's page is built when its sources have changed.
compile() { .venv/bin/python -m office.dashboard.build && exec .venv/bin/python -m hftos.compiling; }
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && compile

say "virtual environment and locked wheels (.venv)"
rm -rf .venv
"$python" -m venv .venv || die "python3 -m venv failed: is the package python3-venv installed?"
pip=".venv/bin/python -m pip --disable-pip-version-check --quiet"
$pip install --require-hashes -r requirements.lock || die "the locked wheels could not be installed: see above; pip's index is the one your pip is configured for"
# A plain .pth of this folder: `qemu` is a namespace that PyPI's qemu.qmp shares.
$pip install --no-deps --no-build-isolation --config-settings editable_mode=compat -e . || die "the project could not be installed into .venv: see above"
printf '%s' "$wanted" > "$stamp"
compile
