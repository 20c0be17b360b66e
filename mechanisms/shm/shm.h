/* SPDX-License-Identifier: MIT */
/*
 * shm.h - Value, Array and SharedMemory, as multiprocessing has them (CPython
 * Lib/multiprocessing/sharedctypes.py, shared_memory.py).
 *
 *     #include "common/hooks.h"
 *     #include "shm/shm.h"
 *
 *     int main(int argc, char **argv)
 *     {
 *         struct value num;
 *         double pi = 3.1415927;
 *
 *         mechanisms_init(argc, argv);
 *         if (value_open(&num, 'd') < 0) // Value('d')
 *             return 1;
 *         value_set(&num, &pi);          // num.value = 3.1415927
 *         value_close(&num);
 *         return 0;
 *     }
 *
 * A Value is one item in shared memory, an Array several.  Both have their
 * memory from a heap (heap.h): it has a descriptor and no name, can be handed
 * to any child, and is gone with the last process.  Beside it lies a lock.
 *
 * What the lock does is what Python's does: each call here takes it, and gives
 * it back.  So a value_get and then a value_set are two turns, and between them
 * may be another's: `v += 1` made of them loses counts.  value_add is one
 * turn; any more is done by who takes the lock himself, by value_get_lock, an
 * RLock unless told otherwise, and then uses value_get_obj or the calls.
 *
 * The types, by the codes of array and ctypes:
 *
 *     c char           b signed char   B unsigned char   h short   H unsigned
 *     short   i int   I unsigned   l long   L unsigned long   q long long
 *     Q unsigned long long   f float   d double   ? bool
 *
 * What is handed in or out is named by a pointer to a variable of that type, or
 * of one that is as long and of the same kind (l and q are); to another it is
 * -EINVAL (TypeError), and nothing is converted.
 *
 * Who made a Value or Array frees its memory when he closes it, whoever uses it
 * still, as in Python; a child's close lets go of what the child has.  Under a
 * robust lock whose owner died a call does its work, and says -EOWNERDEAD.  The
 * structs know their own addresses: they are not copied.
 */
#ifndef IPCLAB_SHM_H
#define IPCLAB_SHM_H

#include "common/parcel.h"
#include "shm/heap.h"
#include "sync/sync.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- types --- */

/* Bytes of an item of that type; 0: no such type. */
size_t type_size(char type);

/* The code of a variable's type. */
#define TYPE_OF(variable)                                                      \
    _Generic((variable), char                                                  \
             : 'c', signed char                                                \
             : 'b', unsigned char                                              \
             : 'B', short                                                      \
             : 'h', unsigned short                                             \
             : 'H', int                                                        \
             : 'i', unsigned                                                   \
             : 'I', long                                                       \
             : 'l', unsigned long                                              \
             : 'L', long long                                                  \
             : 'q', unsigned long long                                         \
             : 'Q', float                                                      \
             : 'f', double                                                     \
             : 'd', bool                                                       \
             : '?')

/* What both are: items of a type in a block, and the lock that guards them. */
struct typed {
    void *items; /* where this process has them; NULL: closed */
    size_t length;
    size_t size; /* of one, bytes */
    char type;
    unsigned char kind; /* private */
    struct lock *lock;  /* or NULL: raw */
    struct lock own;    /* that lock, where none was given here */
    struct block block;
    struct block lent; /* the block of another Value, whose lock it is */
};

/* --- Value --- */

struct value {
    struct typed typed;
};

/*
 * Value(type): a zero, with an RLock of its own, which lies beside it.  `with`
 * that lock, which must outlive it (Value(type, lock=lock)); or with NULL, and
 * so without (lock=False: RawValue).  `apart`: on cache lines of its own, so
 * that no neighbour slows it down; the heap's are 8 bytes from each other.
 * 0.  -EINVAL: no such type.  -ENOMEM, or -errno of memfd_create(2).
 */
int value_open(struct value *v, char type);
int value_open_with(struct value *v, char type, struct lock *lock);
int value_open_apart(struct value *v, char type);

/* Harmless twice.  Where it was made its memory is free. */
void value_close(struct value *v);

/* .value: *to is what it is, or it becomes *from, in a turn of its own.
 * 0, -EINVAL as above, or -EOWNERDEAD. */
#define value_get(v, to)   typed_get(&(v)->typed, 0, TYPE_OF(*(to)), (to))
#define value_set(v, from) typed_set(&(v)->typed, 0, TYPE_OF(*(from)), (from))

/*
 * Add n to a number, in one turn: nothing is lost.  An integer wraps at the end
 * of its range.  -EINVAL: a c or ? is no number.
 */
int value_add(struct value *v, int64_t n);

/*
 * The same to an integer without the lock, as one instruction; *before, unless
 * before is NULL, is what it was.  It is one turn for others who do so; who
 * takes the lock does not keep it out.  -EINVAL: it is no integer.
 */
int value_atomic_add(struct value *v, int64_t n, int64_t *before);

/* get_lock(), or NULL where it is raw; and get_obj(), its memory. */
struct lock *value_get_lock(struct value *v);
void *value_get_obj(const struct value *v);

/*
 * Hand it to a child with its lock, and receive it there.  -EFAULT: a lock that
 * was given lies in memory of the caller's, and cannot be handed on.
 */
int value_pack(const struct value *v, struct parcel *parcel);
int value_unpack(struct value *v, struct parcel *parcel);

/* --- Array --- */

struct array {
    struct typed typed;
};

/*
 * Array(type, n): n zeroes, as of a Value.  An array of HEAP_APART bytes
 * and more lies on cache lines of its own.  -ENOMEM also when n of them are
 * more than there can be.
 */
int array_open(struct array *a, char type, size_t n);
int array_open_with(struct array *a, char type, size_t n, struct lock *lock);
void array_close(struct array *a);

/* len(). */
size_t array_length(const struct array *a);

/*
 * a[i], i counting from the end when below 0, in a turn of its own.
 * -ERANGE: there is none (IndexError).  Else as of a Value.
 */
#define array_get(a, i, to) typed_get(&(a)->typed, (i), TYPE_OF(*(to)), (to))
#define array_set(a, i, from)                                                  \
    typed_set(&(a)->typed, (i), TYPE_OF(*(from)), (from))

/*
 * a[start:start + n], n items in one turn, at the speed of memcpy(3).  A slice
 * that is not all there is -ERANGE, and nothing is copied, where Python's would
 * be cut.
 */
#define array_read(a, start, n, to)                                            \
    typed_read(&(a)->typed, (start), (n), TYPE_OF(*(to)), (to))
#define array_write(a, start, n, from)                                         \
    typed_write(&(a)->typed, (start), (n), TYPE_OF(*(from)), (from))

/* As of a Value, to item i. */
int array_add(struct array *a, int64_t i, int64_t n);
int array_atomic_add(struct array *a, int64_t i, int64_t n, int64_t *before);

struct lock *array_get_lock(struct array *a);
void *array_get_obj(const struct array *a);

int array_pack(const struct array *a, struct parcel *parcel);
int array_unpack(struct array *a, struct parcel *parcel);

/* --- what the macros call --- */

int typed_get(struct typed *t, int64_t i, char type, void *to);
int typed_set(struct typed *t, int64_t i, char type, const void *from);
int typed_read(struct typed *t, size_t start, size_t n, char type, void *to);
int typed_write(struct typed *t, size_t start, size_t n, char type,
                const void *from);

/* --- SharedMemory --- */

/*
 * A segment with a name: /dev/shm/NAME, as Python's, which can attach to it,
 * and whose own can be attached to.  It has its whole size, and memory for it,
 * before it has its name: nobody ever sees half of one, and using it cannot
 * fail for want of memory.  But who may write to it may also cut it, and then
 * others are killed by SIGBUS; an Array cannot be cut.
 */
struct shared_memory {
    void *buf;   /* NULL: closed */
    size_t size; /* bytes */
    char name[NAME_MAX + 1];
    int fd;
    bool made;     /* by this process, or by one that it was forked from */
    uint64_t file; /* which file: a name may have come to be another's */
};

/*
 * SharedMemory(name, create=True, size): zeroes.  Without a name (NULL) it gets
 * one, "psm_" and 8 hexadecimal digits.  A leading '/' is no part of a name.
 *
 * The resource tracker, where start/ is linked in, is told of it, and removes
 * the name when all of this program are gone and nobody has unlinked it.
 *
 * 0.  -EINVAL: a size of 0, or a name that no file can have.  -ENAMETOOLONG.
 * -EEXIST: the name is taken.  -ENOSPC: /dev/shm is full.  -ENOMEM.  Or -errno.
 */
int shared_memory_create(struct shared_memory *m, const char *name,
                         size_t size);

/*
 * SharedMemory(name): all of it, as large as it is now.  The tracker is not
 * told: it is another's to remove (Python's is told, until 3.13's track=False;
 * see the hazard tracker-unlinks-anothers).
 * The name is not that of *m itself.
 * -ENOENT: no such name.  -ENODATA: its maker has not yet given it a size.
 */
int shared_memory_attach(struct shared_memory *m, const char *name);

/* Unmap it here.  The name and the segment stay.  Harmless twice. */
void shared_memory_close(struct shared_memory *m);

/*
 * Remove the name; the segment goes with its last user.  It may be closed.
 * 0.  -ENOENT: it has been removed, also if the name is another segment's now.
 */
int shared_memory_unlink(struct shared_memory *m);

/* A child gets the segment itself, whether it still has its name or not. */
int shared_memory_pack(const struct shared_memory *m, struct parcel *parcel);
int shared_memory_unpack(struct shared_memory *m, struct parcel *parcel);

#endif
