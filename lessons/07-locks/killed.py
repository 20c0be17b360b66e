# SPDX-License-Identifier: MIT
"""A child is killed while it has a lock, and its parent wants it: no end."""
import multiprocessing
import os
import signal

# region: killed
fork = multiprocessing.get_context("fork")
lock = fork.Lock()


def die():
    lock.acquire()
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    p = fork.Process(target=die)
    p.start()
    p.join()
    lock.acquire()
# end: killed
