# shellcheck shell=bash
# Sourced: builds a Java tool of ours once and keeps it, by the content of its sources, in MB_CACHE.

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# built_jar NAME: prints the path of the runnable jar of deploy/NAME, building it first where the cache has none.
built_jar() {
    local name=$1 home
    home=$MB_CACHE/$name-$(content_hash "deploy/$name/pom.xml" "deploy/$name/src")
    if [ ! -e "$home/tool.jar" ]; then
        have java || die "deploy/$name needs Java 17 or later: apt-get install default-jdk-headless"
        have mvn || die "deploy/$name needs Maven: apt-get install maven"
        mkdir -p "$MB_CACHE"
        (
            flock 9 # one build at a time, also among test workers
            [ -e "$home/tool.jar" ] || build_jar "$name" "$home"
        ) 9>"$MB_CACHE/$name.lock" || exit 1
    fi
    printf '%s\n' "$home/tool.jar"
}

build_jar() {
    local name=$1 home=$2 work
    say "Building deploy/$name (once; the first time Maven downloads about 300 MB)"
    work=$(mktemp -d "$MB_CACHE/$name.XXXXXX")
    cp -R "$MB_ROOT/deploy/$name/pom.xml" "$MB_ROOT/deploy/$name/src" "$work/"
    if ! mvn -B -q -Dstyle.color=never -s "$MB_ROOT/deploy/lib/maven-settings.xml" -f "$work/pom.xml" package >"$work/log" 2>&1 </dev/null; then
        grep -m 5 ERROR "$work/log" >&2 || tail -n 5 "$work/log" >&2
        rm -rf "$work"
        die "Maven could not build deploy/$name."
    fi
    rm -rf "$home"
    mv "$work/target" "$home" # only now does the path exist: a build that was cut off leaves none
    rm -rf "$work"
}
