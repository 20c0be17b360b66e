# SPDX-License-Identifier: MIT
"""What test_manager compares: `ipclab manager` and CPython's own server, asked
by the same client, which is Python's as it comes.

A session is a list of lines of Python about one hosted object, o, of the
manager m.  What each line gives, or raises, is made comparable by plain().
"""

import contextlib
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time

from multiprocessing import managers

from running import HANGS, LAB

KEY = b"0123456789abcdef-0123456789abcdef"
# Who takes a proxy out of a value connects with the key of its own process,
# whatever the manager's is; so does CPython's server.
multiprocessing.current_process().authkey = KEY
# What exceptions say changes with every version; ours say what 3.11's do.
EXACT = sys.version_info[:2] == (3, 11)
# A hosted set, and more of list and dict, as later versions have them.
SET = (
    "__and__", "__contains__", "__ge__", "__gt__", "__iand__", "__ior__",
    "__isub__", "__iter__", "__ixor__", "__le__", "__len__", "__lt__",
    "__or__", "__rand__", "__ror__", "__rsub__", "__rxor__", "__sub__",
    "__xor__", "add", "clear", "copy", "difference", "difference_update",
    "discard", "intersection", "intersection_update", "isdisjoint",
    "issubset", "issuperset", "pop", "remove", "symmetric_difference",
    "symmetric_difference_update", "union", "update")
LIST = managers.ListProxy._exposed_ + ("__iadd__", "clear", "copy")
DICT = managers.DictProxy._exposed_ + (
    "__ior__", "__or__", "__reversed__", "__ror__", "fromkeys")


class Client(managers.SyncManager):
    """Python's, with what 3.11 has no proxy for."""


Client.register("set", set, managers.MakeProxyType("SetProxy", SET))
Client.register("list", list, managers.ListProxy, exposed=LIST)
Client.register("dict", dict, managers.DictProxy, exposed=DICT)


def connect(address, key=KEY):
    client = Client(address=address, authkey=key)
    client.connect()
    return client


def write_key(folder, key=KEY):
    path = os.path.join(folder, "key")
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
        file.write(key)
    return path


class Served:
    """An `ipclab manager` that runs."""

    def __init__(self, folder, address=None, *options, prefix=()):
        self.err = os.path.join(folder, "stderr")
        with open(self.err, "wb") as err:
            self.process = subprocess.Popen(
                [*prefix, LAB.ipclab, "manager", "--address",
                 address or os.path.join(folder, "lab"), "--authkey-file",
                 write_key(folder), *options],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err)
        self.line = self.process.stdout.readline().decode().rstrip("\n")
        host, colon, port = self.line.rpartition(":")
        self.address = (host, int(port)) if colon else self.line

    def client(self):
        return connect(self.address)

    def said(self):
        with open(self.err, encoding="utf-8") as file:
            return file.read()

    def until_said(self, pattern):
        end = time.monotonic() + HANGS
        while time.monotonic() < end:
            found = re.search(pattern, self.said())
            if found:
                return found
            time.sleep(0.005)
        raise AssertionError("never said: %s, but:\n%s"
                             % (pattern, self.said()))

    def end(self, number=signal.SIGTERM):
        """Its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(HANGS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("it does not end") from None
        finally:
            self.process.stdout.close()


@contextlib.contextmanager
def served(folder, *arguments, **more):
    running = Served(folder, *arguments, **more)
    try:
        yield running
    finally:
        running.end()


@contextlib.contextmanager
def cpython(folder):
    """The address of a server of CPython's, in a process of its own."""
    address = os.path.join(folder, "cpython")
    process = subprocess.Popen(
        [sys.executable, "-B", os.path.abspath(__file__), address],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        process.stdout.readline()
        yield address
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextlib.contextmanager
def both(folder):
    """A client of ours and one of CPython's."""
    with cpython(folder) as theirs, served(folder) as ours:
        yield connect(ours.address), connect(theirs)


# --- what can be compared ---------------------------------------------------

# Where an object is, and the number of the thread that has an RLock.
PLACE = re.compile(r"0x[0-9a-f]+|(?<=owner=)[1-9]\d*")


def plain(value):
    """Of two that are the same, all the way down, the same."""
    kind = type(value).__name__
    if isinstance(value, managers.BaseProxy):
        return "proxy", kind, value._token.typeid
    if isinstance(value, (list, tuple)):
        return kind, [plain(each) for each in value]
    if isinstance(value, dict):
        return kind, [(plain(k), plain(v)) for k, v in value.items()]
    if isinstance(value, (set, frozenset)):
        return kind, sorted(repr(plain(each)) for each in value)
    if isinstance(value, managers.RemoteError):
        line = last_line(value.args[0])
        if not EXACT:
            return kind, line.partition(":")[0]
        # What of it cannot be pickled is the type's own affair.
        return kind, re.sub(r"^(TypeError: cannot pickle ).*", r"\1*", line)
    if isinstance(value, BaseException):
        return kind, [plain(each) for each in value.args] if EXACT else []
    if isinstance(value, (managers.Value, managers.Namespace)):
        return kind, plain(vars(value))
    if hasattr(value, "__next__") and hasattr(value, "__reduce__"):
        return kind, plain(value.__reduce__()[1:])
    return kind, PLACE.sub("0x*", repr(value))


def last_line(text):
    """Of a traceback: what was raised, without where."""
    lines = [l for l in text.split("\n") if l.strip("-")]
    return PLACE.sub("0x*", lines[-1])


class Session:
    """Lines about one object of one manager."""

    def __init__(self, manager, **names):
        self.names = dict(names, m=manager)
        exec("import array, copy, math, threading, queue\n"
             "from multiprocessing.managers import *\n"
             "from array import array\n"
             "inf, nan = math.inf, math.nan\n", self.names)

    def run(self, line):
        """("gave", what) or ("raised", what)."""
        try:
            try:
                code = compile(line, line, "eval")
            except SyntaxError:
                exec(compile(line, line, "exec"), self.names)
                return "gave", None
            value = eval(code, self.names)
            if isinstance(value, str):
                return "gave", self.text_of_set(value)
            return "gave", plain(value)
        except Exception as raised:
            return "raised", plain(raised)

    def state(self):
        """What the object is now, as far as it can be seen."""
        if "o" not in self.names:
            return None
        return self.run("str(o)"), self.run("o._getvalue()")

    def text_of_set(self, text):
        """Which item comes first is the set's own affair."""
        proxy = self.names.get("o")
        if proxy is not None and proxy._token.typeid == "set":
            return "".join(sorted(text))
        return PLACE.sub("0x*", text)


class Asked:
    """Which methods were called by a client in this process."""

    def __init__(self):
        self.methods = set()

    def __enter__(self):
        self.plain = managers.BaseProxy._callmethod
        asked, ask = self.methods, self.plain

        def _callmethod(proxy, name, args=(), kwds={}):
            asked.add((proxy._token.typeid, name))
            return ask(proxy, name, args, kwds)
        managers.BaseProxy._callmethod = _callmethod
        return self

    def __exit__(self, *_):
        managers.BaseProxy._callmethod = self.plain


def differences(ours, theirs, lines, with_state=True):
    """(line, what ours gave, what theirs did) of those that differ."""
    pair = [Session(ours), Session(theirs)]
    for line in lines:
        got = [each.run(line) for each in pair]
        if got[0] == got[1] and with_state:
            got = [each.state() for each in pair]
        if got[0] != got[1]:
            yield line, got[0], got[1]


if __name__ == "__main__":
    serving = Client(address=sys.argv[1], authkey=KEY).get_server()
    print(serving.address, flush=True)
    serving.serve_forever()
