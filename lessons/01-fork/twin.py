# SPDX-License-Identifier: MIT
"""The same program on multiprocessing: `twin.py`, `twin.py N [METHOD]`."""
import multiprocessing
import sys

context = multiprocessing.get_context(sys.argv[2] if len(sys.argv) > 2
                                      else "fork")
counter = 41


def child():
    global counter
    counter += 1
    parent = multiprocessing.parent_process()
    print("child   counter is %d, my parent is %s"
          % (counter, "the one who started me" if parent.is_alive()
             else "gone"))
    sys.exit(counter)


def nothing():
    pass


def run(target):
    p = context.Process(target=target)
    p.start()
    p.join()
    return p.exitcode


if __name__ == "__main__":
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    for _ in range(many):
        run(nothing)
    if not many:
        print("parent  counter is %d before" % counter)
        code = run(child)
        print("parent  counter is %d after, exit code %d" % (counter, code))
