"""Runs a command from start to exit, and tells what it took."""

import os
import subprocess
import sys
import time
from typing import NamedTuple

EXPECTED_CODES = (0, 1)  # a verdict; 2 means that planguard did not look at everything


class Run(NamedTuple):
    """Wall time and CPU time in seconds, and peak memory in MB, with those of the processes that it waits for."""

    wall: float
    cpu: float
    peak: float


def run(command):
    with open(os.devnull, "r+b") as null:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdin=null, stdout=null, stderr=null)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in EXPECTED_CODES:
        sys.exit(f"{command} ended with {process.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6)
