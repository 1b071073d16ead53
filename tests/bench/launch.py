"""Runs python with some arguments and tells what it took, as JSON on a file descriptor.

A small process of its own between whoever measures and what is measured: the kernel counts the memory of whoever starts
a process into its peak (``ru_maxrss`` outlives fork and exec), and this one has next to none.

    python launch.py DESCRIPTOR CORE|- ARGUMENT …
"""

from __future__ import annotations

import json
import os
import sys
import time


def main() -> int:
    descriptor, core, *arguments = sys.argv[1:]
    os.set_inheritable(int(descriptor), False)
    if core != "-":
        os.sched_setaffinity(0, {int(core)})
    begun = time.monotonic()
    process = os.posix_spawn(sys.executable, [sys.executable, *arguments], os.environ)
    _, status, usage = os.wait4(process, 0)
    took = {
        "wall": time.monotonic() - begun,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss / 1024,
    }
    os.write(int(descriptor), json.dumps(took).encode())
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
