# SPDX-License-Identifier: MIT
"""Random steps for test_manager: the same for both servers, by --seed."""

import random

from running import LAB

STEPS = 5000
VALUES = ["0", "1", "True", "1.0", "-1", "2", "2.5", "-0.0", "'a'", "'b'", "''",
          "None", "(1, 2)", "(1.0, 2)", "b'x'", "2**70", "-2**63", "10**30",
          "'\\U0001f40d'", "'\\ud800'", "frozenset({1, 2})", "(True, (None,))"]
MUTABLE = ["[1]", "{1: 2}", "{1}", "bytearray(b'x')", "[[], {}]"]


def value(r):
    return r.choice(VALUES if r.random() < 0.9 else MUTABLE)


def values(r):
    items = ", ".join(value(r) for _ in range(r.randrange(4)))
    return "[%s]" % items


def keys(r):
    return "[%s]" % ", ".join(r.choice(VALUES) for _ in range(r.randrange(5)))


def part(r):
    ends = [r.choice(["", str(r.randint(-14, 14))]) for _ in range(2)]
    step = r.choice(["", "", ":1", ":2", ":-1", ":-3", ":0"])
    return ":".join(ends) + step


def pairs(r):
    return "{%s}" % ", ".join("%s: %s" % (r.choice(VALUES), value(r))
                              for _ in range(r.randrange(4)))


def expand(r, pattern):
    """i an index, p a part, v any value, V values, k a key, K keys, D pairs,
    n a number."""
    makers = {
        "i": lambda r: str(r.randint(-12, 12)), "p": part, "v": value,
        "V": values, "k": lambda r: r.choice(VALUES), "K": keys, "D": pairs,
        "n": lambda r: str(r.choice([0, 1, -1, 7, 2**31 - 1, -2**31]))}
    words = pattern.split("@")
    return words[0] + "".join(makers[w[0]](r) + w[1:] for w in words[1:])


PATTERNS = {
    "list": """
o.append(@v)
o.append(@v)
o.insert(@i, @v)
o.insert(@i, @v)
o.extend(@V)
o += @V
o.pop()
o.pop(@i)
o[@i]
o[@i] = @v
o[@p]
o[@p] = @V
o[@p] = @V
del o[@i]
del o[@p]
o.index(@v)
o.index(@v, @i)
o.index(@v, @i, @i)
o.count(@v)
o.remove(@v)
o.reverse()
o.sort()
o.sort(reverse=True)
@v in o
len(o)
o + @V
o * @i
del o[12:]
del o[12:]""",
    "dict": """
o[@k] = @v
o[@k] = @v
o[@k] = @v
o[@k]
o[@v]
del o[@k]
@v in o
o.get(@v)
o.get(@k, @v)
o.pop(@k)
o.pop(@k, @v)
o.popitem()
o.setdefault(@k)
o.setdefault(@v, @v)
o.update(@D)
o.update(@D, a=@v)
o.keys()
o.values()
o.items()
o.copy()
len(o)
o._callmethod('__or__', (@D,))
o._callmethod('__ior__', (@D,))""",
    "set": """
o.add(@k)
o.add(@k)
o.add(@v)
o.discard(@k)
o.discard(@v)
o.remove(@k)
@v in o
len(o)
o.update(@K)
o.update(@K, @K)
o.union(@K)
o.intersection(@K)
o.difference(@K)
o.symmetric_difference(@K)
o & set(@K)
o | set(@K)
o - set(@K)
o ^ set(@K)
set(@K) - o
o < set(@K)
o <= set(@K)
o >= set(@K)
o.isdisjoint(@K)
o.issubset(@K)
o.issuperset(@K)
o.intersection_update(@K + list('abcdef') + [0, 1, 2])
o.difference_update(@K)
o.symmetric_difference_update(@K)
o.copy()""",
    "Array": """
o[@i]
o[@i] = @n
o[@i] = @v
o[@p]
o[@p] = array('i', [@n, @n])
o[@p] = array('i', [])
o[@p] = array('i', [@n])
o[@p] = array('d', [@n])
o[@i:@i] = array('i', [@n, @n, @n])
o[8:] = array('i', [@n, @n])
len(o)
o[:]""",
    "Queue": """
o.put_nowait(@v)
o.put_nowait(@v)
o.put(@v, False)
o.put(@v, block=False)
o.get_nowait()
o.get_nowait()
o.get(False)
o.get(True, 0)
o.qsize()
o.empty()
o.full()
o.task_done()
o.put(@v, True, 0)""",
}
BEGIN = {"list": "o = m.list()", "dict": "o = m.dict()", "set": "o = m.set()",
         "Array": "o = m.Array('i', range(8))", "Queue": "o = m.Queue(6)"}


def steps(name):
    r = random.Random("%s %d" % (name, LAB.seed))
    patterns = PATTERNS[name].strip().split("\n")
    yield BEGIN[name]
    for _ in range(STEPS):
        yield expand(r, r.choice(patterns))
