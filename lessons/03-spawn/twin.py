# SPDX-License-Identifier: MIT
"""The same questions on multiprocessing: what has a child of its parent?"""
import fcntl
import multiprocessing

counter = 41


def is_open(number):
    try:
        return fcntl.fcntl(number, fcntl.F_GETFD) >= 0
    except OSError:
        return False


def look(number, text, answer):
    answer.send((counter, is_open(number), text, id(look)))


def ask(method, number):
    context = multiprocessing.get_context(method)
    reader, writer = context.Pipe(duplex=False)
    p = context.Process(target=look, args=(number, "hello", writer))
    p.start()
    writer.close()
    found = reader.recv()
    p.join()
    return found


def show(what, forked, spawned):
    print("%-26s%-17s%s" % (what, forked, spawned))


if __name__ == "__main__":
    counter += 1
    number = fcntl.fcntl(2, fcntl.F_DUPFD_CLOEXEC, 50)
    f, s = ask("fork", number), ask("spawn", number)
    show("", "forked", "spawned")
    show("counter, 42 in the parent", f[0], s[0])
    show("the parent's descriptor", *("yes" if x[1] else "no" for x in (f, s)))
    show("the text in the parcel", f[2], s[2])
    show("look() is at", hex(f[3]), hex(s[3]))
    print("%-26s%s" % ("and in the parent at", hex(id(look))))
