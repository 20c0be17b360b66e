# SPDX-License-Identifier: MIT
# region: notes
from multiprocessing import Process, Queue


q = Queue()


def f():
    q.put("helloworld")


if __name__ == "__main__":
    p = Process(target=f)
    p.start()
    p.join()
    print(q.get())
# end: notes
