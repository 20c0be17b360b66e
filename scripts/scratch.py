# SPDX-License-Identifier: MIT
"""A directory that looks like the repository, and commands run in it.

What a page's command writes must not reach the tree: it runs in a scratch
directory of links to what lies at the top of the repository.  results/ is a
directory of its own there, without results/latest, and `build` is whatever
build is in use.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile

OWN_DIRECTORIES = ("results",)


@contextlib.contextmanager
def directory(root, build):
    where = tempfile.mkdtemp(prefix="ipclab-scratch.")
    try:
        for name in os.listdir(root):
            path = os.path.join(root, name)
            if name == "build" or name.startswith("."):
                continue
            if name not in OWN_DIRECTORIES:
                os.symlink(path, os.path.join(where, name))
                continue
            os.mkdir(os.path.join(where, name))
            for inner in os.listdir(path):
                if not inner.startswith("latest"):
                    os.symlink(os.path.join(path, inner),
                               os.path.join(where, name, inner))
        os.symlink(build, os.path.join(where, "build"))
        yield where
    finally:
        shutil.rmtree(where, ignore_errors=True)


def run(command, where, build, seconds):
    """(lines printed, exit status as sh has it or None: the time was over)."""
    environment = dict(os.environ, LC_ALL="C.UTF-8", NO_COLOR="1",
                       PATH=build + os.pathsep + os.environ.get("PATH", ""))
    environment.pop("MAKEFLAGS", None)  # a command may be a make of its own
    # A file and not a pipe: what lives on in the background may keep it open.
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            command, cwd=where, env=environment, stdin=subprocess.DEVNULL,
            stdout=output, stderr=output, start_new_session=True)
        try:
            status = child.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            child.wait()
        output.seek(0)
        lines = output.read().decode("utf-8", "replace").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if status is not None and status < 0:
        status = 128 - status
    return lines, status
