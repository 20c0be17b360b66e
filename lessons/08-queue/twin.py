# SPDX-License-Identifier: MIT
"""The demo on multiprocessing: an item whose pickling takes its time."""
import multiprocessing
import os
import queue
import threading

fork = multiprocessing.get_context("fork")
go = threading.Event()


class Slow:
    def __reduce__(self):       # called in the feeder
        go.wait()
        return str, ("helloworld",)


def show(when, q):
    threads = len(os.listdir("/proc/self/task"))
    size, empty = q.qsize(), "yes" if q.empty() else "no"
    try:
        got = q.get_nowait()
    except queue.Empty:
        got = "nothing"
    print("%-33s%-9d%-7d%-7s%s" % (when, threads, size, empty, got),
          flush=True)


if __name__ == "__main__":
    q = fork.Queue()
    print("%-33s%-9s%-7s%-7s%s" % ("", "threads", "qsize", "empty",
                                   "get, without waiting"), flush=True)
    show("a new queue", q)
    q.put(Slow())
    show("put has returned", q)
    p = fork.Process(target=show, args=("a child, forked now", q))
    p.start()
    p.join()
    go.set()
    while q.empty():
        pass
    show("the feeder has sent it", q)
    show("and it was got", q)
