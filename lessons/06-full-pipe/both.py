# SPDX-License-Identifier: MIT
"""Two processes, each of which sends before it receives: it never ends."""
import multiprocessing

# region: both
fork = multiprocessing.get_context("fork")
LARGE = bytes(1 << 20)


def swap(conn):
    conn.send_bytes(LARGE)
    return conn.recv_bytes()


if __name__ == "__main__":
    ours, theirs = fork.Pipe()
    fork.Process(target=swap, args=(theirs,)).start()
    theirs.close()
    print(len(swap(ours)))
# end: both
