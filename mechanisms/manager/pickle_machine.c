/* SPDX-License-Identifier: MIT */
/*
 * pickle_machine.c - the machine's bytes, stack and bounds.
 *
 * Its cells are its own until the value is handed over, so they are counted
 * here without atomic operations: a pickle of Python's puts each string and
 * tuple into the memo, and hardly one of them is asked for.
 */
#include "manager/pickle_machine.h"
#include "manager/cell.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int machine_fail(struct machine *m, int error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    m->fault->at = (size_t)(m->operation - m->bytes);
    vsnprintf(m->fault->text, sizeof m->fault->text, format, arguments);
    va_end(arguments);
    return error;
}

/* --- bytes --- */

const unsigned char *machine_take(struct machine *m, uint64_t n)
{
    const unsigned char *taken = m->at;

    if (n > (uint64_t)(m->limit - m->at)) {
        machine_fail(
            m, 0, m->framed ? "it goes beyond its frame" : "it is cut short");
        return NULL;
    }
    m->at += n;
    return taken;
}

const unsigned char *machine_line(struct machine *m, size_t *n)
{
    const unsigned char *newline =
        memchr(m->at, '\n', (size_t)(m->limit - m->at));

    if (!newline) {
        machine_fail(m, 0, "a line has no end");
        return NULL;
    }
    *n = (size_t)(newline - m->at);
    return machine_take(m, *n + 1);
}

const unsigned char *machine_counted(struct machine *m, size_t size, size_t *n)
{
    const unsigned char *bytes = machine_take(m, size);
    uint64_t count;

    if (!bytes)
        return NULL;
    count = machine_number(bytes, size);
    bytes = machine_take(m, count);
    *n = (size_t)count;
    return bytes;
}

/* --- the stack --- */

/* Room for one more; for the first that do not fit in place, all move. */
static int grow(struct machine *m, struct stack *s)
{
    size_t capacity = s->capacity * 2;
    bool is_own = s->items == s->own;
    struct datum *items = NULL;

    if (capacity <= PTRDIFF_MAX / sizeof *items)
        items = realloc(is_own ? NULL : s->items, capacity * sizeof *items);
    if (!items)
        return machine_fail(m, -ENOMEM, "no memory");
    if (is_own)
        memcpy(items, s->own, s->length * sizeof *items);
    s->items = items;
    s->capacity = capacity;
    return 0;
}

static int put(struct machine *m, struct datum d)
{
    struct stack *s = &m->stack;

    if (s->length == s->capacity && grow(m, s) < 0) {
        datum_drop(&d);
        return -ENOMEM;
    }
    s->items[s->length++] = d;
    return 0;
}

int machine_push_anywhere(struct machine *m, struct datum d)
{
    int error = datum_error(&d);

    if (error)
        return machine_fail(m, error,
                            error == -E2BIG
                                ? "it is deeper, or more, than is taken"
                                : "no memory");
    return put(m, d);
}

int machine_push_name(struct machine *m, size_t name)
{
    return put(m,
               (struct datum){.kind = DATUM_NOTHING, .integer = (int64_t)name});
}

int machine_mark(struct machine *m)
{
    int error = put(
        m, (struct datum){.kind = DATUM_NOTHING, .integer = (int64_t)m->fence});

    if (!error)
        m->fence = m->stack.length;
    return error;
}

struct datum *machine_top(struct machine *m, size_t n)
{
    if (m->stack.length - m->fence < n) {
        machine_fail(m, 0, "there is too little on its stack");
        return NULL;
    }
    return m->stack.items + m->stack.length - n;
}

struct datum *machine_unmark(struct machine *m, size_t *n)
{
    struct datum *items;
    size_t mark = m->fence - 1;

    if (m->fence == 0) {
        machine_fail(m, 0, "there is no mark");
        return NULL;
    }
    items = m->stack.items + mark;
    m->fence = (size_t)items->integer;
    *n = --m->stack.length - mark;
    memmove(items, items + 1, *n * sizeof *items);
    return items;
}

/* (A name is without a cell, and a mark.) */
static void drop(struct datum *d)
{
    uint64_t references;

    if (!datum_has_cell(d))
        return;
    references =
        atomic_load_explicit(&d->cell->references, memory_order_relaxed);
    if (references > 1)
        atomic_store_explicit(&d->cell->references, references - 1,
                              memory_order_relaxed);
    else
        datum_drop(d);
}

void machine_drop(struct machine *m, size_t n)
{
    while (n-- > 0)
        drop(&m->stack.items[--m->stack.length]);
}

void machine_open(struct machine *m, const void *bytes, size_t n)
{
    m->bytes = m->at = m->operation = bytes;
    m->end = m->limit = m->bytes + n;
    m->stack.items = m->stack.own;
    m->memo.items = m->memo.own;
    m->stack.length = m->memo.length = 0;
    m->stack.capacity = m->memo.capacity = STACK_OWN;
    m->framed = false;
    m->fence = 0;
    m->copied = m->walked = 0;
}

void machine_close(struct machine *m)
{
    machine_drop(m, m->stack.length);
    for (size_t i = 0; i < m->memo.length; i++)
        drop(&m->memo.items[i]);
    if (m->stack.items != m->stack.own)
        free(m->stack.items);
    if (m->memo.items != m->memo.own)
        free(m->memo.items);
}

/* --- the memo --- */

int machine_memoize(struct machine *m, uint64_t index)
{
    const struct datum *top = machine_top(m, 1);
    struct stack *memo = &m->memo;

    if (!top)
        return -EBADMSG;
    /* Each that was put has taken a byte, and nobody skips an index. */
    if (index > (uint64_t)(m->at - m->bytes))
        return machine_fail(m, -EBADMSG, "a memo of %llu entries",
                            (unsigned long long)index);
    while (index >= memo->capacity)
        if (grow(m, memo) < 0)
            return -ENOMEM;
    while (memo->length <= index)
        memo->items[memo->length++] = datum_nothing(0);
    drop(&memo->items[index]);
    memo->items[index] = machine_share(top);
    return 0;
}

int machine_recall(struct machine *m, uint64_t index)
{
    const struct datum *found = m->memo.items + index;

    if (index >= m->memo.length ||
        (found->kind == DATUM_NOTHING && !found->integer))
        return machine_fail(m, -EBADMSG, "the memo has no %llu",
                            (unsigned long long)index);
    return put(m, machine_share(found));
}

/* --- what is data, and may be placed --- */

/* Text for what an item is that is no data. */
static int refuse(struct machine *m, const struct datum *d)
{
    const struct known *name =
        machine_name(d->kind == DATUM_TUPLE ? d->sequence->items : d);

    if (!name)
        return machine_fail(m, -EBADMSG, "a Token has no state");
    return machine_fail(m, -EPERM, "%s.%s is not data", name->module,
                        name->name);
}

static bool is_data(const struct datum *d)
{
    if (d->kind == DATUM_TUPLE)
        return d->sequence->length == 0 ||
               d->sequence->items->kind != DATUM_NOTHING;
    if (d->kind == DATUM_TOKEN)
        return d->record->fields[0].kind == DATUM_STR;
    return d->kind != DATUM_NOTHING;
}

int machine_place(struct machine *m, const struct datum *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!is_data(&items[i]))
            return refuse(m, &items[i]);
        if (items[i].kind >= DATUM_LIST)
            items[i].cell->placed = true;
    }
    return 0;
}

int machine_may_change(struct machine *m, const struct datum *d)
{
    if (d->cell->placed)
        return machine_fail(m, -E2BIG, "it contains itself");
    return 0;
}

/* --- bounds --- */

/* Once of a line of Latin-1 to UTF-8, which is twice as long, and back, and
 * once more to a bytearray. */
enum { COPIES = 4 };

/* What is in a key is looked at once for each key that it is within, and once
 * more for each key that is equal. */
enum { WALKS = 64, WALKS_LEAST = 1 << 16 };

int machine_copies(struct machine *m, size_t n)
{
    m->copied += n;
    if (m->copied / COPIES > (uint64_t)(m->end - m->bytes))
        return machine_fail(m, -E2BIG, "it has more copied than it brings");
    return 0;
}

int machine_walks(struct machine *m, size_t n)
{
    m->walked += n;
    if (m->walked / WALKS > (uint64_t)(m->end - m->bytes) + WALKS_LEAST)
        return machine_fail(m, -E2BIG, "it has more looked at than is taken");
    return 0;
}

/* Why it was not taken, of which there is another reference. */
static int refuse_key(struct machine *m, int error, const struct datum *key)
{
    const char *culprit = NULL;
    uint64_t hash;

    if (error == -EINVAL && datum_hash(key, &hash, &culprit) < 0 && culprit)
        return machine_fail(m, error, "unhashable type: '%s'", culprit);
    return machine_fail(m, error,
                        error == -E2BIG ? "it is deeper, or more, than is taken"
                                        : "no memory");
}

int machine_set(struct machine *m, struct table *t, struct datum *key,
                struct datum *value)
{
    struct datum taken = *key, as = *value, kept = datum_none();
    const uint32_t weight = datum_weight(key);
    const size_t used = t->used;
    int error = 0;

    if (key->kind >= DATUM_BYTEARRAY) {
        error = machine_walks(m, weight);
        if (error)
            return error;
        kept = machine_share(key);
    }
    key->kind = value->kind = DATUM_NOTHING;
    error = table_set(t, taken, as);
    if (error)
        refuse_key(m, error, &kept);
    else if (t->used == used) /* it was there: the two were compared */
        error = machine_walks(m, weight);
    drop(&kept);
    return error;
}
