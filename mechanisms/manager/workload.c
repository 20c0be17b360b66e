/* SPDX-License-Identifier: MIT */
/*
 * workload.c - how the bench exercises a manager: calls through proxies.
 *
 * The timed side is a client, its peer the server (workload_bench.c).  What is
 * called is as little as there is, so that the way is measured and not the
 * list; a payload shows what bytes cost.
 */
#include "manager/workload.h"

#include <stdlib.h>

extern const struct hazard manager_hazards[];

/* --- one call --- */

static int open_list(struct trial *t)
{
    return bench_open(t, ONE_LIST);
}

static int call_op(struct trial *t, unsigned n)
{
    int error = bench_begin(t);

    return error ? error : bench_get(t, n);
}

static int one_request(struct trial *t, int role, unsigned n)
{
    (void)role;
    return bench_serve(t, n, 1);
}

static int open_dict(struct trial *t)
{
    return bench_open(t, ONE_DICT);
}

/* squares[i] = n */
static int set_op(struct trial *t, unsigned n)
{
    struct proxy *dict = ((struct bench *)t->state)->proxies;
    int error = bench_begin(t);

    for (; n && !error; n--) {
        int64_t i = (int64_t)t->sequence++;
        struct datum result;

        error =
            proxy_call(dict, &result, "__setitem__", "ii", i % LIST_LENGTH, i);
        error = error ? error : bench_expect_none(&result);
    }
    return error;
}

static int open_value(struct trial *t)
{
    return bench_open(t, ONE_VALUE);
}

/* number.value */
static int value_op(struct trial *t, unsigned n)
{
    struct proxy *value = ((struct bench *)t->state)->proxies;
    int error = bench_begin(t);

    for (; n && !error; n--) {
        struct datum result;

        error = proxy_call(value, &result, "get", "");
        error = error ? error : bench_expect(&result, LIST_FIRST);
    }
    return error;
}

/* --- an object made, and let go of --- */

static int open_nothing(struct trial *t)
{
    return bench_open(t, NO_OBJECT);
}

static int create_op(struct trial *t, unsigned n)
{
    struct bench *b = t->state;
    int error = bench_begin(t);

    for (; n && !error; n--) {
        struct proxy p;

        error = manager_create(&b->manager, &p, "list", "");
        proxy_close(&p);
    }
    return error;
}

static int create_and_decref(struct trial *t, int role, unsigned n)
{
    (void)role;
    return bench_serve(t, n, 2);
}

/* --- bytes, there and back --- */

/* What is set, ("payload", bytes), is written anew each time: nobody else has
 * it between two calls. */
static int open_payload(struct trial *t)
{
    int error = bench_open(t, ONE_DICT);
    struct bench *b = t->state;
    struct datum bytes;

    if (error)
        return error;
    bytes = datum_text(DATUM_BYTES, NULL, t->bytes);
    if (bytes.kind != DATUM_NOTHING)
        memset(bytes.text->bytes, 0, t->bytes);
    b->arguments = datum_tuple("sO", "payload", bytes);
    return datum_error(&b->arguments);
}

static int put_payload(struct trial *t)
{
    struct bench *b = t->state;
    struct text *bytes = b->arguments.sequence->items[1].text;
    struct datum result;
    int error;

    payload_write(bytes->bytes, t->bytes, t->line, t->sequence);
    error = proxy_call_with(b->proxies, &result, "__setitem__", &b->arguments,
                            NULL);
    return error ? error : bench_expect_none(&result);
}

static int get_payload(struct trial *t)
{
    struct bench *b = t->state;
    struct datum result;
    int error = proxy_call(b->proxies, &result, "__getitem__", "s", "payload");

    if (error)
        return error;
    error =
        result.kind == DATUM_BYTES && result.text->length == t->bytes
            ? payload_check(result.text->bytes, t->bytes, t->line, t->sequence)
            : -EILSEQ;
    datum_drop(&result);
    return error;
}

static int payload_op(struct trial *t, unsigned n)
{
    int error = bench_begin(t);

    for (; n && !error; n--, t->sequence++) {
        error = put_payload(t);
        error = error ? error : get_payload(t);
    }
    return error;
}

static int two_requests(struct trial *t, int role, unsigned n)
{
    (void)role;
    return bench_serve(t, n, 2);
}

/* --- the tables --- */

static const struct setting clients_grid[] = {
    {"clients", 4, "1,2,4,8", "processes that call one server"},
    {.name = NULL}};
static const char *const clients_crowd[] = {"clients", NULL};

/* An unmodified python3 calls a server of ours: what its program gains by that
 * alone.  bench/reference.py has the loops, as it has those that it is held
 * against. */
#define FROM_PYTHON                                                            \
    .peers = 1, .forked = true, .python = true, .program = "reference.py"

static const struct workload workloads[] = {
    {.name = "call",
     .unit = "call",
     .floor = "unix-pingpong",
     .peers = 1,
     .forked = true,
     .open = open_list,
     .pack = bench_pack,
     .join = bench_join,
     .op = call_op,
     .serve = one_request,
     .close = bench_close},
    {.name = "call-set",
     .unit = "call",
     .floor = "unix-pingpong",
     .peers = 1,
     .forked = true,
     .variant = true,
     .open = open_dict,
     .pack = bench_pack,
     .join = bench_join,
     .op = set_op,
     .serve = one_request,
     .close = bench_close},
    {.name = "call-value",
     .unit = "call",
     .floor = "unix-pingpong",
     .peers = 1,
     .forked = true,
     .variant = true,
     .open = open_value,
     .pack = bench_pack,
     .join = bench_join,
     .op = value_op,
     .serve = one_request,
     .close = bench_close},
    {.name = "call-cpython-server",
     .unit = "call",
     .floor = "unix-pingpong",
     .peers = 1,
     .forked = true,
     .variant = true,
     .python = true,
     .guess = 50000,
     .open = open_list,
     .pack = bench_pack,
     .join = cpython_join,
     .op = call_op,
     .serve = cpython_serve,
     .close = cpython_close},
    {.name = "call-from-python",
     .unit = "call",
     .floor = "unix-pingpong",
     .variant = true,
     FROM_PYTHON,
     .guess = 20000},
    {.name = "create",
     .unit = "object made and dropped",
     .peers = 1,
     .forked = true,
     .variant = true,
     .guess = 300000,
     .open = open_nothing,
     .pack = bench_pack,
     .join = bench_join,
     .op = create_op,
     .serve = create_and_decref,
     .close = bench_close},
    {.name = "clients",
     .unit = "call",
     .grid = clients_grid,
     .peers = 1,
     .crowd = clients_crowd,
     .served = true,
     .forked = true,
     .together = true,
     .guess = 10000,
     .open = clients_open,
     .pack = bench_pack,
     .join = bench_join,
     .op = clients_op,
     .close = bench_close},
    {.name = "clients-from-python",
     .unit = "call",
     .grid = clients_grid,
     .crowd = clients_crowd,
     .served = true,
     .together = true,
     FROM_PYTHON,
     .guess = 30000},
    {.name = "queue",
     .unit = "round trip",
     .floor = "unix-pingpong",
     .peers = 2,
     .forked = true,
     .variant = true,
     .guess = 40000,
     .open = queue_open_two,
     .pack = bench_pack,
     .join = bench_join,
     .op = queue_op,
     .serve = queue_serve,
     .close = bench_close},
    {.name = "payload",
     .unit = "set and get",
     .floor = "unix-pingpong",
     .peers = 1,
     .sized = true,
     .forked = true,
     .variant = true,
     .open = open_payload,
     .pack = bench_pack,
     .join = bench_join,
     .op = payload_op,
     .serve = two_requests,
     .close = bench_close},
    {.name = NULL},
};

const struct mechanism manager_mechanism = {
    .name = "manager",
    .python = "multiprocessing.Manager",
    .summary = "objects in a server, called through proxies",
    .workloads = workloads,
    .hazards = manager_hazards,
};
