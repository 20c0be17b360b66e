/* SPDX-License-Identifier: MIT */
/*
 * hazards_socket.c - two processes that use one connection to a server.
 *
 * An answer says nothing of whom it is for: it is for whoever asked, and comes
 * in the order of the questions.  A fork copies a connection, and then each of
 * the two may read the answer that is the other's.  Our proxies drop a
 * connection that was forked, however that was done; CPython's do in a child
 * of Process, and keep it in one of a bare os.fork().  The program here has one
 * of its own making, and keeps it too.
 */
#include "manager/hazards.h"

#include "manager/connections.h"
#include "manager/pickle.h"
#include "pipe/listener.h"

enum { CURE_OWN = 1, CURE_LOCK, CURE_PARCEL };

/* Whom it asked for, and who came: in each of the two its own. */
static struct witness_answer mine;

static struct wire wire; /* both have it after the fork */
static struct proxy names;
static struct lock alone;
static int may[2], done[2];

static void name_oneself(void)
{
    snprintf(mine.asked, sizeof mine.asked, "process %d", getpid());
}

/* Is it the answer to what was asked?  1 or 0. */
static int is_right(void)
{
    return strcmp(mine.got, mine.asked) == 0;
}

/* --- the connection of the program itself --- */

static int connect_once(const struct manager *m)
{
    struct datum none = datum_none(), result = {0};
    struct datum name = datum_tuple("s", "by itself");
    bool usable;
    int error = wire_open(&wire, &m->place, 5 * SECOND);

    if (!error)
        error = wire_request(&wire, &result, &none, "accept_connection", &name,
                             NULL, 5 * SECOND, &usable);
    datum_drop(&name);
    datum_drop(&result);
    /* As CPython: not a byte more than the message. */
    return error ? error : connection_set_read_ahead(&wire.connection, 0);
}

/* region: shared-proxy-socket */
/* names.get('nobody', asked), whose answer is what was asked: the question ...
 */
static int ask(void)
{
    struct datum arguments = datum_tuple("ss", "nobody", mine.asked);
    struct datum request =
        datum_tuple("OsOO", datum_share(&names.token.record->fields[2]), "get",
                    arguments, datum_dict());
    struct buffer out = {0};
    int error = pickle_dump(&out, &request);

    if (!error)
        error = connection_send(&wire.connection, out.bytes, out.length);
    datum_drop(&request);
    buffer_free(&out);
    return error;
}

static void take_name(const struct datum *text)
{
    if (text->kind == DATUM_STR)
        snprintf(mine.got, sizeof mine.got, "%s",
                 (const char *)text->text->bytes);
}

/* ... and the answer, whoever asked. */
static int take_answer(void)
{
    char message[512];
    struct datum reply = {0};
    ssize_t n = connection_recv(&wire.connection, message, sizeof message);
    int error =
        n < 0 ? (int)n : pickle_load(message, (size_t)n, NULL, &reply, NULL);

    if (!error && reply.kind == DATUM_TUPLE && reply.sequence->length == 2)
        take_name(&reply.sequence->items[1]);
    datum_drop(&reply);
    return error;
}

/* The child asks first, and is slow to look. */
static int use_as_child(void)
{
    int error = hear(may[0]);

    if (!error)
        error = ask();
    if (!error)
        error = say(done[1]);
    if (!error)
        error = hear(may[0]);
    if (!error)
        error = take_answer();
    return error ? error : say(done[1]);
}

static int use_as_parent(struct witness *w)
{
    int error = say(may[1]);

    if (!error)
        error = hear(done[0]);
    if (!error)
        error = ask();
    witness_show(w, 2); /* both answers have come */
    if (!error)
        error = take_answer(); /* the first one: the child's */
    if (!error)
        error = say(may[1]);
    return error ? error : hear(done[0]);
}
/* end: shared-proxy-socket */

/* --- the cures --- */

/* region: shared-proxy-socket-cures */
/* A proxy: its connection is of this process. */
static int use_proxy(void)
{
    struct datum result = {0};
    int error = proxy_call(&names, &result, "get", "ss", "nobody", mine.asked);

    if (!error)
        take_name(&result);
    datum_drop(&result);
    return error;
}

/* One at a time, from the question to its answer. */
static int use_in_turn(bool child)
{
    int error = child ? 0 : hear(done[0]);

    if (!error)
        error = lock_acquire(&alone, NO_TIMEOUT);
    if (error)
        return error;
    error = ask();
    if (!error && child)
        error = say(done[1]);
    if (!error && child)
        error = wait_until_wanted(&alone);
    if (!error)
        error = take_answer();
    lock_release(&alone);
    return error;
}
/* end: shared-proxy-socket-cures */

/* A child that has nothing of its parent's, but what it is handed. */
static int use_handed(struct parcel *arguments)
{
    int error = proxy_unpack(&names, arguments);

    name_oneself();
    if (!error)
        error = use_proxy();
    proxy_close(&names);
    return error ? error : !is_right();
}
TARGET(use_handed)

static int hand_over(void)
{
    struct parcel arguments;
    int status;

    parcel_init(&arguments);
    status = proxy_pack(&names, &arguments);
    if (!status)
        status = run_target("use_handed", &arguments, START_SPAWN);
    parcel_free(&arguments);
    return status;
}

/* --- the scenario --- */

static _Noreturn void be_child(int cure)
{
    int error;

    fd_close(&may[1]);
    name_oneself();
    error = cure == CURE_OWN    ? use_proxy()
            : cure == CURE_LOCK ? use_in_turn(true)
                                : use_as_child();
    if (!error && !cure)
        hear(may[0]); /* the end: whoever looks may still do so */
    proxy_close(&names);
    _exit(error || !is_right());
}

static int use_both(struct witness *w, int cure)
{
    pid_t child = cure == CURE_PARCEL ? 0 : fork();
    int error, right, status;

    if (child == 0 && cure != CURE_PARCEL)
        be_child(cure);
    if (child < 0)
        return -errno;
    witness_victim(w, getpid());
    witness_holder(w, child);
    witness_fd(w, "names", wire.connection.fd);
    witness_child_memory(w, &mine);
    witness_show(w, 1); /* they have one socket */
    error = cure == CURE_LOCK ? use_in_turn(false)
            : cure            ? use_proxy()
                              : use_as_parent(w);
    witness_show(w, 3); /* both have an answer */
    right = is_right();
    say(may[1]);
    status = cure == CURE_PARCEL ? hand_over() : wait_for(child);
    if (error || status < 0)
        return error ? error : status;
    witness_got(w, right + (status == 0));
    return 0;
}

int shared_proxy_socket(struct witness *w, int cure)
{
    struct manager m;
    int error = fd_pipe(may), ended;

    witness_expect(w, 2);
    name_oneself();
    if (!error)
        error = fd_pipe(done);
    if (!error)
        error = lock_open(&alone, LOCK_PLAIN);
    if (!error)
        error = begin_manager(&m, NULL);
    if (error)
        return error;
    error = manager_create(&m, &names, "dict", "");
    if (!error)
        error = connect_once(&m);
    if (!error) {
        witness_object(w, &m, &names);
        error = use_both(w, cure);
    }
    wire_close(&wire);
    proxy_close(&names);
    lock_close(&alone);
    ended = end_manager(&m);
    return error ? error : ended;
}
