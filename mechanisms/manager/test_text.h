/* SPDX-License-Identifier: MIT */
/* test_text.h - a Python that says what its own text of a value is. */
#ifndef IPCLAB_TEST_TEXT_H
#define IPCLAB_TEST_TEXT_H

#include "common/test_census.h"
#include "manager/datum.h"

#include <stdio.h>
#include <sys/socket.h>

/*
 * It reads a line that is an expression and answers with its value, a str, and
 * a zero.  both(x) is repr(x) and str(x) in two lines; lines(f) is a line for
 * each of the values, ! where it refuses; random() are the numbers that
 * test_random makes.
 */
static const char text_program[] =
    "import sys, array, queue, struct, unicodedata\n"
    "from multiprocessing.managers import (Namespace, RemoteError, Token,\n"
    "                                      Value)\n"
    "def both(x):\n"
    "    return repr(x) + '\\n' + str(x)\n"
    "def text(x):\n"
    "    try:\n"
    "        return repr(x)\n"
    "    except ValueError:\n"
    "        return '!'\n"
    "def lines(values):\n"
    "    return '\\n'.join(text(x) for x in values) + '\\n'\n"
    "def real(bits):\n"
    "    return struct.unpack('<d', struct.pack('<Q', bits))[0]\n"
    "def random(n):\n"
    "    x = 1\n"
    "    for i in range(n):\n"
    "        x = x * 6364136223846793005 + 1442695040888963407\n"
    "        x %= 1 << 64\n"
    "        yield x ^ x >> 29\n"
    "def nested(n):\n"
    "    x = [7]\n"
    "    for i in range(n - 1):\n"
    "        x = [x]\n"
    "    return x\n"
    "for line in iter(sys.stdin.readline, ''):\n"
    "    answer = eval(line).encode('utf-8', 'surrogatepass')\n"
    "    sys.stdout.buffer.write(answer + b'\\0')\n"
    "    sys.stdout.buffer.flush()\n";

static inline uint64_t test_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state ^ *state >> 29;
}

struct python {
    pid_t pid;
    FILE *in, *out;
    char *answer;
    size_t capacity, length;
};

static inline void python_run(int fd)
{
    if (dup2(fd, 0) < 0 || dup2(fd, 1) < 0)
        _exit(126);
    execl("/usr/bin/env", "env", "python3", "-I", "-c", text_program,
          (char *)NULL);
    _exit(127);
}

static inline void python_start(struct python *p)
{
    int fds[2];

    test_need_python("multiprocessing.managers");
    *p = (struct python){0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds),
                     0);
    fflush(stdout);
    p->pid = fork();
    if (p->pid == 0)
        python_run(fds[1]);
    assert_true(p->pid > 0);
    close(fds[1]);
    p->in = fdopen(fds[0], "r");
    p->out = fdopen(dup(fds[0]), "w");
    assert_true(p->in && p->out);
}

static inline void python_end(struct python *p)
{
    int status;

    free(p->answer);
    fclose(p->out);
    fclose(p->in);
    assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
    assert_int_equal(status, 0);
}

/* Its answer, until the next. */
static inline const char *python_says(struct python *p, const char *expression)
{
    ssize_t n;

    fprintf(p->out, "%s\n", expression);
    fflush(p->out);
    n = getdelim(&p->answer, &p->capacity, '\0', p->in);
    if (n <= 0 || p->answer[n - 1] != '\0')
        fail_msg("no answer to %s", expression);
    p->length = (size_t)n - 1;
    return p->answer;
}

/* What there is of that line, from a little before that byte. */
static inline void python_shows(const char *who, const char *text,
                                size_t length, size_t at)
{
    size_t from = at, to = at;

    while (from > 0 && text[from - 1] != '\n' && at - from < 60)
        from--;
    while (to < length && text[to] != '\n' && to - at < 60)
        to++;
    print_error("%s %.*s\n", who, (int)(to - from), text + from);
}

/* Is it what Python says, to the byte?  The buffer is emptied. */
static inline void python_agrees(struct python *p, const char *expression,
                                 struct buffer *ours)
{
    const char *its = python_says(p, expression);
    size_t at = 0;

    while (at < ours->length && at < p->length &&
           ours->bytes[at] == (unsigned char)its[at])
        at++;
    if (at < ours->length || at < p->length) {
        python_shows("Python has", its, p->length, at);
        python_shows("   we have", (char *)ours->bytes, ours->length, at);
        fail_msg("not alike: %s", expression);
    }
    buffer_free(ours);
}

/* The line of a value that lines() has; the value is dropped. */
static inline void put_line(struct buffer *ours, struct datum d)
{
    int error = datum_repr(ours, &d);

    if (error == -ERANGE)
        error = buffer_text(ours, "!");
    assert_int_equal(error, 0);
    assert_int_equal(buffer_text(ours, "\n"), 0);
    datum_drop(&d);
}

/* The value, which is dropped, against both(expression). */
static inline void same(struct python *p, const char *expression,
                        struct datum d)
{
    struct buffer ours = {0};
    char call[512];

    snprintf(call, sizeof call, "both(%s)", expression);
    if (datum_repr(&ours, &d) || buffer_text(&ours, "\n") ||
        datum_print(&ours, &d))
        fail_msg("%s: no text", expression);
    python_agrees(p, call, &ours);
    datum_drop(&d);
}

/* Of keys and values, one after the other. */
static inline struct datum dict_of(struct datum tuple)
{
    struct datum dict = datum_dict();

    for (size_t i = 0; i < tuple.sequence->length; i += 2) {
        const struct datum *pair = &tuple.sequence->items[i];

        assert_int_equal(
            table_set(dict.table, datum_share(&pair[0]), datum_share(&pair[1])),
            0);
    }
    datum_drop(&tuple);
    return dict;
}

/* Of the items of a tuple, three at most. */
static inline struct datum record_of(enum datum_kind kind, struct datum tuple)
{
    struct datum fields[3];
    const size_t n = tuple.sequence->length;

    for (size_t i = 0; i < n; i++)
        fields[i] = datum_share(&tuple.sequence->items[i]);
    datum_drop(&tuple);
    return datum_record(kind, fields, n);
}

#endif
