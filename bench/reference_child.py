# SPDX-License-Identifier: MIT
"""reference_child.py - the main module of the program whose starts are timed.

A child that CPython did not fork imports its program's main module again,
from the source, before it runs its target: 4 ms for reference.py, as long as
all else that its fork server's child does.  So these children have a program
that is as small as one can be, and imports what they have already.
"""

import os
import sys
import time


def nothing():
    pass


def stamp(path):
    """Leave the time of the first instruction in the parent's memory."""
    now = time.monotonic_ns()
    fd = os.open(path, os.O_WRONLY)
    os.write(fd, now.to_bytes(8, sys.byteorder))
    os.close(fd)
