/* SPDX-License-Identifier: MIT */
/*
 * test_hosted.h - what the tests of hosted types share: an object of the type
 * (test_hosted_object.h), and a python3 that does the same to one of its own.
 *
 * A case is Python source; the python3 pickles what it evaluates to, so the
 * arguments arrive here as they do at a server, and what it got is compared as
 * text: of the result, or the exception, and of the object afterwards.
 */
#ifndef IPCLAB_TEST_HOSTED_H
#define IPCLAB_TEST_HOSTED_H

#include "manager/pickle.h"
#include "manager/test_hosted_object.h"

#include <sys/mman.h>

/* --- python3 --- */

/*
 * argv: what makes an object, source that defines more, the seed.  A line of
 * stdin is a case: the arguments of a new object (or nothing: the one of before
 * goes on), a method, its arguments, with tabs between; an empty method: only
 * what the new object is.  After them, `cases(random)` of the source, if it is
 * there, yields such triples.  Written is a length and a pickle for each:
 * (new or None, method, arguments, keywords, result, object).
 */
static const char hosted_program[] =
    "import array, pickle, queue, random, struct, sys, threading\n"
    "from array import array\n"
    "from multiprocessing.managers import Array, Namespace, Value\n"
    "def given(*a, **k): return a, k\n"
    "def arrived(source):\n"
    "    return pickle.loads(pickle.dumps(eval('given' + source)))\n"
    "exec(sys.argv[2])\n"
    "make = eval(sys.argv[1])\n"
    "views = tuple(type(getattr({}, n)()) for n in"
    " ('keys', 'values', 'items'))\n"
    "turned = (type(reversed([])), type(reversed({})), type(iter(set())))\n"
    "def text(x):\n"
    "    if isinstance(x, (set, frozenset)):\n"
    "        return 'set{' + ', '.join(sorted("
    "map(repr, x), key=lambda s: s.encode('utf-8', 'surrogatepass'))) + '}'\n"
    "    return repr(list(x) if isinstance(x, views + turned) else x)\n"
    "def whole(x):\n"
    "    return '' if repr(x).startswith('<') else text(x)\n"
    "def run(new, method, source):\n"
    "    global thing\n"
    "    made, a, k, result = None, (), {}, 'None'\n"
    "    try:\n"
    "        if new:\n"
    "            made = arrived(new)\n"
    "            kept = arrived(new)\n" /* an iterator is used up */
    "            thing = None\n"
    "            thing = make(*kept[0], **kept[1])\n"
    "        if method:\n"
    "            a, k = arrived(source)\n"
    "            result = text(getattr(thing, method)(*a, **k))\n"
    "    except Exception as e:\n"
    "        result = repr(e)\n"
    "    b = pickle.dumps((made, method, a, k, result, whole(thing)))\n"
    "    sys.stdout.buffer.write(struct.pack('<I', len(b)) + b)\n"
    "for line in sys.stdin:\n"
    "    run(*line.rstrip('\\n').split('\\t'))\n"
    "if 'cases' in globals():\n"
    "    for case in cases(random.Random(int(sys.argv[3]))):\n"
    "        run(*case)\n"
    "sys.stdout.flush()\n";

struct hosted_case {
    const char *new; /* "([1, 2])", or "": the object of the case before */
    const char *method;
    const char *arguments; /* "(3, reverse=True)" */
};

/* A python3 that runs the program; its number, and what it says. */
static inline pid_t hosted_start(const char *const arguments[3], int in,
                                 FILE **out)
{
    int ends[2];
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        dup2(in, 0);
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        close(in);
        execlp("python3", "python3", "-I", "-c", hosted_program, arguments[0],
               arguments[1], arguments[2], (char *)NULL);
        _exit(127);
    }
    assert_true(pid > 0);
    close(ends[1]);
    *out = fdopen(ends[0], "r");
    assert_non_null(*out);
    return pid;
}

/* The next record: a tuple of 6, or false. */
static inline bool hosted_read(FILE *from, struct datum *record)
{
    struct pickle_fault fault = {0};
    unsigned char *bytes, head[4];
    uint32_t n;

    if (fread(head, 1, sizeof head, from) != sizeof head)
        return false;
    n = head[0] | (uint32_t)head[1] << 8 | (uint32_t)head[2] << 16 |
        (uint32_t)head[3] << 24;
    bytes = malloc(n);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, n, from), n);
    if (pickle_load(bytes, n, NULL, record, &fault))
        fail_msg("a case cannot be loaded: %s at %zu", fault.text, fault.at);
    free(bytes);
    return true;
}

/* What the case says of it, and what we have: is it the same? */
static inline bool hosted_is(struct buffer *seen, const struct datum *said,
                             const char *what, const char *method,
                             size_t number)
{
    bool same;

    assert_int_equal(buffer_put(seen, "", 1), 0);
    same =
        strcmp((const char *)seen->bytes, (const char *)said->text->bytes) == 0;
    if (!same)
        print_error("case %zu, %s: %s\n  is     %s\n  python %s\n", number,
                    method, what, (const char *)seen->bytes,
                    (const char *)said->text->bytes);
    buffer_free(seen);
    return same;
}

/* A case's call; for every other one the object is being sent to a client, and
 * what is sent must stay as it was. */
static inline void hosted_run(struct object *o, const struct datum *fields,
                              struct datum *result, size_t number)
{
    const char *method = (const char *)fields[1].text->bytes;
    struct datum sent = {0};
    struct buffer before = {0}, after = {0};

    if (number % 2)
        sent = hosted_value(o);
    if (sent.kind != DATUM_NOTHING)
        hosted_text(&before, &sent);
    if (hosted_call(o, method, &fields[2], &fields[3], result) < 0)
        fail_msg("case %zu, %s: an errno", number, method);
    if (sent.kind != DATUM_NOTHING)
        hosted_text(&after, &sent);
    if (before.length != after.length ||
        (after.length && memcmp(before.bytes, after.bytes, after.length) != 0))
        fail_msg("case %zu, %s: what was being sent has changed", number,
                 method);
    buffer_free(&before);
    buffer_free(&after);
    datum_drop(&sent);
}

/* One record against one of ours: are they alike? */
static inline bool hosted_check(const struct hosted_type *type,
                                struct object **o, const struct datum *record,
                                size_t number)
{
    const struct datum *fields = record->sequence->items;
    const char *method = (const char *)fields[1].text->bytes;
    struct datum result = datum_none();
    struct buffer seen = {0}, after = {0};
    bool alike;

    if (fields[0].kind != DATUM_NONE) {
        const struct datum *made = fields[0].sequence->items;

        if (*o)
            hosted_close(*o);
        *o = hosted_open(type, &made[0], &made[1], &result);
    }
    if (*o && *method)
        hosted_run(*o, fields, &result, number);
    hosted_text(&seen, &result);
    datum_drop(&result);
    alike = hosted_is(&seen, &fields[4], "the result", method, number);
    if (*o)
        hosted_object_text(&after, *o);
    else
        buffer_text(&after, "None");
    return hosted_is(&after, &fields[5], "the object", method, number) && alike;
}

/*
 * The cases, and those that the source generates, on an object of the type and
 * on one that `make` makes in a python3.  How many they were.
 */
static inline size_t hosted_compare_all(const struct hosted_type *type,
                                        const char *make, const char *source,
                                        uint64_t seed,
                                        const struct hosted_case *cases,
                                        size_t n)
{
    char number[32];
    const char *const arguments[] = {make, source, number};
    struct object *o = NULL;
    struct datum record;
    size_t done = 0, different = 0;
    int in = memfd_create("cases", MFD_CLOEXEC), status;
    FILE *out;
    pid_t pid;

    assert_true(in >= 0);
    for (size_t i = 0; i < n; i++)
        dprintf(in, "%s\t%s\t%s\n", cases[i].new, cases[i].method,
                cases[i].arguments);
    lseek(in, 0, SEEK_SET);
    snprintf(number, sizeof number, "%llu", (unsigned long long)seed);
    pid = hosted_start(arguments, in, &out);
    close(in);
    while (hosted_read(out, &record)) {
        different += !hosted_check(type, &o, &record, done++);
        datum_drop(&record);
    }
    fclose(out);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    if (o)
        hosted_close(o);
    assert_true(done >= n);
    assert_int_equal(different, 0);
    return done;
}

#endif
