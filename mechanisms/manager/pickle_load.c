/* SPDX-License-Identifier: MIT */
/*
 * pickle_load.c - a value out of a pickle: the loop that runs its operations,
 * and those that are about the machine itself.
 */
#include "manager/pickle_machine.h"

#include <errno.h>

/* What an operation returns when the pickle has ended. */
enum { STOPPED = 1 };

/* --- frames and marks --- */

static int load_proto(struct machine *m)
{
    const unsigned char *version = machine_take(m, 1);

    if (!version)
        return -EBADMSG;
    if (*version > PICKLE_NEWEST)
        return machine_fail(m, -EBADMSG, "protocol %u", *version);
    return 0;
}

/* What is in a frame ends with it. */
static int load_frame(struct machine *m)
{
    const unsigned char *length = machine_take(m, 8);
    uint64_t n;

    if (!length)
        return -EBADMSG;
    if (m->framed && m->at != m->limit)
        return machine_fail(m, -EBADMSG, "a frame within a frame");
    n = machine_number(length, 8);
    if (n > (uint64_t)(m->end - m->at))
        return machine_fail(m, -EBADMSG, "a frame is cut short");
    m->limit = m->at + n;
    m->framed = true;
    return 0;
}

static int load_stop(struct machine *m)
{
    int error;

    if (m->fence || m->stack.length != 1)
        return machine_fail(m, -EBADMSG, "its end is not that of one value");
    if (m->at != m->end)
        return machine_fail(m, -EBADMSG, "bytes follow its end");
    error = machine_place(m, m->stack.items, 1);
    return error ? error : STOPPED;
}

static int load_pop(struct machine *m)
{
    size_t n;

    if (m->fence && m->fence == m->stack.length)
        return machine_unmark(m, &n) ? 0 : -EBADMSG;
    if (!machine_top(m, 1))
        return -EBADMSG;
    machine_drop(m, 1);
    return 0;
}

static int load_pop_mark(struct machine *m)
{
    size_t n;

    if (!machine_unmark(m, &n))
        return -EBADMSG;
    machine_drop(m, n);
    return 0;
}

static int load_dup(struct machine *m)
{
    const struct datum *top = machine_top(m, 1);

    if (!top)
        return -EBADMSG;
    if (top->kind == DATUM_NOTHING)
        return machine_push_name(m, (size_t)top->integer);
    return machine_push(m, machine_share(top));
}

/* --- the memo --- */

static int load_put(struct machine *m)
{
    uint64_t index = 0;
    int error = machine_index(m, &index);

    return error ? error : machine_memoize(m, index);
}

static int load_get(struct machine *m)
{
    uint64_t index = 0;
    int error = machine_index(m, &index);

    return error ? error : machine_recall(m, index);
}

static int load_binput(struct machine *m)
{
    const unsigned char *index = machine_take(m, 1);

    return index ? machine_memoize(m, *index) : -EBADMSG;
}

static int load_long_binput(struct machine *m)
{
    const unsigned char *index = machine_take(m, 4);

    return index ? machine_memoize(m, machine_number(index, 4)) : -EBADMSG;
}

static int load_binget(struct machine *m)
{
    const unsigned char *index = machine_take(m, 1);

    return index ? machine_recall(m, *index) : -EBADMSG;
}

static int load_long_binget(struct machine *m)
{
    const unsigned char *index = machine_take(m, 4);

    return index ? machine_recall(m, machine_number(index, 4)) : -EBADMSG;
}

static int load_memoize(struct machine *m)
{
    return machine_memoize(m, m->memo.length);
}

/* --- None and bools --- */

static int load_none(struct machine *m)
{
    return machine_push(m, datum_none());
}

static int load_true(struct machine *m)
{
    return machine_push(m, datum_bool(true));
}

static int load_false(struct machine *m)
{
    return machine_push(m, datum_bool(false));
}

/* --- what is refused --- */

static int refuse_persistent(struct machine *m)
{
    return machine_fail(m, -EPERM, "a persistent id is not data");
}

static int refuse_extension(struct machine *m)
{
    return machine_fail(m, -EPERM, "an extension code is not data");
}

static int refuse_instance(struct machine *m)
{
    return machine_fail(m, -EPERM, "an instance is not data");
}

static int refuse_buffer(struct machine *m)
{
    return machine_fail(m, -EPERM, "a buffer out of band is not data");
}

/* --- all of them --- */

static int (*const operations[256])(struct machine *m) = {
    [PROTO] = load_proto,
    [FRAME] = load_frame,
    [MARK] = machine_mark,
    [STOP] = load_stop,
    [POP] = load_pop,
    [POP_MARK] = load_pop_mark,
    [DUP] = load_dup,
    [PUT] = load_put,
    [BINPUT] = load_binput,
    [LONG_BINPUT] = load_long_binput,
    [MEMOIZE] = load_memoize,
    [GET] = load_get,
    [BINGET] = load_binget,
    [LONG_BINGET] = load_long_binget,
    [NONE] = load_none,
    [NEWTRUE] = load_true,
    [NEWFALSE] = load_false,
    [PERSID] = refuse_persistent,
    [BINPERSID] = refuse_persistent,
    [EXT1] = refuse_extension,
    [EXT2] = refuse_extension,
    [EXT4] = refuse_extension,
    [INST] = refuse_instance,
    [OBJ] = refuse_instance,
    [NEWOBJ_EX] = refuse_instance,
    [NEXT_BUFFER] = refuse_buffer,
    [READONLY_BUFFER] = refuse_buffer,
    [INT] = machine_int,
    [LONG] = machine_long,
    [FLOAT] = machine_float,
    [STRING] = machine_string,
    [UNICODE] = machine_unicode,
    [BININT] = machine_binint,
    [BININT1] = machine_binint1,
    [BININT2] = machine_binint2,
    [LONG1] = machine_long1,
    [LONG4] = machine_long4,
    [BINFLOAT] = machine_binfloat,
    [BINSTRING] = machine_binstring,
    [SHORT_BINSTRING] = machine_short_binstring,
    [BINUNICODE] = machine_binunicode,
    [SHORT_BINUNICODE] = machine_short_binunicode,
    [BINUNICODE8] = machine_binunicode8,
    [BINBYTES] = machine_binbytes,
    [SHORT_BINBYTES] = machine_short_binbytes,
    [BINBYTES8] = machine_binbytes8,
    [BYTEARRAY8] = machine_bytearray8,
    [EMPTY_TUPLE] = machine_empty_tuple,
    [TUPLE] = machine_tuple,
    [TUPLE1] = machine_tuple1,
    [TUPLE2] = machine_tuple2,
    [TUPLE3] = machine_tuple3,
    [EMPTY_LIST] = machine_empty_list,
    [LIST] = machine_list,
    [APPEND] = machine_append,
    [APPENDS] = machine_appends,
    [EMPTY_DICT] = machine_empty_dict,
    [DICT] = machine_dict,
    [SETITEM] = machine_setitem,
    [SETITEMS] = machine_setitems,
    [EMPTY_SET] = machine_empty_set,
    [ADDITEMS] = machine_additems,
    [FROZENSET] = machine_frozenset,
    [GLOBAL] = machine_global,
    [STACK_GLOBAL] = machine_stack_global,
    [REDUCE] = machine_reduce,
    [NEWOBJ] = machine_newobj,
    [BUILD] = machine_build,
};

static int run(struct machine *m)
{
    int error = 0;

    while (!error) {
        if (m->at == m->limit) { /* of the frame, or all */
            m->limit = m->end;
            m->framed = false;
        }
        m->operation = m->at;
        if (m->at == m->end)
            return machine_fail(m, -EBADMSG, "it has no end");
        if (!operations[*m->at])
            return machine_fail(m, -EBADMSG, "there is no operation 0x%02x",
                                *m->at);
        error = operations[*m->at++](m);
    }
    return error;
}

int pickle_load(const void *bytes, size_t n, const struct pickle_reader *reader,
                struct datum *value, struct pickle_fault *fault)
{
    struct pickle_fault ignored;
    struct machine machine;
    int error;

    if (!fault)
        fault = &ignored;
    fault->at = 0;
    fault->text[0] = '\0';
    *value = (struct datum){.kind = DATUM_NOTHING};
    machine.reader = reader;
    machine.fault = fault;
    machine_open(&machine, n ? bytes : "", n);
    error = run(&machine);
    if (error == STOPPED)
        *value = machine.stack.items[--machine.stack.length];
    machine_close(&machine);
    return error == STOPPED ? 0 : error;
}
