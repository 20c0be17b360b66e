# SPDX-License-Identifier: MIT
# region: program
from multiprocessing import Manager, Process, current_process

def f(d, l):
    d[current_process().name] = "was here"
    l.append(3.1415927)
    l.reverse()

if __name__ == "__main__":
    with Manager() as manager:
        d = manager.dict()
        l = manager.list(range(4))
        p = Process(target=f, args=(d, l))
        p.start()
        p.join()
        print(d)
        print(l)
# end: program
