/* SPDX-License-Identifier: MIT */
/*
 * pickle_machine.h - the stack machine that a pickle is a program for, as far
 * as it makes data.  Private to pickle_*.c.
 *
 * Its stack holds data, and two things that are none: a mark, and a name
 * ("builtins.slice").  Both are a DATUM_NOTHING with a number in it, so that
 * nobody who takes data takes them.  A name may stand first in a tuple that is
 * going to be the arguments of another name; such a tuple is no data either.
 */
#ifndef IPCLAB_PICKLE_MACHINE_H
#define IPCLAB_PICKLE_MACHINE_H

#include "manager/pickle.h"

#include <string.h>

/* The operations, by the bytes that they are (Lib/pickletools.py). */
enum opcode {
    MARK = '(',
    STOP = '.',
    POP = '0',
    POP_MARK = '1',
    DUP = '2',
    FLOAT = 'F',
    INT = 'I',
    BININT = 'J',
    BININT1 = 'K',
    LONG = 'L',
    BININT2 = 'M',
    NONE = 'N',
    PERSID = 'P',
    BINPERSID = 'Q',
    REDUCE = 'R',
    STRING = 'S',
    BINSTRING = 'T',
    SHORT_BINSTRING = 'U',
    UNICODE = 'V',
    BINUNICODE = 'X',
    APPEND = 'a',
    BUILD = 'b',
    GLOBAL = 'c',
    DICT = 'd',
    EMPTY_DICT = '}',
    APPENDS = 'e',
    GET = 'g',
    BINGET = 'h',
    INST = 'i',
    LONG_BINGET = 'j',
    LIST = 'l',
    EMPTY_LIST = ']',
    OBJ = 'o',
    PUT = 'p',
    BINPUT = 'q',
    LONG_BINPUT = 'r',
    SETITEM = 's',
    TUPLE = 't',
    EMPTY_TUPLE = ')',
    SETITEMS = 'u',
    BINFLOAT = 'G',
    PROTO = 0x80,
    NEWOBJ = 0x81,
    EXT1 = 0x82,
    EXT2 = 0x83,
    EXT4 = 0x84,
    TUPLE1 = 0x85,
    TUPLE2 = 0x86,
    TUPLE3 = 0x87,
    NEWTRUE = 0x88,
    NEWFALSE = 0x89,
    LONG1 = 0x8a,
    LONG4 = 0x8b,
    BINBYTES = 'B',
    SHORT_BINBYTES = 'C',
    SHORT_BINUNICODE = 0x8c,
    BINUNICODE8 = 0x8d,
    BINBYTES8 = 0x8e,
    EMPTY_SET = 0x8f,
    ADDITEMS = 0x90,
    FROZENSET = 0x91,
    NEWOBJ_EX = 0x92,
    STACK_GLOBAL = 0x93,
    MEMOIZE = 0x94,
    FRAME = 0x95,
    BYTEARRAY8 = 0x96,
    NEXT_BUFFER = 0x97,
    READONLY_BUFFER = 0x98,
};

enum {
    PICKLE_PROTOCOL = 4, /* that is written */
    PICKLE_NEWEST = 5,   /* that is read */
    PICKLE_DIGITS = 4300 /* of a decimal number, as Python reads them */
};

/* Data that grow, the first of them in place. */
enum { STACK_OWN = 32 };

struct stack {
    struct datum *items;
    size_t length, capacity;
    struct datum own[STACK_OWN];
};

struct machine {
    const unsigned char *bytes, *at, *end; /* the message, and where we are */
    const unsigned char *limit;     /* the end of the frame, or the message */
    bool framed;                    /* it is a frame's */
    const unsigned char *operation; /* where the one that runs began */
    struct stack stack, memo;
    size_t fence; /* items above the last mark begin here; 0: there is none */
    uint64_t copied, walked; /* see machine_copies, machine_walks */
    const struct pickle_reader *reader;
    struct pickle_fault *fault;
};

/* --- the machine (pickle_machine.c); every int is 0 or -errno --- */

/* For n bytes; its reader and fault are the caller's to set. */
void machine_open(struct machine *m, const void *bytes, size_t n);

/* Drop all that is left. */
void machine_close(struct machine *m);

/* That error, and its text. */
int machine_fail(struct machine *m, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The next n bytes, which must be there; NULL: it is cut short. */
const unsigned char *machine_take(struct machine *m, uint64_t n);

/* The same up to a newline, which is not counted. */
const unsigned char *machine_line(struct machine *m, size_t *n);

/* A count of `size` bytes, little end first, and that many bytes behind it. */
const unsigned char *machine_counted(struct machine *m, size_t size, size_t *n);

/* Take a datum and push it; push a name of pickle_find's. */
int machine_push_anywhere(struct machine *m, struct datum d);
int machine_push_name(struct machine *m, size_t name);

static inline int machine_push(struct machine *m, struct datum d)
{
    struct stack *s = &m->stack;

    if (d.kind == DATUM_NOTHING || s->length == s->capacity)
        return machine_push_anywhere(m, d);
    s->items[s->length++] = d;
    return 0;
}

/* There must be n items above the last mark: the lowest of the topmost n, or
 * NULL. */
struct datum *machine_top(struct machine *m, size_t n);

int machine_mark(struct machine *m);

/* The items above the last mark, which is removed: they are still the stack's,
 * its topmost n.  NULL: there is no mark. */
struct datum *machine_unmark(struct machine *m, size_t *n);

/* Drop the topmost n. */
void machine_drop(struct machine *m, size_t n);

/* The topmost item to the memo, or an item of the memo to the stack. */
int machine_memoize(struct machine *m, uint64_t index);
int machine_recall(struct machine *m, uint64_t index);

/* All n must be data.  They are placed within another then, and so not changed
 * any more: that is why nothing contains itself. */
int machine_place(struct machine *m, const struct datum *items, size_t n);

/* Is it so that nobody has placed it yet?  -E2BIG. */
int machine_may_change(struct machine *m, const struct datum *d);

/*
 * What a few bytes can have done again and again is bounded by the message:
 * what is copied (data, or bytes of a text) by a few times its length, as each
 * was in it once; what is looked at without a copy, to be hashed for one, by
 * many times its length.  0 or -E2BIG.
 */
int machine_copies(struct machine *m, size_t n);
int machine_walks(struct machine *m, size_t n);

/* Take key and value into the table.  0; -EINVAL: it cannot be hashed; -E2BIG,
 * -ENOMEM. */
int machine_set(struct machine *m, struct table *t, struct datum *key,
                struct datum *value);

/* Another of the same, while nobody but the machine has it: not atomic. */
static inline struct datum machine_share(const struct datum *d)
{
    if (datum_has_cell(d))
        atomic_store_explicit(
            &d->cell->references,
            atomic_load_explicit(&d->cell->references, memory_order_relaxed) +
                1,
            memory_order_relaxed);
    return *d;
}

/* An unsigned number of n <= 8 bytes, little end first. */
static inline uint64_t machine_number(const unsigned char *bytes, size_t n)
{
    uint64_t value = 0;

    for (size_t i = n; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

/* --- names (pickle_known.c) --- */

/* What becomes of a name with its arguments. */
enum shape {
    SHAPE_EXCEPTION,
    SHAPE_SLICE,
    SHAPE_RANGE,
    SHAPE_BYTES,
    SHAPE_BYTEARRAY,
    SHAPE_SET,
    SHAPE_FROZENSET,
    SHAPE_REVERSED,
    SHAPE_LIST,
    SHAPE_ENCODE,
    SHAPE_ARRAY,
    SHAPE_ARRAY_RECONSTRUCTOR,
    SHAPE_REBUILD_PROXY,
    SHAPE_RECONSTRUCTOR, /* copyreg._reconstructor(class, object, None) */
    SHAPE_NEWOBJ,        /* copyreg.__newobj__(class) */
    /* what is not called, but the argument of another */
    SHAPE_TOKEN,
    SHAPE_INSTANCE,
    SHAPE_PROXY,
    SHAPE_OBJECT,
};

struct known {
    const char *module, *name;
    enum shape shape;
    const char *as; /* its name today, or NULL */
};

/* The number of a name, 0: it is not one of the list. */
size_t pickle_find(const char *module, size_t module_length, const char *name,
                   size_t name_length);
const struct known *pickle_known(size_t name);

/* The name that an item of the stack is, or NULL. */
static inline const struct known *machine_name(const struct datum *d)
{
    return d->kind == DATUM_NOTHING ? pickle_known((size_t)d->integer) : NULL;
}

/* The module of an exception's class, or NULL: not known. */
const char *pickle_exception_module(const char *class);

/* Is it one of those of managers that a proxy, or an instance, has? */
bool pickle_is_proxy(const char *class);
bool pickle_is_instance(const char *class);

/* --- shapes (pickle_shapes.c) --- */

/* What a name and a tuple of arguments become.  (*made may be something though
 * it failed: it is the caller's.) */
int machine_make(struct machine *m, const struct known *of,
                 const struct datum *tuple, struct datum *made);

/* An object of a class, a name, that has no state yet. */
int machine_make_new(struct machine *m, const struct datum *class,
                     struct datum *made);

/* --- operations: of numbers and texts (pickle_atoms.c), of lines of text
 * (pickle_lines.c), of containers (pickle_containers.c), of names
 * (pickle_names.c) --- */

int machine_binint(struct machine *m);
int machine_binint1(struct machine *m);
int machine_binint2(struct machine *m);
int machine_long1(struct machine *m);
int machine_long4(struct machine *m);
int machine_binfloat(struct machine *m);
int machine_short_binunicode(struct machine *m);
int machine_binunicode(struct machine *m);
int machine_binunicode8(struct machine *m);
int machine_short_binbytes(struct machine *m);
int machine_binbytes(struct machine *m);
int machine_binbytes8(struct machine *m);
int machine_bytearray8(struct machine *m);
int machine_short_binstring(struct machine *m);
int machine_binstring(struct machine *m);

int machine_int(struct machine *m);
int machine_long(struct machine *m);
int machine_float(struct machine *m);
int machine_string(struct machine *m);
int machine_unicode(struct machine *m);
/* The index of a GET or PUT. */
int machine_index(struct machine *m, uint64_t *index);

int machine_empty_list(struct machine *m);
int machine_empty_dict(struct machine *m);
int machine_empty_set(struct machine *m);
int machine_empty_tuple(struct machine *m);
int machine_tuple(struct machine *m);
int machine_tuple1(struct machine *m);
int machine_tuple2(struct machine *m);
int machine_tuple3(struct machine *m);
int machine_list(struct machine *m);
int machine_append(struct machine *m);
int machine_appends(struct machine *m);
int machine_dict(struct machine *m);
int machine_setitem(struct machine *m);
int machine_setitems(struct machine *m);
int machine_additems(struct machine *m);
int machine_frozenset(struct machine *m);

int machine_global(struct machine *m);
int machine_stack_global(struct machine *m);
int machine_reduce(struct machine *m);
int machine_newobj(struct machine *m);
int machine_build(struct machine *m);

/* array.array(code, source), and what _array_reconstructor makes of a format
 * and bytes (pickle_array.c). */
int machine_array(struct machine *m, const struct datum *code,
                  const struct datum *source, struct datum *array);
int machine_array_format(struct machine *m, const struct datum *code,
                         int64_t format, const struct datum *bytes,
                         struct datum *array);

/* The number that this machine's format of that typecode has, or -1. */
int pickle_array_format(const struct datum *code);

#endif
