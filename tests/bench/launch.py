"""Runs a command and prints what it took: `python launch.py COMMAND…`, one JSON line.

A process of its own, and a small one: Linux counts the memory of the process that starts a
command into the command's own peak, so a large harness would measure itself.
"""

import json
import os
import subprocess
import sys
import time

# ru_maxrss is in bytes on macOS, in KiB elsewhere.
BYTES = 1 if sys.platform == "darwin" else 1024


def main() -> None:
    began = time.monotonic()
    process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    took = {
        "seconds": time.monotonic() - began,
        "processor_seconds": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss * BYTES / 1e6,
        "exit_code": process.returncode,
    }
    sys.stdout.write(json.dumps(took) + "\n")


if __name__ == "__main__":
    main()
