# shellcheck shell=bash
# Sourced by the scripts here and by tests/run: what they share. Needs bash, coreutils and util-linux, as Debian has them.

# Absolute, with links resolved, so that every script works from any folder and under a path with spaces.
MB_ROOT=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
MB_CACHE=${MB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/massage-billing}

say() { printf '%s\n' "$*" >&2; }

die() {
    say "$@"
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Installs Debian packages where that is possible: as root, with apt. Otherwise, or where apt fails, it returns 1.
apt_install() {
    [ "$(id -u)" -eq 0 ] && have apt-get || return 1
    say "Installing from Debian: $*"
    local log
    log=$(mktemp)
    if { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } \
        >"$log" 2>&1 </dev/null; then
        rm -f "$log"
        return 0
    fi
    say "apt-get could not install $*:"
    tail -n 5 "$log" >&2
    rm -f "$log"
    return 1
}

# content_hash PATH...: changes when a file below one of the paths (relative to the repository) changes, comes or goes.
content_hash() {
    (cd "$MB_ROOT" && find "$@" -type f -not -name '*.pyc' -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16)
}
