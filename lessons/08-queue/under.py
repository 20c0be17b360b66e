# SPDX-License-Identifier: MIT
"""under.py METHOD FILE.py - run an unchanged program under a start method."""
import multiprocessing
import runpy
import sys

if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[1])
    runpy.run_path(sys.argv[2], run_name="__main__")
