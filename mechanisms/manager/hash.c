/* SPDX-License-Identifier: MIT */
/*
 * hash.c - the hash of a datum: SipHash-1-3 with a key of this process.
 *
 * Who knows how a server hashes can send it keys that all fall into one slot,
 * and a dict of n of them costs n * n.  SipHash (Aumasson and Bernstein, 2012)
 * with a key that nobody else has leaves nothing to choose by; one round for
 * each word and three at the end are what CPython hashes its str with.  Here
 * numbers go through it too: CPython's hash of an int is the int, nearly.
 */
#include "manager/cell.h"
#include "manager/number.h"

#include <pthread.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>

/*
 * Made before the first hash, and never again: a forked child has tables that
 * were made with it.  A spawned one has its own.
 */
static uint64_t key[2];
static pthread_once_t key_once = PTHREAD_ONCE_INIT;

static void make_key(void)
{
    const void *from_exec;

    if (getrandom(key, sizeof key, 0) == (ssize_t)sizeof key)
        return;
    /* A sandbox without that call: the kernel gave 16 random bytes at exec. */
    from_exec = (const void *)getauxval(AT_RANDOM);
    if (from_exec)
        memcpy(key, from_exec, sizeof key);
}

/* --- SipHash --- */

struct sip {
    uint64_t v[4];
    uint64_t length;
};

static uint64_t rotate(uint64_t word, int by)
{
    return word << by | word >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

static struct sip sip_begin(void)
{
    pthread_once(&key_once, make_key);
    return (struct sip){
        .v = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
              key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573}};
}

static void sip_word(struct sip *s, uint64_t word)
{
    s->v[3] ^= word;
    sip_round(s->v);
    s->v[0] ^= word;
    s->length += sizeof word;
}

/* With the last bytes, fewer than 8, in the lower part of a word. */
static uint64_t sip_end(struct sip *s, uint64_t last, size_t n)
{
    sip_word(s, (s->length + n) << 56 | last);
    s->v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(s->v);
    return s->v[0] ^ s->v[1] ^ s->v[2] ^ s->v[3];
}

uint64_t hash_text(const void *bytes, size_t n)
{
    struct sip s = sip_begin();
    const unsigned char *at = bytes;
    uint64_t word = 0, hash;

    for (; n >= sizeof word; n -= sizeof word, at += sizeof word) {
        memcpy(&word, at, sizeof word);
        sip_word(&s, word);
    }
    word = 0;
    for (size_t i = n; i-- > 0;)
        word = word << 8 | at[i];
    hash = sip_end(&s, word, n);
    return hash ? hash : 1; /* 0 is a text whose hash is not known */
}

static uint64_t hash_words(const uint64_t *words, size_t n)
{
    struct sip s = sip_begin();

    for (size_t i = 0; i < n; i++)
        sip_word(&s, words[i]);
    return sip_end(&s, 0, 0);
}

/* --- of each kind --- */

/* Two threads may find it unknown; both write the same. */
static uint64_t hash_cached(struct text *t)
{
    uint64_t hash = atomic_load_explicit(&t->hash, memory_order_relaxed);

    if (hash == 0) {
        hash = hash_text(t->bytes, t->length);
        atomic_store_explicit(&t->hash, hash, memory_order_relaxed);
    }
    return hash;
}

/*
 * Equal numbers have one hash, whatever their kinds.  A NaN equals nothing,
 * itself neither: each has a hash of its own, or a dict of many would have them
 * all in one place.
 */
static uint64_t hash_number(const struct datum *d)
{
    static _Atomic uint64_t not_a_number; /* a forked child counts on */
    struct number n;
    uint64_t word;

    if (d->kind == DATUM_BIG)
        return hash_cached(d->text);
    (void)number_of(&n, d);
    number_normalize(&n);
    if (n.kind == NUMBER_BIG)
        return hash_text(n.bytes, n.length);
    if (n.kind == NUMBER_INTEGER)
        word = (uint64_t)n.integer;
    else if (n.real != n.real)
        word = atomic_fetch_add(&not_a_number, 1);
    else
        memcpy(&word, &n.real, sizeof word);
    return hash_words(&word, 1);
}

static int hash_items(const struct datum *items, size_t n, uint64_t *hash,
                      const char **culprit)
{
    struct sip s = sip_begin();

    for (size_t i = 0; i < n; i++) {
        int error = datum_hash(&items[i], hash, culprit);

        if (error)
            return error;
        sip_word(&s, *hash);
    }
    *hash = sip_end(&s, 0, 0);
    return 0;
}

/* In which order they were put must not matter, so they are added up; each goes
 * through the key once more, or sums could be made that are equal. */
static uint64_t hash_set(const struct table *t)
{
    uint64_t words[2] = {t->used, 0};

    for (int64_t i = table_next(t, 0); i >= 0; i = table_next(t, i + 1))
        words[1] += hash_words(&t->entries[i].hash, 1);
    return hash_words(words, 2);
}

static int hash_range(const struct datum *d, uint64_t *hash,
                      const char **culprit)
{
    struct span span;
    uint64_t words[3];

    if (!range_span(d, &span))
        return hash_items(d->record->fields, d->record->length, hash, culprit);
    words[0] = span.count;
    words[1] = (uint64_t)span.start;
    words[2] = (uint64_t)span.step;
    *hash = hash_words(words, 3);
    return 0;
}

/* Of what is equal to itself alone. */
static uint64_t hash_identity(const struct datum *d)
{
    uint64_t word = (uintptr_t)datum_identity(d);

    return hash_words(&word, 1);
}

int datum_hash(const struct datum *d, uint64_t *hash, const char **culprit)
{
    switch (d->kind) {
    case DATUM_NONE:
        *hash = hash_words(NULL, 0);
        return 0;
    case DATUM_BOOL:
    case DATUM_INT:
    case DATUM_FLOAT:
    case DATUM_BIG:
        *hash = hash_number(d);
        return 0;
    case DATUM_STR:
    case DATUM_BYTES:
        *hash = hash_cached(d->text);
        return 0;
    case DATUM_TUPLE:
        return hash_items(d->sequence->items, d->sequence->length, hash,
                          culprit);
    case DATUM_FROZENSET:
        *hash = hash_set(d->table);
        return 0;
    case DATUM_RANGE:
        return hash_range(d, hash, culprit);
    case DATUM_TOKEN:
        return hash_items(d->record->fields, d->record->length, hash, culprit);
    case DATUM_REVERSED:
    case DATUM_EXCEPTION:
    case DATUM_INSTANCE:
    case DATUM_PROXY:
        *hash = hash_identity(d);
        return 0;
    default:
        *culprit = datum_type(d);
        return -EINVAL;
    }
}
