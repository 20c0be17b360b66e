/* SPDX-License-Identifier: MIT */
/*
 * test_proxies.h - what the tests of a manager's client share: a server of
 * CPython's, or of our own, and calls whose results are compared as text.
 */
#ifndef IPCLAB_TEST_PROXIES_H
#define IPCLAB_TEST_PROXIES_H

#include "start/test_children.h"

#include "manager/connections.h"
#include "manager/hosted.h"
#include "manager/manager.h"
#include "sync/test_sharing.h"

#include <sys/stat.h>

/* --- a python3 that serves --- */

static const char test_key[] = "the key of the tests";

/*
 * argv: the address, "" for a port of 127.0.0.1.  Beside SyncManager's types it
 * has Odd, of which not everything can be sent, or understood.
 */
static const char test_server_program[] =
    "import sys, fractions\n"
    "from multiprocessing import current_process\n"
    "from multiprocessing.managers import SyncManager\n"
    "current_process().authkey = b'the key of the tests'\n"
    "class Unheard(Exception): pass\n"
    "class Odd:\n"
    "    def raise_unheard(self): raise Unheard('of')\n"
    "    def get_fraction(self): return fractions.Fraction(1, 3)\n"
    "    def get_function(self): return lambda: 1\n"
    "    def echo(self, *args, **kwds): return args, kwds\n"
    "    def fill(self, n): return b'x' * n\n"
    "    def fail(self, error): raise error\n"
    "SyncManager.register('Odd', Odd)\n"
    "address = sys.argv[1] or ('127.0.0.1', 0)\n"
    "s = SyncManager(address, b'the key of the tests').get_server()\n"
    "a = s.address\n"
    "print(a if isinstance(a, str) else '%s:%d' % a, flush=True)\n"
    "s.serve_forever()\n";

/* A test's initial state says which server it is to be tried with. */
enum server_kind { PYTHON, PYTHON_TCP, OURS, OURS_TCP };

static inline void *test_with(enum server_kind kind)
{
    static enum server_kind kinds[] = {PYTHON, PYTHON_TCP, OURS, OURS_TCP};

    return &kinds[kind];
}

struct served {
    struct manager manager;
    enum server_kind kind;
    pid_t pid; /* python3's */
    char folder[64];
    int64_t objects; /* how many it had at first */
};

/* A name for a socket, the same each time. */
static inline const char *test_kept_name(void)
{
    static char name[96];

    snprintf(name, sizeof name, "/tmp/ipclab-test-%d", getpid());
    return name;
}

/* Start it; its address, once it listens, into `address`. */
static inline pid_t test_start_python(const char *name, char *address,
                                      size_t size)
{
    int ends[2];
    ssize_t got = 0;
    size_t length = 0;
    pid_t pid;

    assert_int_equal(fd_pipe(ends), 0);
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        signal(SIGPIPE, SIG_DFL);
        execl("/usr/bin/env", "env", "python3", "-I", "-c", test_server_program,
              name, (char *)NULL);
        _exit(127);
    }
    assert_true(pid > 0);
    close(ends[1]);
    while (length + 1 < size && (length == 0 || address[length - 1] != '\n') &&
           (got = read_some(ends[0], address + length, size - 1 - length)) > 0)
        length += (size_t)got;
    close(ends[0]);
    assert_true(length > 1 && address[length - 1] == '\n');
    address[length - 1] = '\0';
    return pid;
}

static inline void test_serve_python(struct served *p)
{
    char name[96], address[MANAGER_ADDRESS];

    test_need_python("multiprocessing.managers");
    strcpy(p->folder, "/tmp/ipclab-test-XXXXXX");
    assert_non_null(mkdtemp(p->folder));
    snprintf(name, sizeof name, "%s/socket", p->folder);
    p->pid = test_start_python(p->kind == PYTHON_TCP ? "" : name, address,
                               sizeof address);
    assert_int_equal(
        manager_connect(&p->manager, address, test_key, strlen(test_key)), 0);
}

/* Serve at a name, or at a port, and connect. */
static inline void test_serve(struct served *p, enum server_kind kind)
{
    const struct manager_options options = {
        .address = kind == OURS_TCP ? "127.0.0.1:0" : NULL};

    *p = (struct served){.kind = kind};
    if (kind == PYTHON || kind == PYTHON_TCP)
        test_serve_python(p);
    else
        assert_int_equal(manager_start(&p->manager, START_FORK, &options), 0);
    assert_int_equal(manager_number_of_objects(&p->manager, &p->objects), 0);
}

/* How many objects there are that were not there at first. */
static inline int64_t test_objects(struct manager *m, int64_t before)
{
    int64_t n = -1;

    assert_int_equal(manager_number_of_objects(m, &n), 0);
    return n - before;
}

/* Until there are n: what another process gives back at its end comes when it
 * comes. */
static inline void test_expect_objects(struct manager *m, int64_t before,
                                       int64_t n)
{
    int64_t deadline = clock_deadline(TEST_BOUND);

    while (test_objects(m, before) != n && clock_now() < deadline)
        test_sleep_ms(1);
    assert_int_equal(test_objects(m, before), n);
}

static inline void test_remove(const struct served *p)
{
    char name[96];

    snprintf(name, sizeof name, "%s/socket", p->folder);
    unlink(name);
    assert_int_equal(rmdir(p->folder), 0);
}

/* Nothing may be left in it; then it is asked to end. */
static inline void test_end_server(struct served *p)
{
    struct datum result;

    test_expect_objects(&p->manager, p->objects, 0);
    if (p->manager.owned) {
        manager_close(&p->manager);
        return;
    }
    assert_int_equal(request_once(&p->manager.place, &result, "shutdown",
                                  datum_tuple(""), NULL, TEST_BOUND),
                     0);
    datum_drop(&result);
    assert_int_equal(test_reap(p->pid), 0);
    test_remove(p);
}

/* --- Odd, of our own server: its echo alone --- */

static inline int odd_echo(struct call *call, void *state)
{
    struct datum items[2] = {datum_tuple(""), datum_dict()};

    (void)state;
    for (size_t i = 0; i < call->count; i++)
        datum_append(&items[0], datum_share(&call->arguments[i]));
    call->result = datum_sequence(DATUM_TUPLE, items, 2);
    return 0;
}

static const struct method odd_methods[] = {{"echo", odd_echo, NULL}, {0}};
static const struct hosted_type odd_type = {.name = "Odd",
                                            .methods = odd_methods};

/* --- calls, and what came of them --- */

/* repr of the result, or of the exception. */
static inline const char *test_text(int error, struct datum *result)
{
    static char text[4096];
    struct buffer out = {0};

    if (error && error != -EREMOTEIO) {
        snprintf(text, sizeof text, "error %d", error);
    } else {
        assert_int_equal(datum_repr(&out, result), 0);
        snprintf(text, sizeof text, "%.*s", (int)out.length, out.bytes);
    }
    buffer_free(&out);
    datum_drop(result);
    return text;
}

static inline const char *test_call(struct proxy *p, const char *method,
                                    const char *format, ...)
{
    struct datum result;
    va_list list;
    int error;

    va_start(list, format);
    error = proxy_call_list(p, &result, method, format, &list);
    va_end(list);
    return test_text(error, &result);
}

/* A list of ints: 0, 1, ... */
static inline struct datum test_numbers(int64_t n)
{
    struct datum list = datum_list();

    for (int64_t i = 0; i < n; i++)
        datum_append(&list, datum_int(i));
    return list;
}

static inline struct proxy test_create(struct manager *m, const char *type)
{
    struct proxy p;

    assert_int_equal(manager_create(m, &p, type, ""), 0);
    return p;
}

#endif
