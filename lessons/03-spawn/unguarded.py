# SPDX-License-Identifier: MIT
"""What is wrong here?  The last three lines are run by the child, too."""
import multiprocessing


def f():
    print("hello from the child")


p = multiprocessing.get_context("spawn").Process(target=f)
p.start()
p.join()
print("the child's exit code is", p.exitcode)
