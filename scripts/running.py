# SPDX-License-Identifier: MIT
"""Running ipclab as a user would, and looking at what it leaves: what the
tests of the program (test_cli, test_faults, test_kills) and the storm share.

A test is a function with @promise; suite() runs all of a file, a line each,
and the last line alone: N passed, N failed, N skipped.
"""

import argparse
import concurrent.futures
import contextlib
import glob
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import types

SCRIPTS = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(SCRIPTS)
LAB = types.SimpleNamespace(build=None, ipclab=None, seed=1)

HANGS = 40        # s: no short run takes as long, however busy the machine
GONE = 2          # s from the death of ipclab to that of the last process
SHORT = ("bench", "pipe/roundtrip", "--size", "64", "--placement", "same",
         "--rounds", "1", "--no-reference")
# A life of some seconds, to be cut anywhere.
LONGER = ("bench", "pipe/roundtrip", "fork/joined", "--size", "64",
          "--placement", "same", "--rounds", "3")
RESULTS = ["hist.tsv", "machine.txt", "run.json", "run.tsv"]


TESTS, SLOW = [], []


def promise(function):
    """One of the tests: its name is what is promised."""
    TESTS.append(function)
    return function


def slow(function):
    """It mostly waits: started first, so that the rest runs beside it."""
    SLOW.append(function)
    return promise(function)


class Skip(Exception):
    """Why a test cannot be made here."""


def equal(got, wanted, about=""):
    if got != wanted:
        raise AssertionError("%r, not %r  %s" % (got, wanted, about))


def true(what, about):
    if not what:
        raise AssertionError(about)


def holds(text, *parts):
    for part in parts:
        true(part in text, "no %r in:\n%s" % (part, text))


# --- running ipclab, and what it leaves ----------------------------------

class Running:
    """A program whose descendants are known by a mark in their environment,
    whoever adopted them."""

    count = 0

    def __init__(self, *argv, cwd=ROOT, out=None, before=None, **variables):
        Running.count += 1
        self.mark = "IPCLAB_CLI_TEST=%d.%d.%d" % (
            os.getpid(), threading.get_ident(), Running.count)
        environment = dict(os.environ, **variables)
        name, value = self.mark.split("=")
        environment[name] = value
        self.argv = argv
        self.out = tempfile.TemporaryFile()
        self.err = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            argv, cwd=cwd, env=environment, stdin=subprocess.DEVNULL,
            stdout=self.out if out is None else out, stderr=self.err,
            start_new_session=True, preexec_fn=before)
        self.pid = self.process.pid

    def tree(self):
        """The ids of all of it that runs."""
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit() and self.carries(entry):
                found.append(int(entry))
        return found

    def carries(self, pid):
        try:
            with open("/proc/%s/environ" % pid, "rb") as file:
                return self.mark.encode() in file.read().split(b"\0")
        except OSError:
            return False

    def send(self, number):
        """To it alone; Ctrl-C, as a terminal does it, to its whole group."""
        try:
            if number == signal.SIGINT:
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)
        except ProcessLookupError:
            pass

    def stop(self, pid):
        """Stop one of the tree, if it is still there."""
        try:
            if self.carries(pid):
                os.kill(pid, signal.SIGSTOP)
                return True
        except ProcessLookupError:
            pass
        return False

    def wait(self, seconds=HANGS):
        """(exit status as a shell has it, stdout, stderr)"""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.end()
            raise AssertionError("%s: not done after %s s" % (
                " ".join(self.argv), seconds)) from None
        self.nothing_left(GONE)
        return (status if status >= 0 else 128 - status, self.text(self.out),
                self.text(self.err))

    @staticmethod
    def text(file):
        file.seek(0)
        return file.read().decode(errors="replace")

    def nothing_left(self, seconds):
        end = time.monotonic() + seconds
        left = self.tree()
        while left and time.monotonic() < end:
            time.sleep(0.02)
            left = self.tree()
        if left:
            what = ", ".join("%d %s" % (pid, command_of(pid)) for pid in left)
            self.end()
            raise AssertionError("left behind: " + what)

    def end(self):
        for pid in self.tree():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()


def command_of(pid):
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            return file.read().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return "?"


def segments():
    """The names in /dev/shm that could be of ours, or of the reference."""
    return {n for n in os.listdir("/dev/shm")
            if "ipclab" in n or n.startswith(("psm_", "sem.mp-"))}


def left_segments(before, seconds):
    """The names that are new and stay.  One that a process has mapped, or that
    comes and goes, is another program's: what made ours has ended."""
    end = time.monotonic() + seconds
    left = segments() - before
    while left and time.monotonic() < end:
        time.sleep(0.02)
        left &= segments()
    return {n for n in left if not is_mapped("/dev/shm/" + n)}


def is_mapped(path):
    for entry in os.listdir("/proc"):
        try:
            with open("/proc/%s/maps" % entry, encoding="utf-8",
                      errors="replace") as file:
                if any(line.rstrip("\n").endswith(" " + path)
                       for line in file):
                    return True
        except OSError:
            continue
    return False


def no_new_segments(before):
    equal(left_segments(before, GONE), set())


def ipclab(*arguments, prefix=(), seconds=HANGS, **more):
    return Running(*prefix, LAB.ipclab, *arguments, **more).wait(seconds)


def says(err):
    """The lines of stderr, but for the plan's."""
    return [l for l in err.split("\n") if l and not l.startswith("plan: ")]


def one_line(done, status, *parts):
    """That status, one line that holds the parts, and no result."""
    equal(done[0], status, done[2])
    equal(len(says(done[2])), 1, done[2])
    true(says(done[2])[0].startswith("ipclab: "), done[2])
    holds(done[2], *parts)


def whole(folder, partial=False):
    """A result folder that is all there; what run.json holds."""
    equal(sorted(os.listdir(folder)), RESULTS)
    with open(os.path.join(folder, "run.json"), encoding="utf-8") as file:
        run = json.load(file)
    equal(bool(run.get("partial", run["context"].get("partial"))), partial)
    with open(os.path.join(folder, "run.tsv"), encoding="utf-8") as file:
        rows = file.read().split("\n")
    equal(rows[-1], "", "run.tsv ends within a line")
    return run


def has_a_figure(run):
    true(any(r["samples"] for r in run["results"]),
         "results without a figure took the place of what was there")


def contents(folder):
    found = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            found[name] = file.read()
    return found


# --- the processes of a bench run ----------------------------------------

def children_of(pid):
    """Those that run.  All of /proc would be too much to read in a poll."""
    found = []
    for path in glob.glob("/proc/%d/task/*/children" % pid):
        try:
            with open(path, encoding="ascii") as file:
                found += [int(p) for p in file.read().split()]
        except OSError:
            continue
    return [p for p in found if runs(p)]


def runs(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8",
                  errors="replace") as file:
            return file.read().rsplit(") ", 1)[1][0] != "Z"
    except OSError:
        return False


def sides_of(pid):
    """The timed sides; between ipclab and other programs stands a keeper."""
    for child in children_of(pid):
        try:
            with open("/proc/%d/comm" % child) as file:
                keeper = file.read().strip() == "ipclab-keeper"
        except OSError:
            continue
        yield from children_of(child) if keeper else [child]


def next_trial(running, level, not_these=(), program="ipclab"):
    """The next process of that level below ipclab: 1 a timed side, 2 a peer
    (or those of the reference); 0 when the run has ended.  What it starts
    before it has a plan is no trial."""
    end = time.monotonic() + HANGS
    while running.process.poll() is None and time.monotonic() < end:
        sides = sides_of(running.pid) \
            if "plan: " in running.text(running.err) else ()
        for timed in sides:
            name = os.path.basename(command_of(timed).split(" ")[0])
            if not name.startswith(program):
                continue
            for found in [timed] if level == 1 else children_of(timed):
                # A keeper has its name a moment after it is there.
                if found not in not_these and timed in sides_of(running.pid):
                    return found
        time.sleep(0.002)
    return 0


def serves(pid):
    """Has it waited for twenty messages?  Then it is no newborn, which the
    kernel may not yet have been told to end with its parent.  False once it is
    gone."""
    for _ in range(500):
        try:
            with open("/proc/%d/status" % pid) as status:
                waits = re.search(r"^voluntary_ctxt_switches:\s*(\d+)",
                                  status.read(), re.M)
        except OSError:
            return False
        if not waits:  # it is a zombie
            return False
        if int(waits[1]) >= 20:
            return True
        time.sleep(0.001)
    return False


def rows_of(running):
    """How many rows the plan has, once it is printed."""
    end = time.monotonic() + HANGS
    while time.monotonic() < end:
        found = re.search(r"(\d+) rows", running.text(running.err))
        if found:
            return int(found[1])
        time.sleep(0.01)
    raise AssertionError("no plan was printed")


def wait_for_peer(running):
    true(next_trial(running, 2), "no peer was ever seen")


# --- the ways of this machine --------------------------------------------

def can_mount():
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /mnt"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=False) \
        if shutil.which("unshare") else None
    if not done or done.returncode:
        raise Skip("no mount namespace: " + (
            done.stdout.strip() if done else "unshare is not installed"))


def path_without(folder, *missing):
    """A PATH that has everything but those."""
    tools = os.path.join(folder, "tools")
    os.makedirs(tools)
    for source in reversed(os.get_exec_path()):
        for name in os.listdir(source) if os.path.isdir(source) else ():
            if not name.startswith(missing):
                there = os.path.join(tools, name)
                if os.path.lexists(there):
                    os.unlink(there)
                os.symlink(os.path.join(source, name), there)
    return tools


SLOW_DISK = """
#include <stdlib.h>
#include <unistd.h>
int fsync(int fd)
{
    (void)fd;
    while (access(getenv("IPCLAB_GO_ON"), F_OK) < 0)
        usleep(1000);
    return 0;
}
"""


@contextlib.contextmanager
def slow_disk(folder):
    """The environment of an ipclab whose fsync(2) lasts until go_on()."""
    if not shutil.which("cc"):
        raise Skip("cc is not installed")
    tools = tempfile.mkdtemp(prefix="tools.", dir=folder)
    source, shared = tools + "/slow.c", tools + "/slow.so"
    with open(source, "w", encoding="utf-8") as file:
        file.write(SLOW_DISK)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", shared, source],
                   check=True)
    yield {"LD_PRELOAD": shared, "IPCLAB_GO_ON": folder + "/go"}


def go_on(folder):
    with open(folder + "/go", "w", encoding="utf-8"):
        pass


def wait_for_draft(folder):
    """The name of the folder in which the run is being written."""
    end = time.monotonic() + HANGS
    while time.monotonic() < end:
        for name in os.listdir(folder):
            if name.startswith("run.tmp.") and \
                    os.path.exists(os.path.join(folder, name, "run.json")):
                return name
        time.sleep(0.002)
    raise AssertionError("nothing was ever written")


def limited(what, value):
    def narrow():
        resource.setrlimit(what, (value, value))
    return narrow


def small_build(folder, arguments=SHORT):
    """A build folder whose ipclab makes a small run of `bench`."""
    build = os.path.join(folder, "build")
    os.makedirs(build)
    os.makedirs(os.path.join(folder, "results"))
    program = os.path.join(build, "ipclab")
    with open(program, "w", encoding="utf-8") as file:
        file.write('#!/bin/sh\nshift\nexec %s %s "$@"\n'
                   % (LAB.ipclab, " ".join(arguments)))
    os.chmod(program, 0o755)
    return build


def in_parallel(work, items):
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        for each in [pool.submit(work, item) for item in items]:
            each.result()


# --- running them --------------------------------------------------------

def run_one(function):
    """("ok", "FAIL" or "skip", and why)"""
    where = tempfile.mkdtemp(prefix="ipclab-cli.")
    try:
        function(where)
        return "ok", ""
    except Skip as reason:
        return "skip", "  " + str(reason)
    except AssertionError as wrong:
        return "FAIL", "  " + str(wrong)
    except Exception:  # a fault of the test itself fails it, too
        return "FAIL", "\n" + traceback.format_exc()
    finally:
        shutil.rmtree(where, ignore_errors=True)


def use(build, seed=1):
    LAB.build, LAB.seed = os.path.abspath(build), seed
    LAB.ipclab = os.path.join(LAB.build, "ipclab")
    return os.access(LAB.ipclab, os.X_OK)


def run_tests(tests):
    """Each of them, a line each; how many had which word."""
    counts = {"ok": 0, "FAIL": 0, "skip": 0}
    with concurrent.futures.ThreadPoolExecutor(1) as beside:
        waits = {f: beside.submit(run_one, f) for f in tests if f in SLOW}
        for function in [f for f in tests if f not in SLOW] + list(waits):
            begun = time.monotonic()
            word, why = waits[function].result() if function in waits else \
                run_one(function)
            counts[word] += 1
            print("%-4s %s%s" % (word, function.__name__, why))
            if os.environ.get("IPCLAB_CLI_TIMES"):
                print("     %.1f s" % (time.monotonic() - begun))
            sys.stdout.flush()
    return counts


def suite(about):
    """The main of a file of tests; its exit status."""
    options = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--build", default=os.path.join(ROOT, "build"))
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("names", nargs="*")
    chosen = options.parse_args()
    tests = [f for f in TESTS
             if not chosen.names or f.__name__ in chosen.names]
    if not use(chosen.build, chosen.seed):
        print("skip everything  ipclab is not built")
        print("0 passed, 0 failed, %d skipped" % len(tests))
        return 77
    counts = run_tests(tests)
    print("%d passed, %d failed, %d skipped" % (
        counts["ok"], counts["FAIL"], counts["skip"]))
    return 1 if counts["FAIL"] or not counts["ok"] else 0
