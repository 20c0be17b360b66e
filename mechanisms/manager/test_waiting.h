/* SPDX-License-Identifier: MIT */
/*
 * test_waiting.h - what the tests of hosted types that wait share: guests,
 * which are sessions with a thread of this process for each.
 *
 * They wait with the server's own call_wait, on a server that serves nobody.  A
 * guest's connection is a socket pair; a client dies by closing its end.
 */
#ifndef IPCLAB_TEST_WAITING_H
#define IPCLAB_TEST_WAITING_H

#include "manager/serving.h"
#include "manager/test_hosted.h"
#include "sync/test_sharing.h"

#include <sys/eventfd.h>
#include <sys/socket.h>

static struct server house;

struct guest {
    struct session session;
    struct client client;
    int far; /* the client's end of its connection */
    struct object *object;
    const char *method;
    struct datum arguments;
    pthread_t thread;
    _Atomic uint32_t tid; /* of its thread, once it runs */
    char said[128];       /* repr of what it got, or "-ECANCELED" */
};

/* --- the house --- */

static inline int house_begin(void **state)
{
    house = (struct server){.stop = -1, .watch = -1};
    pthread_mutex_init(&house.lock, NULL);
    hosted_server = &house;
    return census_begin(state);
}

static inline int house_end(void **state)
{
    pthread_mutex_destroy(&house.lock);
    hosted_session = NULL;
    hosted_server = NULL;
    return census_end(state);
}

/* type(*arguments); the arguments are taken. */
static inline struct object *house_open(const struct hosted_type *type,
                                        struct datum arguments)
{
    struct datum raised = {0};
    struct object *o = hosted_open(type, &arguments, NULL, &raised);

    datum_drop(&arguments);
    assert_non_null(o);
    return o;
}

static inline void house_unpin(void *pin)
{
    atomic_fetch_sub(&((struct object *)pin)->pins, 1);
}

/* A proxy of the object, as it arrives at a server. */
static inline struct datum house_proxy(struct object *o)
{
    struct datum fields[] = {datum_str("AcquirerProxy"), datum_none(),
                             datum_none()};
    struct datum proxy = datum_record(DATUM_PROXY, fields, 3);

    assert_int_equal(proxy.kind, DATUM_PROXY);
    object_pin(o);
    proxy.record->pin = o;
    proxy.record->unpin = house_unpin;
    return proxy;
}

static inline void house_expect_repr(struct object *o, const char *expected)
{
    struct call call = {.server = &house, .object = o};
    struct buffer text = {0};

    pthread_mutex_lock(o->lock);
    assert_int_equal(object_text(&call, false, &text), 0);
    pthread_mutex_unlock(o->lock);
    assert_int_equal(buffer_put(&text, "", 1), 0);
    assert_string_equal((const char *)text.bytes, expected);
    buffer_free(&text);
}

/* --- guests --- */

static inline void guest_open(struct guest *g)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends),
                     0);
    *g = (struct guest){.far = ends[1], .arguments = datum_none()};
    g->session = (struct session){.server = &house,
                                  .connection = {.fd = ends[0]},
                                  .client = &g->client,
                                  .woken = -1,
                                  .thread = ++house.thread};
}

/* Its process dies. */
static inline void guest_die(struct guest *g)
{
    fd_close(&g->far);
}

static inline void guest_close(struct guest *g)
{
    fd_close(&g->far);
    fd_close(&g->session.connection.fd);
    fd_close(&g->session.woken);
}

static inline void guests_open(struct guest *g, size_t n)
{
    for (size_t i = 0; i < n; i++)
        guest_open(&g[i]);
}

static inline void guests_close(struct guest *g, size_t n)
{
    for (size_t i = 0; i < n; i++)
        guest_close(&g[i]);
}

/* The result as text, which is dropped. */
static inline void guest_note(struct guest *g, int error, struct datum *result)
{
    struct buffer text = {0};

    if (error < 0)
        buffer_text(&text, error == -ECANCELED ? "-ECANCELED" : "-errno");
    else
        datum_repr(&text, result);
    snprintf(g->said, sizeof g->said, "%.*s", (int)text.length,
             (const char *)text.bytes);
    buffer_free(&text);
    datum_drop(result);
}

/* Call the method with the object's lock held. */
static inline void guest_run_locked(struct guest *g, struct object *o,
                                    const char *name, struct datum *arguments)
{
    struct call call = {.server = &house,
                        .session = &g->session,
                        .object = o,
                        .name = name,
                        .arguments = arguments->sequence->items,
                        .count = arguments->sequence->length,
                        .result = datum_none()};
    const struct method *m = o->type->methods;
    int error;

    while (strcmp(m->name, name) != 0)
        m++;
    error = m->run(&call, o->state);
    guest_note(g, error, &call.result);
    datum_drop(arguments);
}

/* Call it in this thread: what it says.  The arguments are taken. */
static inline const char *guest_ask(struct guest *g, struct object *o,
                                    const char *name, struct datum arguments)
{
    pthread_mutex_lock(o->lock);
    guest_run_locked(g, o, name, &arguments);
    pthread_mutex_unlock(o->lock);
    return g->said;
}

static inline const char *guest_call(struct guest *g, struct object *o,
                                     const char *name)
{
    return guest_ask(g, o, name, datum_tuple(""));
}

static inline void *guest_main(void *argument)
{
    struct guest *g = argument;

    atomic_store(&g->tid, (uint32_t)gettid());
    guest_ask(g, g->object, g->method, g->arguments);
    return NULL;
}

/* Call it in a thread of its own. */
static inline void guest_begin(struct guest *g, struct object *o,
                               const char *name, struct datum arguments)
{
    g->object = o;
    g->method = name;
    g->arguments = arguments;
    atomic_store(&g->tid, 0);
    assert_int_equal(pthread_create(&g->thread, NULL, guest_main, g), 0);
}

/* Does its thread sleep in call_wait?  Where /proc does not show the call, that
 * it sleeps at all must do. */
static inline bool guest_is_asleep(const struct guest *g)
{
    char path[64], text[256] = "", *at;
    uint32_t tid = atomic_load(&g->tid);
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/task/%u/syscall", tid);
    file = tid ? fopen(path, "re") : NULL;
    if (file && fgets(text, sizeof text, file)) {
        fclose(file);
        return strtol(text, &at, 10) == SYS_ppoll && at != text;
    }
    if (file)
        fclose(file);
    snprintf(path, sizeof path, "/proc/self/task/%u/stat", tid);
    file = tid ? fopen(path, "re") : NULL;
    at = file && fgets(text, sizeof text, file) ? strrchr(text, ')') : NULL;
    if (file)
        fclose(file);
    return at && at[1] == ' ' && at[2] == 'S';
}

static inline void guest_expect_asleep(const struct guest *g)
{
    int64_t deadline = clock_deadline(TEST_BOUND);

    while (!guest_is_asleep(g)) {
        if (clock_now() > deadline)
            fail_msg("a guest does not wait");
        sched_yield();
    }
}

/* Begin a call that has to wait. */
static inline void guest_wait(struct guest *g, struct object *o,
                              const char *name, struct datum arguments)
{
    guest_begin(g, o, name, arguments);
    guest_expect_asleep(g);
}

/* (Whoever does not end is ended by the census's alarm.) */
static inline void guest_end(struct guest *g, const char *expected)
{
    pthread_join(g->thread, NULL);
    assert_string_equal(g->said, expected);
}

/* Take a Condition's lock and wait, asleep. */
static inline void guest_wait_for(struct guest *g, struct object *o,
                                  double timeout)
{
    assert_string_equal(guest_call(g, o, "acquire"), "True");
    guest_wait(g, o, "wait",
               timeout > 0 ? datum_tuple("d", timeout) : datum_tuple(""));
}

/* What one guest releases is given to another whose process has died just
 * before: its thread has not come so far as to leave the line. */
static inline void guest_give_to_dead(struct guest *giver, struct object *o,
                                      const char *name, struct datum arguments,
                                      struct guest *dead)
{
    pthread_mutex_lock(o->lock);
    guest_die(dead);
    guest_run_locked(giver, o, name, &arguments);
    pthread_mutex_unlock(o->lock);
}

/* --- compared with python3 --- */

/* Later releases of 3.11 word one message in another way than 3.11.2. */
static const char waiting_source[] =
    "import builtins\n"
    "def repr(x):\n"
    "    return builtins.repr(x).replace(\n"
    "        'timestamp out of range for platform time_t',\n"
    "        'timestamp too large to convert to C _PyTime_t')\n";

/* Its messages are those of 3.11. */
static inline void waiting_need_python(void)
{
    if (system("python3 -I -c 'import sys, multiprocessing.managers; "
               "sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null") == 0)
        return;
    print_message("skipped: no python3 of version 3.11\n");
    skip();
}

static inline void waiting_compare(const struct hosted_type *type,
                                   const char *make,
                                   const struct hosted_case *cases, size_t n)
{
    struct guest g;

    waiting_need_python();
    guest_open(&g);
    hosted_session = &g.session;
    assert_int_equal(
        hosted_compare_all(type, make, waiting_source, 1, cases, n), n);
    hosted_session = NULL;
    guest_close(&g);
}

#endif
