/* SPDX-License-Identifier: MIT */
/*
 * pickle.h - values to bytes and back: a part of Python's pickle, by data.
 *
 * It reads protocols 0 to 5 and writes protocol 4 (PEP 3154, PEP 574, Python's
 * Lib/pickletools.py).  A pickle is a program; this reader runs none of it that
 * does anything: it builds None, bool, int, float, str, bytes, tuple, list,
 * dict, set and frozenset, and beyond that knows a closed list of shapes as
 * data, by their names, and never looks a name up:
 *
 *     builtins       slice, range, bytearray, set, frozenset, reversed, list,
 *                    the exceptions
 *     queue, _queue  Empty, Full        threading  BrokenBarrierError
 *     array          array, _array_reconstructor
 *     multiprocessing.managers          Token, RebuildProxy, AutoProxy, the
 *                    *Proxy classes, RemoteError, Value, Namespace
 *
 * and the spellings that protocols 0 to 2 have of them (__builtin__,
 * exceptions, _codecs.encode, copyreg).  Every other GLOBAL, REDUCE, BUILD,
 * INST, OBJ, EXT, persistent id or out-of-band buffer is refused.
 *
 * What a stranger sends is bounded: depth, what it unfolds to, the memo, what
 * it has copied (as a set of a list is) and what it has hashed; and nothing is
 * allocated for a length that is not there.  A value that contains itself is
 * refused.  So time and memory are linear in the message.
 *
 * What is left out: the attributes of an exception beside its args, and the key
 * that a proxy may carry.  What is written has no memo: what is shared is
 * written again.
 */
#ifndef IPCLAB_PICKLE_H
#define IPCLAB_PICKLE_H

#include "manager/datum.h"

/* What was wrong, for the error reply. */
struct pickle_fault {
    size_t at;      /* the byte where */
    char text[120]; /* "builtins.len is not data" */
};

struct pickle_reader {
    /*
     * Called for each proxy within, or NULL: make `proxy` refer to its object
     * (record->pin, unpin), and keep no share of it.  0, or -errno: refused,
     * with the fault's text (the fault is never NULL here).
     */
    int (*proxy)(void *argument, struct datum *proxy,
                 struct pickle_fault *fault);
    void *argument;
};

/*
 * The value that n bytes hold, the caller's, or an error:
 * -EBADMSG: no pickle, or cut short, or bytes follow its end.
 * -EPERM:   a name or an operation that is not data.
 * -E2BIG:   deeper or more than DATUM_DEPTH, DATUM_WEIGHT; it contains itself.
 * -EINVAL:  a key that cannot be hashed.   -ENOMEM.
 * reader, fault: may be NULL.
 */
int pickle_load(const void *bytes, size_t n, const struct pickle_reader *reader,
                struct datum *value, struct pickle_fault *fault);

/* Append the pickle of a value.  0, -ENOMEM, or -E2BIG beyond its limit. */
int pickle_dump(struct buffer *out, const struct datum *value);

/*
 * The same in parts, for who writes a tuple whose items are at hand:
 *     pickle_begin(out); pickle_put(out, a); pickle_put(out, b);
 *     pickle_tuple(out, 2); pickle_end(out);
 */
int pickle_begin(struct buffer *out);
int pickle_put(struct buffer *out, const struct datum *value);
int pickle_text(struct buffer *out, const char *text); /* a str */
int pickle_tuple(struct buffer *out, unsigned n); /* of the last 1, 2 or 3 */
int pickle_mark(struct buffer *out);              /* of all that follow ... */
int pickle_marked(struct buffer *out);            /* ... until this */
int pickle_end(struct buffer *out);

#endif
