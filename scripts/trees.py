# SPDX-License-Identifier: MIT
"""The ground that the tests of the scripts stand on: a small tree of each
test's own, what it compares, and the program around them."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)


class Skip(Exception):
    """Why a test cannot be made here."""


class Tree:
    """A scratch tree, and the scripts run on it."""

    build = None  # where ipclab and its lessons' programs are built

    def __init__(self, path):
        self.path = path

    def write(self, name, text, mode=0o644):
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def read(self, name):
        with open(os.path.join(self.path, name), encoding="utf-8") as file:
            return file.read()

    def run(self, script, *arguments, **variables):
        """(exit status, everything printed)"""
        done = subprocess.run(
            [os.path.join(HERE, script)] + list(arguments), cwd=self.path,
            env=dict(os.environ, **variables), text=True, errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False)
        return done.returncode, done.stdout


def equal(got, wanted, about=""):
    if got != wanted:
        raise AssertionError("%r, not %r %s" % (got, wanted, about))


def holds(text, *parts):
    for part in parts:
        if part not in text:
            raise AssertionError("no %r in:\n%s" % (part, text))


def report(name, function, *arguments):
    """Run one test in a tree of its own; its line; "ok", "FAIL" or "skip"."""
    word, why = "ok", ""
    where = tempfile.mkdtemp(prefix="ipclab-scripts.")
    try:
        function(Tree(where), *arguments)
    except Skip as reason:
        word, why = "skip", "  " + str(reason)
    except AssertionError as wrong:
        word, why = "FAIL", "  " + str(wrong)
    except Exception:  # a fault of the test itself fails it, too
        word, why = "FAIL", "\n" + traceback.format_exc()
    finally:
        shutil.rmtree(where, ignore_errors=True)
    print("%-4s %s%s" % (word, name, why))
    sys.stdout.flush()
    return word


def run(about, tests):
    """The whole program: those of `tests`, a dictionary as globals() is, that
    are a test and are named.  The last line: N passed, N failed, N skipped."""
    prefix = os.path.basename(sys.argv[0])[len("test_"):] + "_"
    options = argparse.ArgumentParser(description=about)
    options.add_argument("--build", default=os.path.join(ROOT, "build"))
    options.add_argument("names", nargs="*")
    chosen = options.parse_args()
    Tree.build = os.path.abspath(chosen.build)
    words = [report(name, function) for name, function in tests.items()
             if callable(function) and name.startswith(prefix)
             and (not chosen.names or name in chosen.names)]
    print("%d passed, %d failed, %d skipped" % (
        words.count("ok"), words.count("FAIL"), words.count("skip")))
    return 1 if "FAIL" in words or "ok" not in words else 0
