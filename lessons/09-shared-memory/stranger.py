# SPDX-License-Identifier: MIT
"""A program that has nothing to do with ours attaches to our segment."""
import subprocess
import sys
from multiprocessing.shared_memory import SharedMemory

# region: stranger
STRANGER = """
from multiprocessing.shared_memory import SharedMemory
m = SharedMemory(%r)
print("a stranger attaches, reads %%d, closes it, and ends" %% m.buf[0])
m.close()
"""

if __name__ == "__main__":
    mine = SharedMemory(create=True, size=1)
    mine.buf[0] = 42
    # Until its stderr ends: its tracker has that, too.
    done = subprocess.run([sys.executable, "-c", STRANGER % mine.name],
                          capture_output=True, text=True)
    print(done.stdout, end="")
    try:
        mine.unlink()
    except FileNotFoundError:
        print("we still have it, and it has no name any more")
# end: stranger
