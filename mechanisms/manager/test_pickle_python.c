/* SPDX-License-Identifier: MIT */
/*
 * test_pickle_python.c - an unmodified Python writes values, we read them and
 * write them again, and it finds that they are the same.
 */
#include "manager/test_pickle.h"
#include "pipe/test_ends.h"
#include "sync/test_sharing.h"

#include <fcntl.h>

/* Whether two are the same: of the same type all the way down, bit by bit. */
static const char same_program[] =
    "import array, pickle, queue, random, struct, sys, threading\n"
    "import multiprocessing.managers as m\n"
    "from multiprocessing.connection import Connection\n"
    "from multiprocessing.reduction import ForkingPickler\n"
    "c = Connection(int(sys.argv[1]))\n"
    "r = random.Random(int(sys.argv[2]))\n"
    "def same(a, b):\n"
    "    if type(a) is not type(b):\n"
    "        return False\n"
    "    if isinstance(a, float):\n"
    "        return struct.pack('d', a) == struct.pack('d', b)\n"
    "    if isinstance(a, (list, tuple)):\n"
    "        return len(a) == len(b) and all(map(same, a, b))\n"
    "    if isinstance(a, dict):\n"
    "        return same(list(a.items()), list(b.items()))\n"
    "    if isinstance(a, (set, frozenset)):\n"
    "        return same(sorted(a, key=repr), sorted(b, key=repr))\n"
    "    if isinstance(a, BaseException):\n"
    "        return same(a.args, b.args)\n"
    "    if isinstance(a, (slice, range, type(reversed([])))):\n"
    "        return same(a.__reduce__(), b.__reduce__())\n"
    "    if isinstance(a, (m.Value, m.Namespace)):\n"
    "        return same(a.__dict__, b.__dict__)\n"
    "    if isinstance(a, m.Token):\n"
    "        return same(a.__getstate__(), b.__getstate__())\n"
    "    if isinstance(a, array.array):\n"
    "        return a.typecode == b.typecode and a.tobytes() == b.tobytes()\n"
    "    return a == b\n"
    "def check(value, bytes):\n"
    "    c.send_bytes(bytes)\n"
    "    back = c.recv_bytes()\n"
    "    assert back[:1] == b'\\x80', (value, bytes, back)\n"
    "    assert same(pickle.loads(bytes), pickle.loads(back)), "
    "(value, bytes, back)\n"
    "def check_all(value):\n"
    "    for protocol in range(6):\n"
    "        check(value, pickle.dumps(value, protocol))\n"
    "    check(value, bytes(ForkingPickler.dumps(value)))\n";

static const char kinds_program[] =
    "shared = [1, 'two']\n"
    "half = reversed([1, 2, 3])\n"
    "next(half)\n"
    "odd = KeyError('k')\n"
    "odd.note = 'left out'\n"
    "for value in [\n"
    "        None, True, False, 0, -1, 2**31, -2**31, -2**31 - 1, 2**63,\n"
    "        -2**63, -2**63 - 1, 2**64, 10**4000, -10**4000,\n"
    "        0.0, -0.0, 5e-324, 1.7976931348623157e308, float('inf'),\n"
    "        float('-inf'), float('nan'), 0.1, '', 'a' * 255, 'a' * 256,\n"
    "        '\\0\\n\\r\\x1a\\\\ \\\\u0041 \\xe9\\u20ac\\U0010ffff\\udc80',\n"
    "        'x' * 70000, b'', b'\\0\\xff', b'y' * 70000, bytearray(),\n"
    "        bytearray(b'\\xff' * 300), bytearray(b'z' * 70000),\n"
    "        (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [], [[]], {}, set(),\n"
    "        frozenset(), {1: 2}, {(1, (2,)): {3: {4}}}, [None] * 2500,\n"
    "        {i: str(i) for i in range(2500)}, set(range(2500)),\n"
    "        frozenset(range(2500)), {frozenset([frozenset()])},\n"
    "        [shared, shared, (shared, shared), {'a': shared}],\n"
    "        slice(None), slice(1, -1, 2), slice('a', None, []), range(0),\n"
    "        range(10**30, -1, -7), reversed([]), reversed([1, [2]]), half,\n"
    "        KeyError('k'), odd, OSError(2, 'no'), FileNotFoundError(2, 'f'),\n"
    "        OSError(2, 'no', 'name'), UnicodeDecodeError('a', b'b', 0, 1, "
    "'c'),\n"
    "        ImportError('i', name='n'), StopIteration(3), SystemExit(1),\n"
    "        ExceptionGroup('g', [ValueError(1)]),\n"
    "        queue.Empty(), queue.Full(), threading.BrokenBarrierError(),\n"
    "        m.RemoteError('text'), m.Token('list', '/tmp/s', '7f'),\n"
    "        m.Token('list', ('127.0.0.1', 5000), '7f'), m.Value('i', 4),\n"
    "        m.Namespace(), m.Namespace(x=[1], y=None),\n"
    "        ('#RETURN', None), ('7f12', '__getitem__', (0,), {})]:\n"
    "    check_all(value)\n"
    "for code in 'bBhHiIlLqQfd':\n"
    "    size = array.array(code).itemsize\n"
    "    a = array.array(code)\n"
    "    check_all(a)\n"
    "    a.frombytes(bytes(range(64)))\n"
    "    check_all(a)\n"
    "    if code in 'bhilq':\n"
    "        check_all(array.array(code, [-1 << 8 * size - 1, 0, "
    "(1 << 8 * size - 1) - 1]))\n"
    "    if code in 'BHILQ':\n"
    "        check_all(array.array(code, [0, (1 << 8 * size) - 1]))\n"
    "check_all(array.array('u', 'h\\xe9\\u20ac\\U0010ffff'))\n"
    "for value in 1 << 40000, -1 << 40000, -1 << 2040, 1 << 2039:\n"
    "    check(value, bytes(ForkingPickler.dumps(value)))\n"
    "def RebuildProxy(*arguments):\n"
    "    return arguments\n"
    "RebuildProxy.__module__ = m.__name__\n"
    "m.RebuildProxy = RebuildProxy\n"
    "def proxy(of, **more):\n"
    "    p = object.__new__(of)\n"
    "    p._token = m.Token('list', '/tmp/s', '7f')\n"
    "    p._serializer = 'pickle'\n"
    "    p.__dict__.update(more)\n"
    "    return p\n"
    "for of in (m.ListProxy, m.DictProxy, m.ValueProxy, m.NamespaceProxy,\n"
    "        m.EventProxy, m.AcquirerProxy, m.ConditionProxy, m.ArrayProxy,\n"
    "        m.BarrierProxy, m.IteratorProxy):\n"
    "    check_all({'p': [proxy(of), proxy(of)]})\n"
    "check_all(proxy(m.ListProxy, _isauto=True, _exposed_=('get', 'put')))\n"
    "views = {1: 'a', 2: 'b'}\n"
    "for view in views.keys(), views.values(), views.items():\n"
    "    check(view, bytes(ForkingPickler.dumps(view)))\n";

static const char drawn_program[] =
    "def atom():\n"
    "    return r.choice([\n"
    "        lambda: None, lambda: r.random() < 0.5,\n"
    "        lambda: r.randint(-300, 300),\n"
    "        lambda: r.getrandbits(r.randint(1, 200)) * r.choice([1, -1]),\n"
    "        lambda: struct.unpack('d', r.randbytes(8))[0],\n"
    "        lambda: ''.join(chr(r.choice([65, 92, 10, 233, 8364, 56320,\n"
    "            128512, r.randrange(0x110000)]))\n"
    "            for _ in range(r.randrange(9))),\n"
    "        lambda: r.randbytes(r.randrange(40))])()\n"
    "def key(depth):\n"
    "    if depth and r.random() < 0.3:\n"
    "        return r.choice([tuple, frozenset])(key(depth - 1)\n"
    "            for _ in range(r.randrange(4)))\n"
    "    k = atom()\n"
    "    return k if k == k else 0\n"
    "made = []\n"
    "def value(depth):\n"
    "    if made and r.random() < 0.1:\n"
    "        return r.choice(made)\n"
    "    if not depth or r.random() < 0.3:\n"
    "        return atom()\n"
    "    n = r.randrange(6)\n"
    "    v = r.choice([\n"
    "        lambda: [value(depth - 1) for _ in range(n)],\n"
    "        lambda: tuple(value(depth - 1) for _ in range(n)),\n"
    "        lambda: {key(2): value(depth - 1) for _ in range(n)},\n"
    "        lambda: {key(2) for _ in range(n)},\n"
    "        lambda: frozenset(key(2) for _ in range(n)),\n"
    "        lambda: bytearray(r.randbytes(n)),\n"
    "        lambda: slice(value(depth - 1), n, None),\n"
    "        lambda: ValueError(*[value(depth - 1) for _ in range(n)]),\n"
    "        lambda: m.Namespace(a=value(depth - 1)),\n"
    "        lambda: array.array('i', range(n))])()\n"
    "    made.append(v)\n"
    "    return v\n"
    "for i in range(400):\n"
    "    made.clear()\n"
    "    check_all(value(4))\n";

static pid_t start_python(const char *program, const struct connection *its)
{
    size_t length = sizeof same_program + strlen(program);
    char *whole = malloc(length), fd[16], seed[32];
    pid_t pid;

    assert_non_null(whole);
    snprintf(whole, length, "%s%s", same_program, program);
    snprintf(fd, sizeof fd, "%d", its->fd);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)test_seed);
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        fcntl(its->fd, F_SETFD, 0);
        signal(SIGPIPE, SIG_DFL);
        execl("/usr/bin/env", "env", "python3", "-I", "-c", whole, fd, seed,
              (char *)NULL);
        _exit(127);
    }
    free(whole);
    assert_true(pid > 0);
    return pid;
}

static void need_python(void)
{
    int status = system("python3 -I -c 'import sys, multiprocessing.managers; "
                        "sys.exit(sys.version_info < (3, 11))' 2>/dev/null");

    if (status == 0)
        return;
    print_message("skipped: no python3 from 3.11 on\n");
    skip();
}

/* Give back each value that comes, or the text of what is wrong. */
static size_t give_back(struct connection *c)
{
    struct pickle_fault fault;
    struct buffer out = {0};
    size_t count = 0;
    void *message;
    ssize_t n;

    while ((n = connection_recv_new(c, &message, SIZE_MAX)) >= 0) {
        struct datum value;

        out.length = 0;
        if (pickle_load(message, (size_t)n, NULL, &value, &fault) < 0)
            assert_int_equal(buffer_text(&out, fault.text), 0);
        else
            assert_int_equal(pickle_dump(&out, &value), 0);
        datum_drop(&value);
        free(message);
        assert_int_equal(connection_send(c, out.bytes, out.length), 0);
        count++;
    }
    buffer_free(&out);
    assert_int_equal(n, -EPIPE);
    return count;
}

static void python_finds_the_same(const char *program, size_t least)
{
    struct connection ours, its;
    size_t count;
    pid_t pid;

    need_python();
    test_open(true, &ours, &its);
    pid = start_python(program, &its);
    connection_close(&its);
    count = give_back(&ours);
    connection_close(&ours);
    assert_int_equal(test_reap(pid), 0);
    assert_true(count >= least);
}

static void every_kind_of_value_is_the_same(void **state)
{
    (void)state;
    python_finds_the_same(kinds_program, 700);
}

static void values_that_are_drawn_are_the_same(void **state)
{
    (void)state;
    python_finds_the_same(drawn_program, 2800);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_kind_of_value_is_the_same,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(values_that_are_drawn_are_the_same,
                                        census_begin, census_end),
    };

    mechanisms_init(argc, argv);
    test_take_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
