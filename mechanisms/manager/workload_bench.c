/* SPDX-License-Identifier: MIT */
/*
 * workload_bench.c - a server and its clients, brought together for a trial.
 *
 * What is asked of it is in workload.c.
 */
#include "manager/workload.h"

#include "common/auth.h"

#include <stdlib.h>

static struct bench *bench_new(struct trial *t)
{
    struct bench *b = calloc(1, sizeof *b);

    t->state = b;
    if (b)
        b->region.fd = b->ended.region.fd = -1;
    return b;
}

int bench_open(struct trial *t, enum objects objects)
{
    struct bench *b = bench_new(t);
    int error = b ? region_open(&b->region, sizeof *b->meeting) : -ENOMEM;

    if (error)
        return error;
    b->meeting = b->region.base;
    b->meeting->objects = objects;
    error = auth_random(b->meeting->key, sizeof b->meeting->key);
    return error ? error : semaphore_open(&b->ended, 0, false);
}

int bench_pack(struct trial *t, int role, struct parcel *parcel)
{
    const struct bench *b = t->state;
    int error = region_pack(&b->region, parcel);

    (void)role;
    return error ? error : semaphore_pack(&b->ended, parcel);
}

int bench_meet(struct trial *t, struct parcel *parcel)
{
    struct bench *b = bench_new(t);
    int error = b ? region_unpack(&b->region, parcel) : -ENOMEM;

    if (!error && b->region.size < sizeof *b->meeting)
        error = -EBADMSG;
    if (error)
        return error;
    b->meeting = b->region.base;
    return semaphore_unpack(&b->ended, parcel);
}

int bench_join(struct trial *t, int role, struct parcel *parcel)
{
    int error = bench_meet(t, parcel);

    return error || role ? error : serving_begin(t);
}

void bench_close(struct trial *t)
{
    struct bench *b = t->state;

    if (!b)
        return;
    for (size_t i = 0; i < OBJECTS_MOST; i++)
        proxy_close(&b->proxies[i]);
    datum_drop(&b->arguments);
    serving_end(b->serving);
    semaphore_close(&b->ended);
    region_close(&b->region);
    free(b);
    t->state = NULL;
}

/* --- the objects --- */

static int make(struct manager *m, struct proxy *p, enum objects objects)
{
    struct datum numbers;

    switch (objects) {
    case ONE_LIST:
        numbers = datum_list();
        for (int64_t i = 0; i < LIST_LENGTH; i++)
            datum_append(&numbers, datum_int(LIST_FIRST + i));
        return manager_create(m, p, "list", "O", numbers);
    case ONE_DICT:
        return manager_create(m, p, "dict", "");
    case ONE_VALUE:
        return manager_create(m, p, "Value", "si", "q", (int64_t)LIST_FIRST);
    default:
        return manager_create(m, p, "Queue", "");
    }
}

static size_t object_count(const struct meeting *m)
{
    return m->objects == NO_OBJECT ? 0 : m->objects == TWO_QUEUES ? 2 : 1;
}

static int hand_out(struct handed *to, const struct proxy *proxies, size_t n)
{
    struct parcel parcel;
    int error = 0;

    parcel_init(&parcel);
    for (size_t i = 0; i < n && !error; i++)
        error = proxy_pack(&proxies[i], &parcel);
    if (!error && parcel.length > sizeof to->bytes)
        error = -E2BIG;
    if (!error) {
        memcpy(to->bytes, parcel.bytes, parcel.length);
        to->length = parcel.length;
    }
    parcel_free(&parcel);
    return error;
}

int bench_make(struct trial *t)
{
    struct bench *b = t->state;
    struct meeting *m = b->meeting;
    size_t n = object_count(m), clients = (size_t)t->participants - 1;
    struct proxy proxies[OBJECTS_MOST] = {{.hold = NULL}};
    struct manager manager;
    int error = clients > CLIENTS_MOST ? -EINVAL : 0;

    if (!error)
        error = manager_connect(&manager, m->address, m->key, sizeof m->key);
    for (size_t i = 0; i < n && !error; i++)
        error = make(&manager, &proxies[i], m->objects);
    for (size_t i = 0; i < clients && n && !error; i++)
        error = hand_out(&m->handed[i], proxies, n);
    for (size_t i = 0; i < n; i++)
        proxy_close(&proxies[i]);
    return error;
}

/* --- a client --- */

static int take(const struct handed *from, struct proxy *proxies, size_t n)
{
    struct parcel parcel;
    int error;

    parcel_init(&parcel);
    error = parcel_put(&parcel, from->bytes, from->length);
    for (size_t i = 0; i < n && !error; i++)
        error = proxy_unpack(&proxies[i], &parcel);
    parcel_free(&parcel);
    return error;
}

int bench_begin(struct trial *t)
{
    struct bench *b = t->state;
    struct meeting *m = b->meeting;
    int error;

    if (b->begun)
        return 0;
    error = manager_connect(&b->manager, m->address, m->key, sizeof m->key);
    if (!error)
        error = take(&m->handed[bench_client(t)], b->proxies, object_count(m));
    b->begun = !error;
    return error;
}

/* --- what a client asks for, and gets --- */

int bench_expect(struct datum *result, int64_t expected)
{
    int64_t got = 0;
    int error = datum_to_int(result, &got);

    datum_drop(result);
    return error || got != expected ? -EILSEQ : 0;
}

int bench_expect_none(struct datum *result)
{
    bool none = result->kind == DATUM_NONE;

    datum_drop(result);
    return none ? 0 : -EILSEQ;
}

int bench_get(struct trial *t, unsigned n)
{
    struct proxy *numbers = ((struct bench *)t->state)->proxies;
    int error = 0;

    for (; n && !error; n--) {
        int64_t i = (int64_t)(t->sequence++ % LIST_LENGTH);
        struct datum result;

        error = proxy_call(numbers, &result, "__getitem__", "i", i);
        error = error ? error : bench_expect(&result, LIST_FIRST + i);
    }
    return error;
}

/* --- the server --- */

int bench_serve(struct trial *t, unsigned n, unsigned each)
{
    struct bench *b = t->state;
    bool all = serving_answered(b->serving) >= b->owed;

    b->owed += (uint64_t)n * each;
    return all ? 0 : -EILSEQ;
}
