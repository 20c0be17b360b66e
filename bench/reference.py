#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""reference.py - the same workloads on the real multiprocessing.

    python3 -I bench/reference.py pipe/roundtrip --bytes 64 --cpus 0,0
            --warm 0.1 --window 0.5 --most 10000

One run is one round: fresh processes, a warm-up, a timed window.  It prints
what the bench reads, one fact a line:

    batch B              operations a sample
    sample NS            the duration of one batch, many
    latency NS           one way, streams only, one for every 64 messages
    counters CPU_NS VOLUNTARY INVOLUNTARY MINOR_FAULTS IO_CALLS OPERATIONS
    python VERSION
    end

or, when anything goes wrong, one line `error TEXT` and exit status 1.  With
--list it prints `python VERSION` and the names of its workloads, one a line.

The loops hold nothing that the measured program would not need: payloads are
made beforehand and compared by one memcmp, names are local, samples go into
an array that exists already.  CPython is shown at its best.  One file, since
an isolated interpreter (-I) imports no other beside it.

A child that is not forked imports its program's main module again, which is
reference_child.py, as small as can be.

A peer is told over a control pipe of its own how many operations are next, so
what is measured carries nothing but payloads.
"""

import ctypes
import functools
import itertools
import mmap
import multiprocessing
import os
import resource
import signal
import struct
import sys
import time
from array import array
from multiprocessing import connection

EVERY = 64          # one message in 64 of a stream is stamped
SLOTS = 65536       # stamps in flight, in memory that both sides map
STREAM_BATCH = 1e6  # ns, see Channel.batch
SMALL = 4096        # bytes: a call of memcmp costs more than a copy
ALONE_BATCH = 4e4   # ns, see Alone.batch
WARM_OPERATIONS = 1000
SETTLED = 0.05      # two windows of the warm-up that agree
LEAST = 3           # samples, however slow: row.c plans with it
BURST = 100         # starts, and then as many joins

context = multiprocessing.get_context("fork")


class Failed(Exception):
    """Why there is no figure, in words."""


def corrupted():
    raise Failed("a message is not the one that was sent")


# What is sent

def payload_word(sequence, offset):
    """mechanism.h, payload_word: every bit depends on both."""
    word = (sequence + 1) * 0x9e3779b97f4a7c15 & 0xffffffffffffffff
    return word ^ (word >> 29) ^ offset


def payload(size, line, sequence):
    """The message that payload_write makes: a word in each cache line."""
    whole = (size + line - 1) // line * line
    words = array("Q", [payload_word(sequence, offset)
                        for offset in range(0, whole, line)])
    message = bytearray(whole)
    if whole:
        memoryview(message).cast("Q")[::line // 8] = memoryview(words)
    del message[size:]
    return bytes(message)


def payloads(size):
    """For ever the next message; a stale one is unlike the one expected."""
    try:
        line = os.sysconf("SC_LEVEL1_DCACHE_LINESIZE")
    except (ValueError, OSError):
        line = 0
    if line < 8:
        line = 64
    count = 3 if size <= 1 << 20 else 2
    return itertools.cycle([payload(size, line, i) for i in range(count)])


# The measured loops.  Each moves len(samples) * batch messages.

def roundtrip(send, receive, messages, batch, samples):
    """Timed side: send a message and have it back, checked."""
    now = time.monotonic_ns
    if batch == 1:
        for i, message in zip(range(len(samples)), messages):
            start = now()
            send(message)
            if receive() != message:
                corrupted()
            samples[i] = now() - start
        return
    for i in range(len(samples)):
        start = now()
        for message in itertools.islice(messages, batch):
            send(message)
            if receive() != message:
                corrupted()
        samples[i] = now() - start


def echo(send, receive, messages, n):
    """Peer of a round trip."""
    for message in itertools.islice(messages, n):
        if receive() != message:
            corrupted()
        send(message)


def produce(send, messages, n, stamps, group):
    """Peer of a stream.  Windows begin with a stamped message, in the slot
    of that group."""
    now = time.monotonic_ns
    for at in range(0, n, EVERY):
        stamps[(group + at // EVERY) % SLOTS] = now()
        for message in itertools.islice(messages, min(EVERY, n - at)):
            send(message)


def consume(receive, messages, batch, samples, latencies, stamps, group):
    """Timed side of a stream; batch is a power of two.

    A sample begins where the one before it ended: together they are the time
    from the first message to the last one checked.
    """
    now = time.monotonic_ns
    at, part = 0, min(batch, EVERY)
    start = now()
    for i in range(len(samples)):
        for _ in range(batch // part):
            if receive() != next(messages):
                corrupted()
            if at % EVERY == 0:
                slot = at // EVERY
                latencies[slot] = now() - stamps[(group + slot) % SLOTS]
            at += part
            for message in itertools.islice(messages, part - 1):
                if receive() != message:
                    corrupted()
        end = now()
        samples[i] = end - start
        start = end


# What it costs

def io_calls():
    """Reads and writes so far, but for this one; none where the kernel does
    not count them: `since` knows it by that."""
    try:
        fd = os.open("/proc/self/io", os.O_RDONLY)
    except OSError:
        return 0
    try:
        words = os.read(fd, 256).split()
    finally:
        os.close(fd)
    return int(words[words.index(b"syscr:") + 1]) \
        + int(words[words.index(b"syscw:") + 1])


def usage():
    """cpu ns, voluntary and involuntary switches, minor faults, reads and
    writes: so far."""
    r = resource.getrusage(resource.RUSAGE_SELF)
    return (round((r.ru_utime + r.ru_stime) * 1e9), r.ru_nvcsw, r.ru_nivcsw,
            r.ru_minflt, io_calls())


def since(before):
    """Since then; a look at the reads and writes was one, -1: not known."""
    spent = [now - then for now, then in zip(usage(), before)]
    spent[4] -= 1
    return spent


def peer_since(before, over):
    """The same for a peer, which is told when it is over, in two reads."""
    if not over():
        raise EOFError
    spent = since(before)
    spent[4] -= 2
    return spent


def clock_cost():
    """ns of one reading of the clock, as the loops above read it."""
    now = time.monotonic_ns
    best = 1 << 62
    for _ in range(5):
        start = now()
        for _ in range(1000):
            now()
        best = min(best, now() - start)
    return max(1, best // 1000)


def die_with(parent):
    """End when the parent does.  Not for what is forked in the window: ctypes
    adds a few per cent to what a fork has to copy."""
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(1, signal.SIGKILL, 0, 0, 0) != 0:  # PR_SET_PDEATHSIG
        raise Failed("prctl: " + os.strerror(ctypes.get_errno()))
    if os.getppid() != parent:
        os._exit(1)


def pin(cpus):
    try:
        os.sched_setaffinity(0, cpus)
    except OSError as e:
        raise Failed("cannot pin to cpu %s: %s"
                     % (",".join(map(str, sorted(cpus))), e.strerror))


# The workloads.  run(batch, samples) is a window: it fills the samples and
# gives latencies and counters; batch(ns, clock) says how many operations of ns
# a sample has.

class Gone(Exception):
    """A peer has ended; none does by itself."""


class Peer:
    """A forked process beside the timed side.  It is told of each window over
    a control pipe of its own, and answers with what it spent and found.  What
    it spent it knows when it is told that the window is over: a feeder sends
    long after the last put."""

    def __init__(self, serve, cpus):
        self.control, far = context.Pipe()
        self.process = context.Process(target=self.work, daemon=True,
                                       args=(serve, far, os.getpid(), cpus))
        self.process.start()
        far.close()

    def work(self, serve, control, parent, cpus):
        self.control.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        try:
            die_with(parent)
            pin(cpus)
            control.send(None)
            for window in iter(control.recv, None):
                control.send(serve(control.recv, *window))
        except Failed as e:
            control.send(str(e))
        except (EOFError, OSError):
            pass  # the timed side is gone, or says why itself

    def answer(self):
        """What it says; its complaint becomes ours."""
        try:
            answer = self.control.recv()
        except (EOFError, OSError):
            self.process.join(1)
            raise Failed("the peer died, exit code %s" % self.process.exitcode)
        if isinstance(answer, str):
            raise Failed("peer: " + answer)
        return answer


class Crowd:
    """The timed side's peers, each in what it serves.

    Whoever waits for a peer in what both share (a lock, a queue that is open
    on both sides) would wait for a dead one for ever: so SIGCHLD ends that
    wait.  It does not while we listen to them, which tells it as well.  A timer
    ends it again: a signal may come just before the wait's system call, and who
    leaves a Condition's wait first takes its lock, which the dead may have.
    """

    def start(self, serves, cpus):
        """cpus: of the timed side, its first peer, and so on, in turn."""
        self.listening = True
        self.gone = False
        self.peers = []
        for number, serve in enumerate(serves, 1):
            self.peers.append(Peer(serve, cpus[number % len(cpus)]))
        signal.signal(signal.SIGCHLD, self.died)
        signal.signal(signal.SIGALRM, self.again)
        signal.setitimer(signal.ITIMER_REAL, 1, 1)
        self.hear()

    def died(self, number, frame):
        if not self.listening:
            self.listening = self.gone = True
            raise Gone

    def again(self, number, frame):
        if self.gone:
            raise Gone

    def tell(self, *window):
        """Who has ended until now cannot be told, which is an error as well."""
        self.listening = False
        for peer in self.peers:
            peer.control.send(window)

    def over(self):
        """The window is: what did they spend?"""
        for peer in self.peers:
            peer.control.send(True)
        return self.hear()

    def hear(self):
        """The answers of all, in their order.  Who has answered is listened
        to as well: what it says next is that it has ended."""
        self.listening = True
        answers = {}
        while len(answers) < len(self.peers):
            ready = connection.wait([peer.control for peer in self.peers])
            for peer in self.peers:
                if peer.control in ready:
                    answers[peer] = peer.answer()
        return [answers[peer] for peer in self.peers]

    def blame(self):
        """Something went wrong.  If a peer has ended, that is why, and it may
        have said why it did."""
        self.gone = False
        self.listening = True
        for peer in self.peers:
            peer.process.join(0 if len(self.peers) > 1 else 1)
            while peer.process.exitcode is not None:
                peer.answer()

    def close(self):
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for peer in self.peers:
            try:
                peer.control.send(None)
            except OSError:
                pass  # it has ended
        for peer in self.peers:
            peer.process.join()


class Channel(Crowd):
    """A Pipe of one topology, and a peer at its other end."""

    def __init__(self, options):
        self.stream = options.workload.startswith("stream")
        self.least = 1
        self.size = options.bytes
        self.group = 0
        self.messages = payloads(options.bytes)
        self.stamps = memoryview(mmap.mmap(-1, SLOTS * 8)).cast("q")
        self.near_ends, self.far_ends = (), ()
        self.connect(options)
        self.start([self.serve], options.cpu_sets)
        for end in self.far_ends:
            end.close()

    def connect(self, options):
        """Have `near` and `far`: how each side receives and sends."""
        if options.workload.endswith("-duplex"):
            near, far = context.Pipe()
            self.near_ends, self.far_ends = (near, near), (far, far)
        else:
            there, out = context.Pipe(duplex=False)
            back, answer = context.Pipe(duplex=False)
            self.near_ends, self.far_ends = (back, out), (there, answer)
        self.near, self.far = [(reader.recv_bytes, writer.send_bytes)
                               for reader, writer in (self.near_ends,
                                                      self.far_ends)]

    def forget(self):
        """The peer: what is the timed side's own."""
        for end in self.near_ends:
            end.close()
        self.near_ends = ()

    def serve(self, over, n, group):
        """The peer: its share of the n operations that it is told of."""
        self.forget()
        receive, send = self.far
        before = usage()
        if self.stream:
            produce(send, self.messages, n, self.stamps, group)
        else:
            echo(send, receive, self.messages, n)
        return peer_since(before, over)

    def run(self, batch, samples):
        n = batch * len(samples)
        groups = (n + EVERY - 1) // EVERY if self.stream else 0
        latencies = zeros(groups)
        receive, send = self.near
        before = usage()
        self.tell(n, self.group)
        if self.stream:
            consume(receive, self.messages, batch, samples, latencies,
                    self.stamps, self.group)
        else:
            roundtrip(send, receive, self.messages, batch, samples)
        mine = since(before)
        self.group += groups
        return latencies, [a + b for a, b in zip(mine, self.over()[0])]

    def batch(self, ns, clock):
        """A stream moves in bursts of what the channel holds: a sample that
        did not span several would be the consumer's share of the time alone.
        So it is as long as the harness's own: measure.c, stream_batch."""
        least = 20 * clock / ns
        if self.stream:
            least = max(least, STREAM_BATCH / ns)
        return power_of_two(least)


class QueueChannel(Channel):
    """A queue for each direction.  Who is killed, or fails, does not wait for
    its feeder: nobody might ever get what that has."""

    def connect(self, options):
        here = queue_of(options)
        there = None if self.stream else queue_of(options)
        self.queues = [queue for queue in (here, there)
                       if hasattr(queue, "cancel_join_thread")]
        self.forget()
        self.near = getter(here), there and there.put
        self.far = there and getter(there), here.put

    def forget(self):
        """A fork has forgotten it, too."""
        for queue in self.queues:
            queue.cancel_join_thread()


class Box:
    """An Array with one message in it, and an Event that says so."""

    def __init__(self, size, stream):
        self.array, self.stream = context.Array("B", size), stream
        self.view = memoryview(self.array.get_obj()).cast("B")
        self.full, self.taken = context.Event(), context.Event()
        self.taken.set()

    def send(self, message):
        if self.stream:
            self.taken.wait()
            self.taken.clear()
        with self.array.get_lock():
            self.view[:] = message
        self.full.set()

    def receive(self):
        self.full.wait()
        self.full.clear()
        with self.array.get_lock():
            message = bytes(self.view)
        if self.stream:
            self.taken.set()
        return message


class BoxChannel(Channel):
    """Such a box for each direction."""

    def connect(self, options):
        there, back = [Box(options.bytes, self.stream) for _ in range(2)]
        if self.stream:
            self.near, self.far = (there.receive, None), (None, there.send)
        else:
            self.near = back.receive, there.send
            self.far = there.receive, back.send


def queue_of(options):
    """The one that a workload's name says."""
    capacity = options.settings.get("capacity", 0)
    make = {"simple-queue": context.SimpleQueue,
            "joinable-queue": lambda: context.JoinableQueue(capacity),
            }.get(options.mechanism, lambda: context.Queue(capacity))
    return make()


def getter(queue):
    """How to get of it, and to be done with what was got."""
    get, done = queue.get, getattr(queue, "task_done", None)
    if not done:
        return get

    def get_and_be_done():
        item = get()
        done()
        return item
    return get_and_be_done


class Alone:
    """What one process does by itself: work(n) does it n times; check is
    asked when that was timed."""

    def __init__(self, options):
        self.least = 1
        self.prepare(options)

    def check(self):
        pass

    def run(self, batch, samples):
        now, work = time.monotonic_ns, self.work
        before = usage()
        for i in range(len(samples)):
            start = now()
            work(batch)
            samples[i] = now() - start
        spent = since(before)
        self.check()
        return (), spent

    def batch(self, ns, clock):
        """So long that a call of work is nothing beside it."""
        return power_of_two(ALONE_BATCH / ns)

    def close(self):
        pass


class Pair(Alone):
    """Acquire and release, with nobody beside."""

    def prepare(self, options):
        make = {"lock/pair": context.Lock, "lock/pair-recursive": context.RLock,
                "semaphore/pair": context.Semaphore}[options.name]
        self.held = make()

    def work(self, n):
        acquire, release = self.held.acquire, self.held.release
        for _ in itertools.repeat(None, n):
            acquire()
            release()


def counter_of(kind):
    """A Value, what to hold while it is incremented, and its `value`'s owner.
    A Lock cannot be taken again by the Value itself, as an RLock can."""
    if kind == "raw":
        value = context.Value("q", lock=False)
        return value, None, value
    if kind == "plain":
        value = context.Value("q", lock=context.Lock())
        return value, value.get_lock(), value.get_obj()
    value = context.Value("q")
    return value, value.get_lock(), value


def increment(lock, owner, n):
    if lock is None:
        for _ in itertools.repeat(None, n):
            owner.value += 1
        return
    for _ in itertools.repeat(None, n):
        with lock:
            owner.value += 1


class Increment(Alone):
    """Nobody else counts."""

    def prepare(self, options):
        _, self.lock, self.owner = counter_of(
            options.workload.partition("-")[2])
        self.done = 0

    def work(self, n):
        increment(self.lock, self.owner, n)
        self.done += n

    def check(self):
        if self.owner.value != self.done:
            raise Failed("an increment was lost")


class Element(Alone):
    """a[i] = x, and a[i]: two turns."""

    def prepare(self, options):
        self.array = context.Array("q", 1024)
        self.done = 0

    def work(self, n):
        array, done = self.array, self.done
        for x in range(done, done + n):
            array[x & 1023] = x
            if array[x & 1023] != x:
                corrupted()
        self.done += n


class Copy(Alone):
    """The whole of an Array: a slice of it, or a view of its memory.  It is
    compared by memcmp where it lies: bytes() would be another copy of it."""

    def prepare(self, options):
        self.size = options.bytes
        self.messages = payloads(options.bytes)
        if options.workload == "copy":
            self.array = context.Array("B", options.bytes)
            memory = self.array.get_obj()
        else:
            self.array = None
            memory = context.RawArray("B", options.bytes)
        self.view = memoryview(memory).cast("B")
        self.at = ctypes.addressof(memory)
        self.compare = ctypes.CDLL(None).memcmp
        self.compare.argtypes = [ctypes.c_void_p, ctypes.c_void_p,
                                 ctypes.c_size_t]

    def differs(self, message):
        if self.size < SMALL:
            return bytes(self.view) != message
        return self.compare(self.at, message, self.size)

    def work(self, n):
        array, view, size = self.array, self.view, self.size
        differs = self.differs
        for message in itertools.islice(self.messages, n):
            if array is None:
                view[:] = message
            else:
                array[:size] = message
            if differs(message):
                corrupted()


class Handover(Crowd):
    """Processes in turns, two of them; an operation is there and back.  Of a
    barrier's rounds it is one, of as many processes as are asked for."""

    def __init__(self, options):
        self.least = 1
        self.turn = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("q")
        self.all = 2
        if options.name == "barrier/round":
            self.all = options.settings.get("processes", 2)
        self.takers = {"condition/handover": self.by_condition,
                       "event/handover": self.by_event,
                       "barrier/round": self.by_barrier}[options.name]()
        self.start([functools.partial(self.serve, number)
                    for number in range(1, self.all)], options.cpu_sets)

    def by_condition(self):
        """The timed side makes the token odd, its peer makes it even."""
        condition, turn = context.Condition(), self.turn
        acquire, release = condition.acquire, condition.release
        wait, notify = condition.wait, condition.notify

        def there():
            acquire()
            if turn[0] & 1:
                corrupted()
            turn[0] += 1
            notify()
            while turn[0] & 1:
                wait()
            release()

        def back():
            acquire()
            while not turn[0] & 1:
                wait()
            turn[0] += 1
            notify()
            release()
        return there, back

    def by_event(self):
        """The same token."""
        go, come, turn = context.Event(), context.Event(), self.turn

        def there():
            turn[0] += 1
            go.set()
            come.wait()
            come.clear()
            if turn[0] & 1:
                corrupted()

        def back():
            go.wait()
            go.clear()
            if not turn[0] & 1:
                corrupted()
            turn[0] += 1
            come.set()
        return there, back

    def by_barrier(self):
        """Behind it, whoever is next to one has come as often."""
        wait, turn = context.Barrier(self.all).wait, self.turn

        def arrive(number):
            mine = turn[number] + 1
            turn[number] = mine
            wait()
            if turn[after[number]] < mine:
                corrupted()
        after = [*range(1, self.all), 0]
        return [functools.partial(arrive, i) for i in range(self.all)]

    def serve(self, number, over, n):
        take, before = self.takers[number], usage()
        for _ in itertools.repeat(None, n):
            take()
        return peer_since(before, over)

    def run(self, batch, samples):
        now, repeat, take = time.monotonic_ns, itertools.repeat, self.takers[0]
        before = usage()
        self.tell(batch * len(samples))
        for i in range(len(samples)):
            start = now()
            for _ in repeat(None, batch):
                take()
            samples[i] = now() - start
        spent = [since(before), *self.over()]
        return (), [sum(column) for column in zip(*spent)]

    def batch(self, ns, clock):
        return power_of_two(20 * clock / ns)


class Together(Crowd):
    """All do their share of each sample's operations, from one gate."""

    def __init__(self, options):
        self.least = 1
        self.done = 0
        self.window = options.window * 1e9
        self.here, self.gate = context.Semaphore(0), context.Semaphore(0)
        self.all = self.prepare(options)
        self.start([functools.partial(self.serve, number)
                    for number in range(1, self.all)], options.cpu_sets)

    def serve(self, number, over, n):
        """A peer: (what it spent, its first start, last end, what it saw)."""
        self.here.release()
        self.gate.acquire()
        return self.share(number, n)

    def share(self, number, n):
        before = usage()
        begin = time.monotonic_ns()
        seen = self.work(number, n)
        end = time.monotonic_ns()
        return since(before), begin, end, seen

    def run(self, batch, samples):
        spent = [0] * len(since(usage()))
        for i in range(len(samples)):
            self.tell(batch)
            for _ in self.peers:
                self.here.acquire()
            for _ in self.peers:
                self.gate.release()
            shares = [self.share(0, batch), *self.hear()]
            samples[i] = max(share[2] for share in shares) \
                - min(share[1] for share in shares)
            self.done += batch
            self.check([share[3] for share in shares])
            spent = [sum(column) for column in
                     zip(spent, *[share[0] for share in shares])]
        return (), spent

    def warm(self, n):
        """A sample is never of one operation."""
        timed(self, n, 1)

    def batch(self, ns, clock):
        return power_of_two(self.window / 16 / ns)


def share_of(n, number, of):
    """mechanism.h, trial_share."""
    return n // of + (number < n % of)


class Contended(Together):
    """All want one lock, and increment two words that must agree."""

    def prepare(self, options):
        self.held = context.Lock() if options.mechanism == "lock" else \
            context.Semaphore()
        self.words = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("q")
        return options.settings.get("processes", 2)

    def work(self, number, n):
        acquire, release, words = self.held.acquire, self.held.release, \
            self.words
        for _ in itertools.repeat(None, share_of(n, number, self.all)):
            acquire()
            value = words[0] + 1
            words[0] = value
            words[1] += 1
            if words[1] != value:
                raise Failed("two were in the lock at once")
            release()

    def check(self, seen):
        if self.words[0] != self.done:
            raise Failed("an increment was lost")


class Counting(Together):
    """All increment one Value, or each its own, beside the others'."""

    def prepare(self, options):
        everyone = options.settings.get("processes", 2)
        kind = options.workload.partition("-")[2]
        self.counters = [counter_of(kind) for _ in range(
            everyone if options.workload == "neighbours" else 1)]
        return everyone

    def work(self, number, n):
        _, lock, owner = self.counters[number % len(self.counters)]
        increment(lock, owner, share_of(n, number, self.all))

    def check(self, seen):
        if sum(owner.value for _, _, owner in self.counters) != self.done:
            raise Failed("an increment was lost")


class Fan(Together):
    """Producers put, consumers get; each item says whose it is."""

    head = struct.Struct("=QQ")
    rest = bytes(range(48))

    def prepare(self, options):
        self.producers = options.settings.get("producers", 2)
        self.consumers = options.settings.get("consumers", 2)
        self.queue = queue_of(options)
        if hasattr(self.queue, "cancel_join_thread"):
            self.queue.cancel_join_thread()
        self.number = 0
        self.next = [0] * self.producers
        self.got = [(0, 0)] * self.producers
        return self.producers + self.consumers

    def work(self, number, n):
        consumer = number - self.producers
        if consumer >= 0:
            return self.consume(share_of(n, consumer, self.consumers))
        put, pack, rest = self.queue.put, self.head.pack, self.rest
        end = self.number + share_of(n, number, self.producers)
        for i in range(self.number, end):
            put(pack(number, i) + rest)
        self.number = end
        return None

    def consume(self, n):
        """How many came of each producer, and the sums of their numbers."""
        get, unpack, rest = getter(self.queue), self.head.unpack_from, \
            self.rest
        least, size = self.next, self.head.size
        items, numbers = [0] * self.producers, [0] * self.producers
        for _ in itertools.repeat(None, n):
            item = get()
            producer, i = unpack(item)
            if i < least[producer] or item[size:] != rest:
                corrupted()
            least[producer] = i + 1
            items[producer] += 1
            numbers[producer] += i
        return list(zip(items, numbers))

    def check(self, seen):
        for counts in filter(None, seen):
            self.got = [(a + c, b + d) for (a, b), (c, d) in
                        zip(self.got, counts)]
        if sum(n for n, _ in self.got) != self.done or any(
                total != n * (n - 1) // 2 for n, total in self.got):
            raise Failed("an item was lost, or came twice")


class Server:
    """A manager's server, beside us: CPython's, or that of ipclab.  It ends
    when this process does, and leaves no name behind."""

    def __init__(self, options, cpus):
        from multiprocessing.managers import SyncManager
        ours = options.workload.endswith("-from-python")
        self.cpus, self.parent = cpus, os.getpid()
        self.child = None
        if ours:
            self.manager = SyncManager(self.start_ours(options.parent),
                                       self.key, ctx=context)
            self.manager.connect()
            self.pid = self.child.pid
        else:
            self.manager = SyncManager("\0ipclab-" + os.urandom(8).hex(),
                                       ctx=context)
            self.manager.start(self.begin)
            self.pid = self.manager._process.pid

    def begin(self):
        """The server's process."""
        die_with(self.parent)
        pin(self.cpus)

    def start_ours(self, parent):
        """Its address: a descriptor that leads to its socket."""
        import subprocess
        import tempfile
        self.key = os.urandom(32)
        with tempfile.TemporaryDirectory(prefix="ipclab-") as folder:
            name = folder + "/socket"
            self.child = subprocess.Popen(
                [program_of(parent), "manager", "--address", name,
                 "--authkey-file", "/dev/stdin"], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, preexec_fn=self.begin)
            with self.child.stdin as told:
                told.write(self.key)
            if not self.child.stdout.readline():
                raise Failed("ipclab manager does not start")
            fd = os.open(name, os.O_PATH)
        return "/proc/self/fd/%d" % fd

    def usage(self):
        """As usage(), of the server.  A thread that has ended, as one has for
        each object that is made, is in all but the switches."""
        spent = [time.clock_gettime_ns(~self.pid << 3 | 2), 0, 0, 0, 0]
        for task in os.listdir("/proc/%d/task" % self.pid):
            try:
                words = words_of("/proc/%d/task/%s/status" % (self.pid, task))
            except OSError:
                continue  # a connection that has ended
            for i, name in (1, b"voluntary_ctxt_switches:"), \
                    (2, b"nonvoluntary_ctxt_switches:"):
                spent[i] += int(words[words.index(name) + 1])
        spent[3] = int(words_of("/proc/%d/stat" % self.pid)[9])
        words = words_of("/proc/%d/io" % self.pid)
        spent[4] = sum(int(words[words.index(name) + 1])
                       for name in (b"syscr:", b"syscw:"))
        return spent

    def end(self):
        if self.child:
            self.child.kill()
            self.child.wait()
            self.child.stdout.close()
        else:
            self.manager.shutdown()


def words_of(path):
    with open(path, "rb") as file:
        return file.read().split()


def program_of(parent):
    """ipclab: who started this, or what is built beside it."""
    try:
        path = os.readlink("/proc/%d/exe" % parent)
    except OSError:
        path = ""
    if os.path.basename(path) != "ipclab":
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                            "../build/ipclab")
    if not os.access(path, os.X_OK):
        raise Failed("there is no ipclab: make")
    return path


class Served:
    """What a workload of a manager has beside its clients: a server, in the
    place of a peer; that of a crowd, which has a thread for each of them, may
    use all that they have."""

    def begin(self, options):
        self.server = Server(options, set().union(*options.cpu_sets)
                             if isinstance(self, Together)
                             else options.cpu_sets[1])
        return self.server.manager

    def run(self, batch, samples):
        before = self.server.usage()
        latencies, spent = super().run(batch, samples)
        return latencies, [mine + now - then for mine, now, then in
                           zip(spent, self.server.usage(), before)]

    def close(self):
        super().close()
        self.server.end()


LIST = range(1000, 1064)


def get_some(numbers, begin, n):
    """numbers[i] of a list that has LIST."""
    for i in range(begin, begin + n):
        if numbers[i & 63] != LIST[i & 63]:
            corrupted()


class Call(Served, Alone):
    """One client, and what it calls."""

    def prepare(self, options):
        manager, self.done = self.begin(options), 0
        self.call = {"call-set": self.by_set, "call-value": self.by_value,
                     "create": self.by_create, "payload": self.by_payload
                     }.get(options.workload, self.by_get)(manager, options)

    def work(self, n):
        self.call(n)
        self.done += n

    def by_get(self, manager, options):
        self.numbers = manager.list(LIST)
        return lambda n: get_some(self.numbers, self.done, n)

    def by_set(self, manager, options):
        squares = manager.dict()

        def call(n):
            for i in range(self.done, self.done + n):
                squares[i & 63] = i
        return call

    def by_value(self, manager, options):
        value = manager.Value("q", LIST[0])

        def call(n):
            for _ in itertools.repeat(None, n):
                if value.value != LIST[0]:
                    corrupted()
        return call

    def by_create(self, manager, options):
        def call(n):
            for _ in itertools.repeat(None, n):
                manager.list()
        return call

    def by_payload(self, manager, options):
        values, messages = manager.dict(), payloads(options.bytes)

        def call(n):
            for message in itertools.islice(messages, n):
                values["payload"] = message
                if values["payload"] != message:
                    corrupted()
        return call


class Clients(Served, Together):
    """All read one list."""

    def prepare(self, options):
        self.numbers = self.begin(options).list(LIST)
        return options.settings.get("clients", 4)

    def work(self, number, n):
        get_some(self.numbers, 0, share_of(n, number, self.all))

    def check(self, seen):
        pass


class ManagedQueue(Served, Channel):
    """A hosted queue for each direction, between two clients."""

    def connect(self, options):
        manager = self.begin(options)
        here, there = manager.Queue(), manager.Queue()
        self.messages = itertools.count()
        self.near, self.far = (here.get, there.put), (there.get, here.put)


def nothing():
    pass


class Start:
    """Process of the fork context, from a parent of the size asked for."""

    def __init__(self, options):
        self.method, self.kind = options.mechanism, options.workload
        self.process = multiprocessing.get_context(self.method).Process
        self.parent = options.parent
        self.memory = occupy(options.settings.get("resident", 0),
                             options.settings.get("huge", 0))
        self.files = [os.open("/dev/null", os.O_RDONLY) for _ in
                      range(options.settings.get("descriptors", 0))]
        self.least = 1 if self.kind == "burst" else LEAST
        self.prepare(self.kind == "first-instruction")

    def prepare(self, stamped):
        """What a child runs; its stamp is in memory that both have."""
        self.stamp = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("q")
        self.target, self.arguments = nothing, ()
        if stamped:
            self.target = self.first

    def first(self):
        self.stamp[0] = time.monotonic_ns()

    def run(self, batch, samples):
        before = usage()
        for i in range(len(samples)):
            samples[i] = self.burst() if self.kind == "burst" else self.one()
            if os.getppid() != self.parent:
                os._exit(1)
        return (), since(before)

    def one(self):
        """ns of the part of one start that is asked for."""
        now = time.monotonic_ns
        process = self.process(target=self.target, args=self.arguments)
        start = now()
        process.start()
        returned = now()
        process.join()
        end = now()
        if self.kind == "call":
            end = returned
        elif self.kind == "first-instruction":
            end = self.stamp[0]
            self.stamp[0] = 0
        finish(process)
        if end < start:
            raise Failed("a child left no time")
        return end - start

    def burst(self):
        """ns from the first start to the last join."""
        processes = [self.process(target=self.target) for _ in range(BURST)]
        start = time.monotonic_ns()
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        took = time.monotonic_ns() - start
        for process in processes:
            finish(process)
        return took

    def batch(self, ns, clock):
        return 1

    def close(self):
        pass


def finish(process):
    if process.exitcode != 0:
        raise Failed("a child failed, exit code %s" % process.exitcode)
    process.close()


class FreshStart(Start):
    """The same by spawn or forkserver: a child has only what it is sent."""

    def prepare(self, stamped):
        """The stamp is in a file without a name, found through this process:
        whoever is killed, nothing is left."""
        main = load_main()
        fd = os.memfd_create("stamp")
        os.truncate(fd, mmap.PAGESIZE)
        self.stamp = memoryview(mmap.mmap(fd, mmap.PAGESIZE)).cast("q")
        self.target, self.arguments = main.nothing, ()
        if stamped:
            self.target = main.stamp
            self.arguments = ("/proc/%d/fd/%d" % (os.getpid(), fd),)
        if self.method == "forkserver":
            hide_forkserver()

    def close(self):
        """End what CPython started beside the children."""
        from multiprocessing import forkserver, resource_tracker
        forkserver._forkserver._forkserver_address = "\0"  # no file to remove
        forkserver._forkserver._stop()
        resource_tracker._resource_tracker._stop()


def load_main():
    """Have a small program be the main one, for children that import it."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                        "reference_child.py")
    main = type(sys)("__mp_main__")
    main.__file__ = path
    with open(path) as source:
        exec(compile(source.read(), path, "exec"), main.__dict__)
    sys.modules["__mp_main__"] = main
    sys.modules["__main__"].__file__ = path
    return main


def hide_forkserver():
    """The server listens at a socket in a folder of TMPDIR, which would stay
    when this process is killed.  A descriptor leads to it as well.  Killed
    before there is one, it leaves the folder, and the bench removes that."""
    import tempfile
    from multiprocessing import forkserver, resource_tracker
    server = forkserver._forkserver
    resource_tracker.ensure_running()  # or the folder would be there as long
    with tempfile.TemporaryDirectory(prefix="ipclab-") as folder:
        here = multiprocessing.process.current_process()._config
        here["tempdir"] = folder  # where it makes the socket
        server.ensure_running()
        del here["tempdir"]
        fd = os.open(server._forkserver_address, os.O_PATH)
    server._forkserver_address = "/proc/self/fd/%d" % fd


def occupy(size, huge):
    """Anonymous memory, every page touched, of 4 KiB or huge pages."""
    if not size:
        return None
    try:
        memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE
                           | mmap.MAP_ANONYMOUS)
        memory.madvise(mmap.MADV_HUGEPAGE if huge else mmap.MADV_NOHUGEPAGE)
    except OSError as e:
        raise Failed("%d bytes of memory: %s" % (size, e.strerror))
    for offset in range(0, size, mmap.PAGESIZE):
        memory[offset] = 1
    if huge and huge_bytes() < size // 2:
        raise Failed("the kernel gives no huge pages "
                     "(/sys/kernel/mm/transparent_hugepage/enabled)")
    return memory


def huge_bytes():
    with open("/proc/self/smaps_rollup") as rollup:
        for line in rollup:
            if line.startswith("AnonHugePages:"):
                return int(line.split()[1]) * 1024
    return 0


def zeros(n):
    """Room for n numbers, every page of it touched."""
    return array("q", [0]) * n


def power_of_two(least):
    n = 1
    while n < least:
        n *= 2
    return n


WORKLOADS = {
    "pipe/roundtrip": Channel, "pipe/roundtrip-duplex": Channel,
    "pipe/stream": Channel, "pipe/stream-duplex": Channel,
    **{queue + "/" + kind: Fan if kind == "fan" else QueueChannel
       for queue in ("queue", "queue-plain", "simple-queue", "joinable-queue")
       for kind in ("roundtrip", "stream", "fan")},
    "lock/pair": Pair, "lock/pair-recursive": Pair, "semaphore/pair": Pair,
    "lock/contended": Contended, "semaphore/contended": Contended,
    "condition/handover": Handover, "event/handover": Handover,
    "barrier/round": Handover,
    "value/increment": Increment, "value/increment-plain": Increment,
    "value/increment-raw": Increment, "value/contended": Counting,
    "value/contended-plain": Counting, "value/neighbours": Counting,
    "array/element": Element, "array/copy": Copy, "array/copy-raw": Copy,
    "array/roundtrip": BoxChannel, "array/stream": BoxChannel,
    **{"manager/" + kind: Call for kind in
       ("call", "call-set", "call-value", "create", "payload",
        "call-from-python")},
    "manager/clients": Clients, "manager/clients-from-python": Clients,
    "manager/queue": ManagedQueue,
    **{method + "/" + kind: FreshStart if method != "fork" else Start
       for method in ("fork", "spawn", "forkserver")
       for kind in ("call", "first-instruction", "joined", "burst")},
}


SETTINGS = ("resident", "huge", "descriptors", "capacity", "steps",
            "processes", "producers", "consumers", "clients")


def timed(workload, batch, count):
    """count samples of batch operations: them, and what run gives."""
    samples = zeros(count)
    blame = getattr(workload, "blame", nothing)
    try:
        try:
            latencies, counters = workload.run(batch, samples)
        except (Failed, Gone):
            raise
        except Exception:
            blame()
            raise
    except Gone:  # whatever was being done, that included
        blame()
        raise
    return samples, latencies, counters


def warm_up(workload, seconds):
    """Windows that double until that time is over, or so many operations are
    that are no stream's, and two windows agree; three times as long at most;
    ns of one operation in the last of them."""
    warm = getattr(workload, "warm", lambda n: timed(workload, 1, n))
    most = None if getattr(workload, "stream", False) else WARM_OPERATIONS
    begin = time.monotonic()
    n, last, done = 1, 0.0, 0
    while True:
        start = time.monotonic()
        warm(n)
        end = time.monotonic()
        done += n
        each = (end - start) / n
        settled = abs(each - last) <= SETTLED * each
        enough = end - begin >= seconds or (most and done >= most)
        if settled and enough or end - begin >= 3 * seconds:
            return max(1.0, each * 1e9)
        last = each
        if end - start < seconds / 4:
            n *= 2


def python_version():
    return "python %d.%d.%d" % sys.version_info[:3]


def measure(options):
    """One round: the lines to print."""
    workload = WORKLOADS[options.name](options)
    ns = warm_up(workload, options.warm)
    batch = workload.batch(ns, clock_cost())
    count = int(options.window * 1e9 / ns / batch)
    count = min(options.most, max(workload.least, count))
    samples, latencies, counters = timed(workload, batch, count)
    workload.close()
    lines = ["batch %d" % batch]
    lines += ["sample %d" % sample for sample in samples]
    lines += ["latency %d" % latency for latency in latencies]
    lines.append("counters %d %d %d %d %d %d" % (*counters, batch * count))
    lines.append(python_version())
    lines.append("end")
    return lines


class Options:
    """The command line.  argparse would be more memory for a fork to copy."""

    def __init__(self, words):
        if not words or words[0] not in WORKLOADS:
            raise Failed("no workload %r here; there are %s"
                         % (" ".join(words[:1]), " ".join(WORKLOADS)))
        self.name = words[0]
        self.mechanism, _, self.workload = self.name.partition("/")
        self.parent = os.getppid()
        self.bytes, self.cpus, self.settings = 0, "-,-", {}
        self.warm, self.window, self.most = 0.1, 0.5, 10000
        kinds = {"--bytes": int, "--cpus": str, "--warm": float,
                 "--window": float, "--most": int, "--set": str}
        for option, value in itertools.zip_longest(words[1::2], words[2::2]):
            try:
                self.take(option, kinds[option](value))
            except (KeyError, ValueError, TypeError):
                raise Failed("cannot understand %s %s" % (option, value))
        if min(self.bytes, self.warm, self.window) < 0 or self.most < 1:
            raise Failed("a number is too small")

    def take(self, option, value):
        if option == "--set":
            name, _, number = value.partition("=")
            if name not in SETTINGS:
                raise Failed("no setting %r here" % name)
            self.settings[name] = int(number)
        else:
            setattr(self, option[2:], value)

    def place(self):
        """Pin this, the timed side; each peer pins itself."""
        free = os.sched_getaffinity(0)
        self.cpu_sets = [free if word == "-" else {int(word)}
                         for word in self.cpus.split(",")]
        if len(self.cpu_sets) < 2:
            raise ValueError
        pin(self.cpu_sets[0])


def main(words):
    for number in signal.SIGINT, signal.SIGTERM:
        signal.signal(number, signal.SIG_DFL)
    if words == ["--list"]:
        print("\n".join([python_version(), *WORKLOADS]))
        return 0
    try:
        options = Options(words)
        if not options.name.startswith("fork/"):
            die_with(options.parent)
        try:
            options.place()
        except ValueError:
            raise Failed("--cpus wants two numbers or more, or '-', as 0,1")
        lines, status = measure(options), 0
    except Exception as e:  # whatever it is, the bench wants one line
        text = str(e) or type(e).__name__
        lines, status = ["error " + " ".join(text.split())], 1
    sys.stdout.write("\n".join(lines) + "\n")
    if status:
        # An orderly end wants locks that who was interrupted may hold.
        sys.stdout.flush()
        os._exit(status)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
