/* SPDX-License-Identifier: MIT */
/*
 * floor_word.c - floors: two processes answer each other through shared words.
 *
 * line-pingpong spins: what the processors need to move one cache line there
 * and back, without the kernel.  futex-pingpong sleeps: what any blocking
 * mechanism must pay that shares memory.
 *
 * Message m leaves m + 1 in its word.  The timed side sends the even ones, its
 * peer answers with the odd ones, and each checks what it gets.
 */
#include "common/region.h"
#include "mechanism.h"
#include "registry.h"

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { WORDS = 4 };

/* Further apart than any line, and than the pairs that are fetched together. */
struct words {
    struct {
        _Alignas(256) _Atomic uint32_t value;
    } word[WORDS];
};

static int words_open(struct trial *t)
{
    struct region *r = calloc(1, sizeof *r);

    t->state = r;
    return r ? region_open(r, sizeof(struct words)) : -ENOMEM;
}

static struct words *words_of(const struct trial *t)
{
    return ((struct region *)t->state)->base;
}

/* As if the messages before the first had been sent. */
static int futex_open(struct trial *t)
{
    int error = words_open(t);

    for (uint32_t i = 0; i < WORDS && !error; i++)
        atomic_init(&words_of(t)->word[i].value, i + 1 - WORDS);
    return error;
}

static int words_pack(struct trial *t, int role, struct parcel *parcel)
{
    (void)role;
    return region_pack(t->state, parcel);
}

static int words_join(struct trial *t, int role, struct parcel *parcel)
{
    struct region *r = calloc(1, sizeof *r);

    (void)role;
    t->state = r;
    return r ? region_unpack(r, parcel) : -ENOMEM;
}

static void words_close(struct trial *t)
{
    if (t->state)
        region_close(t->state);
    free(t->state);
    t->state = NULL;
}

/* --- one line, spinning ----------------------------------------------------
 */

static void line_send(struct words *w, uint32_t message)
{
    atomic_store_explicit(&w->word[0].value, message + 1, memory_order_release);
}

/* No pause in the loop: it would be part of the time. */
static int line_wait(struct words *w, uint32_t message)
{
    uint32_t now;

    do
        now = atomic_load_explicit(&w->word[0].value, memory_order_acquire);
    while (now == message);
    return now == message + 1 ? 0 : -EILSEQ;
}

static int line_op(struct trial *t, unsigned n)
{
    struct words *w = words_of(t);
    int error = 0;

    for (; n && !error; n--, t->sequence += 2) {
        line_send(w, (uint32_t)t->sequence);
        error = line_wait(w, (uint32_t)t->sequence + 1);
    }
    return error;
}

static int line_serve(struct trial *t, int role, unsigned n)
{
    struct words *w = words_of(t);
    int error = 0;

    (void)role;
    for (; n && !error; n--, t->sequence += 2) {
        error = line_wait(w, (uint32_t)t->sequence);
        line_send(w, (uint32_t)t->sequence + 1);
    }
    return error;
}

/* --- four words in turn, sleeping ------------------------------------------
 */

static long futex(_Atomic uint32_t *word, int operation, uint32_t value)
{
    return syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

/*
 * With one word a wake that comes late, when the other side has seen the word
 * and gone on, would wake it from its next sleep.  Four in turn: nobody sends
 * message m + 4 before all of m's wake is over, so each side sleeps at most
 * once a message.
 */
static int futex_send(struct words *w, uint32_t message)
{
    _Atomic uint32_t *word = &w->word[message % WORDS].value;

    atomic_store_explicit(word, message + 1, memory_order_release);
    return futex(word, FUTEX_WAKE, 1) < 0 ? -errno : 0;
}

static int futex_wait(struct words *w, uint32_t message)
{
    _Atomic uint32_t *word = &w->word[message % WORDS].value;
    uint32_t before = message + 1 - WORDS, now;

    while ((now = atomic_load_explicit(word, memory_order_acquire)) == before)
        if (futex(word, FUTEX_WAIT, before) < 0 && errno != EAGAIN &&
            errno != EINTR)
            return -errno;
    return now == message + 1 ? 0 : -EILSEQ;
}

static int futex_op(struct trial *t, unsigned n)
{
    struct words *w = words_of(t);
    int error = 0;

    for (; n && !error; n--, t->sequence += 2) {
        error = futex_send(w, (uint32_t)t->sequence);
        if (!error)
            error = futex_wait(w, (uint32_t)t->sequence + 1);
    }
    return error;
}

static int futex_serve(struct trial *t, int role, unsigned n)
{
    struct words *w = words_of(t);
    int error = 0;

    (void)role;
    for (; n && !error; n--, t->sequence += 2) {
        error = futex_wait(w, (uint32_t)t->sequence);
        if (!error)
            error = futex_send(w, (uint32_t)t->sequence + 1);
    }
    return error;
}

const struct workload word_floors[] = {
    {.name = "line-pingpong",
     .unit = "round trip, two hops of a cache line",
     .peers = 1,
     .spins = true,
     .guess = 300,
     .open = words_open,
     .pack = words_pack,
     .join = words_join,
     .op = line_op,
     .serve = line_serve,
     .close = words_close},
    {.name = "futex-pingpong",
     .unit = "round trip",
     .peers = 1,
     .open = futex_open,
     .pack = words_pack,
     .join = words_join,
     .op = futex_op,
     .serve = futex_serve,
     .close = words_close},
    {.name = NULL},
};
