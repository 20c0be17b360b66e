/* SPDX-License-Identifier: MIT */
/*
 * hazards_modify.c - two clients add 1 to a number that a server has, and one
 * of the two is lost.
 *
 * Each call is done whole, by the server's lock of the object.  But
 * `d['n'] = d['n'] + 1` is two of them, and between the two the other client
 * is served.
 */
#include "manager/hazards.h"

#include "manager/hosted.h"

enum way {
    GET_THEN_SET,
    LOCKED,
    COUNTER,
    APPENDED
}; /* a cure is one of these
    */
enum { ADDERS = 2 };

static struct proxy d, held, counter, list;

/* What each does, in its own memory; and how they are told, and tell. */
static struct witness_turn mine = {.read = -1};
static int may[ADDERS][2], done[2];

/* --- an adder --- */

/* region: read-modify-write */
/* d['n'] = d['n'] + 1: as two calls, with time between them. */
static int add_by_two_calls(int number)
{
    int64_t n = 0;
    int error = proxy_int(&d, &n, "__getitem__", "s", "n");

    mine.read = n;
    if (!error)
        error = say(done[1]);
    if (!error)
        error = hear(may[number][0]); /* another may read now, and write */
    if (!error)
        error = proxy_do(&d, "__setitem__", "si", "n", n + 1);
    mine.wrote = n + 1;
    return error;
}
/* end: read-modify-write */

/* region: read-modify-write-cures */
/* with lock: d['n'] = d['n'] + 1, by a lock that the server has too. */
static int add_in_lock(int number)
{
    int error = proxy_do(&held, "acquire", "");

    if (error)
        return error;
    error = add_by_two_calls(number);
    proxy_do(&held, "release", "");
    return error;
}

/* A type of our own, whose add is one call.  The object's lock is held. */
struct counter {
    int64_t n;
};

static int counter_add(struct call *call, void *state)
{
    static const char *const names[] = {"n", NULL};
    struct counter *c = state;
    const struct datum *given[1];
    int64_t n = 0;
    int error = call_take(call, names, 1, given);

    if (!error)
        error = call_take_int(call, given[0], &n);
    if (error)
        return error;
    c->n += n;
    call->result = datum_int(c->n);
    return 0;
}

static const struct method counter_methods[] = {{"add", counter_add, NULL},
                                                {0}};

static const struct hosted_type counter_type = {.name = "Counter",
                                                .size = sizeof(struct counter),
                                                .methods = counter_methods};
/* end: read-modify-write-cures */

/* One call: there is no between. */
static int add_by_one_call(int number, enum way way)
{
    int error = say(done[1]);

    if (!error)
        error = hear(may[number][0]);
    if (error)
        return error;
    return way == COUNTER ? proxy_do(&counter, "add", "i", INT64_C(1))
                          : proxy_do(&list, "append", "i", INT64_C(1));
}

static void let_go_of_all(void)
{
    proxy_close(&d);
    proxy_close(&held);
    proxy_close(&counter);
    proxy_close(&list);
}

static _Noreturn void be_adder(int number, enum way way)
{
    int error = way == GET_THEN_SET ? add_by_two_calls(number)
                : way == LOCKED     ? add_in_lock(number)
                                    : add_by_one_call(number, way);

    if (!error)
        error = say(done[1]);
    if (!error)
        hear(may[number][0]); /* the end: whoever looks may still do so */
    let_go_of_all();
    _exit(error ? 1 : 0);
}

/* --- who tells them --- */

static int hear_from(int count)
{
    int error = 0;

    while (count-- > 0 && !error)
        error = hear(done[0]);
    return error;
}

/* Who has the lock is alone with it; the others have read when both may write.
 */
static int order(struct witness *w, enum way way)
{
    int first = way == LOCKED ? 1 : ADDERS;
    int error = hear_from(first);

    witness_show(w, 1); /* both have read */
    for (int k = 0; k < ADDERS && !error; k++)
        error = say(may[k][1]);
    if (!error)
        error = hear_from(2 * ADDERS - first);
    witness_show(w, 2); /* both have written */
    return error;
}

static int start_adders(pid_t *adders, enum way way)
{
    for (int k = 0; k < ADDERS; k++) {
        adders[k] = fork();
        if (adders[k] == 0) {
            for (int end = 0; end < ADDERS; end++)
                fd_close(&may[end][1]);
            be_adder(k, way);
        }
        if (adders[k] < 0)
            return -errno;
    }
    return 0;
}

static int end_adders(const pid_t *adders)
{
    int error = 0;

    for (int k = 0; k < ADDERS; k++)
        say(may[k][1]); /* the server has it too: there would be no end */
    for (int k = 0; k < ADDERS; k++)
        if (wait_for(adders[k]) != 0)
            error = -ECHILD;
    return error;
}

static int add_both(struct witness *w, const struct manager *m, enum way way)
{
    pid_t adders[ADDERS] = {0};
    int error = start_adders(adders, way);

    if (error)
        return error;
    witness_victim(w, adders[0]);
    witness_holder(w, adders[1]);
    witness_object(w, m, &d);
    witness_child_memory(w, &mine);
    error = order(w, way);
    return error ? error : end_adders(adders);
}

/* What they have come to. */
static int count(enum way way, int64_t *n)
{
    return way == COUNTER    ? proxy_int(&counter, n, "add", "i", INT64_C(0))
           : way == APPENDED ? proxy_int(&list, n, "__len__", "")
                             : proxy_int(&d, n, "__getitem__", "s", "n");
}

static int create_all(struct manager *m)
{
    int error = manager_create(m, &d, "dict", "");

    if (!error)
        error = manager_create(m, &held, "Lock", "");
    if (!error)
        error = manager_create(m, &counter, "Counter", "");
    if (!error)
        error = manager_create(m, &list, "list", "");
    return error ? error : proxy_do(&d, "__setitem__", "si", "n", INT64_C(0));
}

int read_modify_write(struct witness *w, int cure)
{
    struct manager m;
    int64_t n = 0;
    int error = fd_pipe(done), ended;

    witness_expect(w, ADDERS);
    for (int k = 0; k < ADDERS && !error; k++)
        error = fd_pipe(may[k]);
    if (!error)
        error = manager_register(&counter_type);
    if (!error)
        error = begin_manager(&m, NULL);
    if (error)
        return error;
    error = create_all(&m);
    if (!error)
        error = add_both(w, &m, (enum way)cure);
    if (!error)
        error = count((enum way)cure, &n);
    witness_got(w, n);
    let_go_of_all();
    ended = end_manager(&m);
    return error ? error : ended;
}
