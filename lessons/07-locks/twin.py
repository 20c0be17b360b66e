# SPDX-License-Identifier: MIT
"""The demo's table on multiprocessing, which has no robust lock."""
import multiprocessing
import os
import signal

fork = multiprocessing.get_context("fork")


def take(lock):
    return lock.acquire(block=False)


def release(lock):
    try:
        lock.release()
    except (AssertionError, ValueError):
        return False
    return True


def take_and_die(lock):
    take(lock)
    os.kill(os.getpid(), signal.SIGKILL)


def in_child(act, lock):
    p = fork.Process(target=lambda: os._exit(act(lock)))
    p.start()
    p.join()
    return p.exitcode == 1


def show_row(what, first, by_child, then):
    print("%-30s" % what, end="")
    for kind in fork.Lock, fork.RLock, fork.Semaphore:
        lock = kind()
        result = take(lock) if first else None
        if by_child:
            result = in_child(by_child, lock)
        if then:
            result = then(lock)
        print("%-11s" % ("yes" if result else "no"), end="")
    print()


if __name__ == "__main__":
    print("%-30s%-11s%-11s%-11s" % ("", "Lock", "RLock", "Semaphore"))
    show_row("taken again by its owner", True, None, take)
    show_row("taken by its owner's child", True, take, None)
    show_row("released by that child", True, release, None)
    show_row("released when nobody has it", False, None, release)
    show_row("taken when its owner is dead", False, take_and_die, take)
