# shellcheck shell=bash
# Sourced: makes the virtual environment .venv and installs the project into it, once.

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

MB_VENV=$MB_ROOT/.venv

# ready_venv WHAT [PIP ARGUMENTS...]: afterwards .venv holds the project (editable, so that a later change of its code
# needs no new installation) and what the pip arguments name. WHAT names that set: where it was installed before from
# the same pyproject.toml, nothing is done.
ready_venv() {
    local what=$1 stamp
    shift
    [ -w "$MB_ROOT" ] || die "$MB_ROOT cannot be written to by $(id -un): clone the project somewhere you own."
    # Two at once (two demos, a demo and the tests) take turns. The lock is on the folder: it leaves no file behind.
    exec 9<"$MB_ROOT"
    flock 9
    stamp="$MB_ROOT $(content_hash pyproject.toml)"
    if [ "$(cat "$MB_VENV/.installed-$what" 2>/dev/null)" != "$stamp" ] || ! usable_venv; then
        usable_venv || make_venv
        install_project "$@"
        printf '%s\n' "$stamp" >"$MB_VENV/.installed-$what"
    fi
    exec 9<&-
}

# A .venv that was cut off half-way, or whose folder was moved or copied, is none.
usable_venv() {
    local made_for
    made_for=$(cat "$MB_VENV/.made-for" 2>/dev/null) || made_for=$MB_ROOT
    [ "$made_for" = "$MB_ROOT" ] && "$MB_VENV/bin/python" -m pip --version >/dev/null 2>&1
}

make_venv() {
    local python
    python=$(find_python)
    rm -rf "$MB_VENV"
    say "Making a virtual environment in $MB_VENV"
    if has_ensurepip "$python" || { apt_install python3-venv && has_ensurepip "$python"; }; then
        "$python" -m venv "$MB_VENV" >&2 || die "$python -m venv $MB_VENV failed."
    else
        virtualenv_from_pypi "$python" || die "There is no ensurepip and PyPI could not be reached: run" \
            "'apt-get install python3-venv' as root, then start this again."
    fi
    printf '%s\n' "$MB_ROOT" >"$MB_VENV/.made-for"
}

find_python() {
    local python
    for python in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            printf '%s\n' "$python"
            return
        fi
    done
    die "massage-billing needs Python 3.11 or later: apt-get install python3 (Debian 12 or later has it)."
}

# Debian keeps ensurepip in a package of its own (python3-venv); without it "python3 -m venv" fails half-way.
has_ensurepip() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

# virtualenv brings its own pip. It is put into our cache, never into the system's or the user's Python.
virtualenv_from_pypi() {
    local python=$1 pip=(-m pip) home=$MB_CACHE/virtualenv
    say "There is no ensurepip: taking virtualenv from PyPI"
    if ! "$python" -m pip --version >/dev/null 2>&1; then
        pip=("$("$python" "$MB_ROOT/deploy/lib/fetch_pip.py" "$MB_CACHE")/pip") || return 1
    fi
    "$python" "${pip[@]}" install -q --disable-pip-version-check --upgrade --target "$home" virtualenv >&2 || return 1
    PYTHONPATH=$home "$python" -m virtualenv -q "$MB_VENV" >&2
}

install_project() {
    local log
    log=$(mktemp)
    say "Installing massage-billing and what it needs (a minute or two; only the first time, or when pyproject.toml changed)"
    if ! { "$MB_VENV/bin/python" -m pip install --disable-pip-version-check --upgrade 'pip>=25.1' &&
        "$MB_VENV/bin/python" -m pip install --disable-pip-version-check --editable "$MB_ROOT" "$@"; } >"$log" 2>&1 </dev/null; then
        tail -n 15 "$log" >&2
        rm -f "$log"
        die "The installation failed; pip's last lines are above."
    fi
    rm -f "$log"
}
