/* SPDX-License-Identifier: MIT */
/*
 * datum.h - a value of Python's: what goes to a manager and comes back.
 *
 * A datum is 16 bytes.  None, a bool, a float and an int of 64 bits are in it;
 * whatever else is a cell that it refers to.  Cells are counted: share a datum
 * to have it twice, drop it once for each.
 *
 *     struct datum list = datum_list();
 *     datum_append(&list, datum_int(7));       // takes what it is given
 *     datum_append(&list, datum_str("seven"));
 *     ...
 *     datum_drop(&list);                       // and all that is in it
 *
 * What has been handed to anybody else is not changed any more: all that come
 * from a pickle, and all within another.  So a value can be shared by threads
 * without a lock, and nothing can contain itself.  (Who hosts a list changes
 * the cell that it alone has.)
 *
 * Python's rules hold: 1 == 1.0 == True, and they are one key; a dict keeps the
 * order of insertion; an int has no largest.  Source: the language reference,
 * "Data model" and "Expressions".
 *
 * A constructor that finds no memory, or is asked for too much, makes a datum
 * of kind DATUM_NOTHING, which every taker refuses with what was wrong
 * (datum_error); so it needs to be looked at once, at the end.
 */
#ifndef IPCLAB_DATUM_H
#define IPCLAB_DATUM_H

#include "manager/buffer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum datum_kind {
    DATUM_NOTHING, /* no datum: `integer` says why; 0: no memory for one */
    /* in the datum itself */
    DATUM_NONE,
    DATUM_BOOL,
    DATUM_INT,
    DATUM_FLOAT,
    /* struct text */
    DATUM_BIG, /* an int that needs more than 64 bits: two's complement,
                  little end first, no byte more than it needs */
    DATUM_STR, /* UTF-8; lone surrogates as Python's surrogatepass */
    DATUM_BYTES,
    DATUM_BYTEARRAY,
    /* struct sequence */
    DATUM_LIST,
    DATUM_TUPLE,
    /* struct table */
    DATUM_DICT,
    DATUM_SET,
    DATUM_FROZENSET,
    /* struct record: its fields in this order */
    DATUM_SLICE,     /* start, stop, step */
    DATUM_RANGE,     /* start, stop, step */
    DATUM_ARRAY,     /* array.array: typecode (str), items (bytes) */
    DATUM_REVERSED,  /* reversed(list): the list, the next index */
    DATUM_EXCEPTION, /* its class (str, "KeyError"), its args (tuple) */
    DATUM_TOKEN,     /* managers.Token: typeid, address, id */
    DATUM_INSTANCE,  /* managers.Value or Namespace: class (str), state (dict)
                      */
    DATUM_PROXY,     /* class (str, "ListProxy"), token, exposed (tuple/None) */
};

/* What every cell begins with. */
struct cell {
    _Atomic uint64_t references;
    /* How many data it unfolds to, itself included; 16 bytes of a text are as
     * one more, so that it is about the memory of a copy, too. */
    uint32_t weight;
    /* Of the containers within it, itself included.  What was taken out of it
     * may still be counted: it is no less than what there is. */
    uint16_t depth;
    bool placed; /* pickle_load's: it is within another, or was */
};

struct datum {
    enum datum_kind kind;
    union {
        bool truth;
        int64_t integer;
        double real;
        struct cell *cell; /* of any of the kinds that have one */
        struct text *text;
        struct sequence *sequence;
        struct table *table;
        struct record *record;
    };
};

struct text {
    struct cell cell;
    size_t length;         /* in bytes */
    _Atomic uint64_t hash; /* 0: not known yet */
    unsigned char bytes[]; /* and a zero behind them, which is not counted */
};

/* A few items lie in the cell itself: most tuples are short. */
enum { SEQUENCE_FEW = 4 };

struct sequence {
    struct cell cell;
    size_t length, capacity;
    struct datum *items; /* few, or memory of their own */
    struct datum few[SEQUENCE_FEW];
};

struct entry {
    struct datum key;   /* DATUM_NOTHING: deleted */
    struct datum value; /* of a set: None */
    uint64_t hash;
};

struct table {
    struct cell cell;
    size_t used;             /* entries that are not deleted */
    size_t length, capacity; /* of entries, the deleted among them */
    size_t first;            /* all before this one are deleted */
    struct entry *entries;   /* in the order of insertion */
    uint32_t *slots;         /* entry + 1 by hash, 0: free; open addressing */
    size_t slot_count;       /* a power of 2, or 0 */
};

struct record {
    struct cell cell;
    size_t length; /* of fields */
    /* Of a proxy that the server has: the object, and how to let go of it. */
    void *pin;
    void (*unpin)(void *pin);
    struct datum fields[];
};

/* --- having and dropping (datum.c) --- */

static inline bool datum_has_cell(const struct datum *d)
{
    return d->kind >= DATUM_BIG;
}

/* 0: it is a datum; else why it is none: -ENOMEM or -E2BIG. */
static inline int datum_error(const struct datum *d)
{
    if (d->kind != DATUM_NOTHING)
        return 0;
    return d->integer ? (int)d->integer : -ENOMEM;
}

/* Another of the same. */
struct datum datum_share(const struct datum *d);

/* Let go of it; the last one frees it and drops what is within, however deep
 * (not by recursion deeper than DATUM_DEPTH).  It is DATUM_NOTHING then. */
void datum_drop(struct datum *d);

/* No datum is deeper, and none unfolds to more: what would be is -E2BIG. */
enum { DATUM_DEPTH = 500, DATUM_WEIGHT = 1 << 27 };

/* A few bytes that ask for more than they bring (a range, a list times n) are
 * given no more data than this: -E2BIG. */
enum { DATUM_UNFOLDED = 1 << 22 };

/* --- making (datum.c) --- */

static inline struct datum datum_none(void)
{
    return (struct datum){.kind = DATUM_NONE};
}

static inline struct datum datum_bool(bool truth)
{
    return (struct datum){.kind = DATUM_BOOL, .truth = truth};
}

static inline struct datum datum_int(int64_t integer)
{
    return (struct datum){.kind = DATUM_INT, .integer = integer};
}

static inline struct datum datum_float(double real)
{
    return (struct datum){.kind = DATUM_FLOAT, .real = real};
}

/* An int of any size, from its two's complement bytes, little end first: a
 * DATUM_INT where it fits one. */
struct datum datum_long(const unsigned char *bytes, size_t n);

/* A str of a C string; a str, bytes or bytearray of n bytes.  NULL: they are
 * not written yet (see struct text; before anybody else has it). */
struct datum datum_str(const char *text);
struct datum datum_text(enum datum_kind kind, const void *bytes, size_t n);

/* An address of pipe/listener.h as Python has it: a str, or a tuple of host and
 * port. */
struct datum datum_address(const char *address);

struct datum datum_list(void);
struct datum datum_dict(void);
struct datum datum_set(void);

/* A tuple, or a list, of n items, which are taken; dropped when it fails. */
struct datum datum_sequence(enum datum_kind kind, struct datum *items,
                            size_t n);

/* A record of n fields, which are taken; dropped when it fails. */
struct datum datum_record(enum datum_kind kind, struct datum *fields, size_t n);

/* An exception of that class, with one argument (taken), or none: NOTHING. */
struct datum datum_exception(const char *class, struct datum argument);

/*
 * A tuple of what the format says, a letter for each argument, as CPython's
 * Py_BuildValue has them: b bool (int), i int64_t, d double, s str (a C
 * string), y bytes (const void *, size_t), N None, O a datum (by value; taken).
 * "" is the empty tuple.
 */
struct datum datum_tuple(const char *format, ...);
struct datum datum_tuple_from(const char *format, va_list *arguments);

/* --- lists and tuples (sequence.c): what only the caller has --- */

/* Take item: put it at the end / before index at (0 .. length).  0, -ENOMEM or
 * -E2BIG: it was dropped then. */
int datum_append(struct datum *list, struct datum item);
int sequence_insert(struct sequence *s, size_t at, struct datum item);

/* Take the n items out that begin at `at`; they are dropped. */
void sequence_remove(struct sequence *s, size_t at, size_t n);

/* Room for n items in all: 0 or -ENOMEM. */
int sequence_reserve(struct sequence *s, size_t n);

/* After items were taken out by hand: give back what a list that was long does
 * not need any more. */
void sequence_shrink(struct sequence *s);

/* What weight and depth of the cell are, after items were put by hand: 0 or
 * -E2BIG. */
int sequence_weigh(struct sequence *s);

/* --- dicts and sets (table.c): what only the caller has --- */

enum { TABLE_NONE = -1 };

/* The entry with that key: its index; TABLE_NONE; -EINVAL: no key, it cannot be
 * hashed. */
int64_t table_find(const struct table *t, const struct datum *key);

/* The same where its hash is at hand: that of another table's entry. */
int64_t table_find_hashed(const struct table *t, const struct datum *key,
                          uint64_t hash);

/* Take key and value: set it; an old key stays, the value is replaced.  0,
 * -ENOMEM, -E2BIG, or -EINVAL: both were dropped then. */
int table_set(struct table *t, struct datum key, struct datum value);

/* Take the entry of that index out.  The others keep their index until a new
 * key is set. */
void table_delete(struct table *t, int64_t index);
void table_clear(struct table *t);

/* The first entry from index on that is not deleted, or TABLE_NONE. */
int64_t table_next(const struct table *t, int64_t index);

/* The value of a str key, or NULL. */
const struct datum *table_get(const struct table *t, const char *key);

/* Another table with the same entries, shared.  DATUM_NOTHING: no memory. */
struct datum table_copy(const struct table *t, enum datum_kind kind);

/* --- Python's rules (compare.c, hash.c, number.c, type.c) --- */

/* a == b, as Python has it of the values that arrive at a server: two proxies
 * are equal when they are of the same object (what pins them is the same).
 * (Two ranges with an end beyond 64 bits, which Python takes for equal if they
 * yield the same, are equal here if their fields are.) */
bool datum_equal(const struct datum *a, const struct datum *b);

/*
 * Of data that are equal it is equal.  0; -EINVAL: it cannot be hashed, and
 * *culprit is the kind that cannot ("unhashable type: 'list'").
 */
int datum_hash(const struct datum *d, uint64_t *hash, const char **culprit);

/*
 * a < b: 1 or 0.  -EINVAL: not between these, and culprits are the names of the
 * two types that cannot be compared, which may be deep within (or NULL).
 */
int datum_less(const struct datum *a, const struct datum *b,
               const char *culprits[2]);

/* Python's name of its type: "int", "NoneType", "ListProxy". */
const char *datum_type(const struct datum *d);

/* Is it true where Python asks `if d:`? */
bool datum_truth(const struct datum *d);

/* An int (or bool) that fits int64_t: 0, -EINVAL: not an int; -ERANGE. */
int datum_to_int(const struct datum *d, int64_t *integer);

/* An int, bool or float as a double: 0, -EINVAL, -ERANGE. */
int datum_to_float(const struct datum *d, double *real);

/* Is it a str with just these characters? */
bool datum_is_str(const struct datum *d, const char *text);

/* --- as text (repr.c) --- */

/*
 * repr(d) and str(d), as Python 3.11 prints them, to the end of the buffer.
 * 0, -ENOMEM or -E2BIG.  -ERANGE: an int of more than 4300 digits, or an
 * array('u') of what is no character, which Python does not print either.  The
 * buffer is as it was then.  A proxy within is "<ListProxy object, typeid
 * 'list' at 0x...>".  The items of a set are in the order of their insertion.
 */
int datum_repr(struct buffer *out, const struct datum *d);
int datum_print(struct buffer *out, const struct datum *d);

#endif
