/* SPDX-License-Identifier: MIT */
/*
 * workload_fan.c - many producers, many consumers, one queue.
 *
 * Participants are numbered: the producers come first.  Each producer puts its
 * share of a window's items, each consumer gets its share, of whosever there
 * are.  A consumer sees the items of each producer in their order, with gaps
 * where others got them; what all got together has none, which the timed side
 * checks when a window has ended.
 */
#include "queue/workload.h"

#include "common/region.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { PRODUCERS_MOST = 8 };

/* What came of each producer, counted by the consumers. */
struct shared {
    struct {
        _Atomic uint64_t items, numbers; /* how many; the sum of theirs */
    } got[PRODUCERS_MOST];
};

struct fan {
    const struct queue_kind *kind;
    union any_queue queue;
    struct region region;
    struct shared *shared;
    unsigned producers, consumers;
    uint64_t put;                  /* the number of the next item */
    uint64_t next[PRODUCERS_MOST]; /* the least that may come of each */
};

void fan_close(struct trial *t)
{
    struct fan *f = t->state;

    if (!f)
        return;
    f->kind->close(&f->queue);
    region_close(&f->region);
    free(f);
    t->state = NULL;
}

static struct fan *fan_new(struct trial *t, const struct queue_kind *kind)
{
    struct fan *f = calloc(1, sizeof *f);

    t->state = f;
    if (!f)
        return NULL;
    f->kind = kind;
    f->region.fd = -1;
    f->producers = (unsigned)trial_setting(t, "producers", 1);
    f->consumers = (unsigned)trial_setting(t, "consumers", 1);
    return f;
}

int fan_open(struct trial *t, enum kind kind)
{
    struct fan *f = fan_new(t, &queue_kinds[kind]);
    int error = f ? region_open(&f->region, sizeof *f->shared) : -ENOMEM;

    if (error)
        return error;
    f->shared = f->region.base;
    if (!f->producers || f->producers > PRODUCERS_MOST || !f->consumers)
        return -EINVAL;
    return f->kind->open(&f->queue, t);
}

int fan_pack(struct trial *t, int role, struct parcel *parcel)
{
    struct fan *f = t->state;
    int error = queue_kind_pack(f->kind, parcel);

    (void)role;
    if (!error)
        error = region_pack(&f->region, parcel);
    return error ? error : f->kind->pack(&f->queue, parcel);
}

int fan_join(struct trial *t, int role, struct parcel *parcel)
{
    const struct queue_kind *kind;
    struct fan *f;
    int error = queue_kind_unpack(&kind, parcel);

    (void)role;
    if (error)
        return error;
    f = fan_new(t, kind);
    error = f ? region_unpack(&f->region, parcel) : -ENOMEM;
    if (!error && f->region.size < sizeof *f->shared)
        error = -EBADMSG;
    if (error)
        return error;
    f->shared = f->region.base;
    return f->kind->unpack(&f->queue, parcel);
}

static int produce(struct trial *t, unsigned n)
{
    struct fan *f = t->state;
    unsigned from = (unsigned)t->number;
    int error = 0;

    for (; n && !error; n--) {
        struct item item;

        item_write(&item, t, from, f->put++);
        error = f->kind->put(&f->queue, &item, sizeof item);
    }
    return error;
}

/* Get one item, and count it with those of its producer. */
static int get_one(struct trial *t, uint64_t *items, uint64_t *numbers)
{
    struct fan *f = t->state;
    struct item item;
    ssize_t got = f->kind->get(&f->queue, &item, sizeof item);
    int error = item_check(&item, got, t, f->producers);

    if (error)
        return error;
    if (item.number < f->next[item.from])
        return -EILSEQ;
    f->next[item.from] = item.number + 1;
    items[item.from]++;
    numbers[item.from] += item.number;
    return 0;
}

static int consume(struct trial *t, unsigned n)
{
    uint64_t items[PRODUCERS_MOST] = {0}, numbers[PRODUCERS_MOST] = {0};
    struct fan *f = t->state;
    int error = 0;

    for (; n && !error; n--)
        error = get_one(t, items, numbers);
    for (unsigned i = 0; i < f->producers; i++) {
        atomic_fetch_add_explicit(&f->shared->got[i].items, items[i],
                                  memory_order_relaxed);
        atomic_fetch_add_explicit(&f->shared->got[i].numbers, numbers[i],
                                  memory_order_relaxed);
    }
    return error;
}

int fan_op(struct trial *t, unsigned n)
{
    const struct fan *f = t->state;
    int producers = (int)f->producers, consumer = t->number - producers;

    if (consumer < 0)
        return produce(t, trial_share(n, t->number, producers));
    return consume(t, trial_share(n, consumer, (int)f->consumers));
}

/* All that was put was got, once: of each producer 0, 1, 2 and so on. */
int fan_check(struct trial *t, uint64_t done)
{
    const struct fan *f = t->state;
    uint64_t all = 0;

    for (unsigned i = 0; i < f->producers; i++) {
        uint64_t items = f->shared->got[i].items;

        if (f->shared->got[i].numbers != items * (items - 1) / 2)
            return -EILSEQ;
        all += items;
    }
    return all == done ? 0 : -EILSEQ;
}
