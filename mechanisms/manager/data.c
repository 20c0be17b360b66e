/* SPDX-License-Identifier: MIT */
/* data.c - what the hosted types that hold data share: a cell of their own
 * before a change, and indices and slices as Python reads them. */
#include "manager/data.h"

#include "manager/cell.h"

#include <errno.h>
#include <string.h>

/* --- what the object alone has --- */

static struct datum copy_list(const struct sequence *s)
{
    struct datum copy = datum_list();
    int error = datum_error(&copy);

    if (!error)
        error = sequence_reserve(copy.sequence, s->length);
    for (size_t i = 0; !error && i < s->length; i++)
        error = datum_append(&copy, datum_share(&s->items[i]));
    if (error)
        datum_drop(&copy);
    return copy;
}

/* (Nobody can come to share it meanwhile: that needs the object's lock.) */
int data_own(struct datum *d)
{
    struct datum copy;

    if (atomic_load_explicit(&d->cell->references, memory_order_acquire) == 1)
        return 0;
    if (d->kind == DATUM_LIST)
        copy = copy_list(d->sequence);
    else
        copy = table_copy(d->table, d->kind);
    if (copy.kind == DATUM_NOTHING)
        return datum_error(&copy);
    datum_drop(d);
    *d = copy;
    return 0;
}

int data_value(struct call *call, void *state)
{
    call->result = datum_share(state);
    return 0;
}

void data_close(void *state)
{
    datum_drop(state);
}

int sequence_replace(struct sequence *s, size_t at, struct datum item)
{
    struct datum old = s->items[at];
    int error;

    cell_discount(&s->cell, &old);
    error = cell_count(&s->cell, &item);
    if (error) {
        s->cell.weight += datum_weight(&old);
        datum_drop(&item);
        return error;
    }
    s->items[at] = item;
    datum_drop(&old);
    return 0;
}

void sequence_take_out(struct sequence *s, size_t at)
{
    cell_discount(&s->cell, &s->items[at]);
    datum_drop(&s->items[at]);
}

/* Would the sequence be too much without these, and with those? */
static int will_fit(const struct sequence *s, size_t at, size_t removed,
                    const struct sequence *items)
{
    uint64_t weight = s->cell.weight;

    for (size_t i = 0; i < removed; i++)
        weight -= datum_weight(&s->items[at + i]);
    weight += items->cell.weight - 1;
    return weight > DATUM_WEIGHT ? -E2BIG : 0;
}

int sequence_splice(struct sequence *s, size_t at, size_t removed,
                    const struct sequence *items)
{
    const size_t n = items->length, behind = s->length - at - removed;
    int error = will_fit(s, at, removed, items);

    if (!error && n > removed)
        error = sequence_grow(s, n - removed);
    if (error)
        return error;
    for (size_t i = at; i < at + removed; i++)
        sequence_take_out(s, i);
    if (n != removed && behind)
        memmove(s->items + at + n, s->items + at + removed,
                behind * sizeof *s->items);
    for (size_t i = 0; i < n; i++) {
        s->items[at + i] = datum_share(&items->items[i]);
        (void)cell_count(&s->cell, &items->items[i]);
    }
    s->length = at + n + behind;
    if (n < removed)
        sequence_shrink(s);
    return 0;
}

/* A little more than is asked for, so that many small ones are cheap. */
int sequence_grow(struct sequence *s, size_t n)
{
    size_t least = s->length + n;

    if (least <= s->capacity)
        return 0;
    return sequence_reserve(s, least + s->length / 2);
}

/* --- indices and slices --- */

/* A bound beyond int64_t is as good as the farthest. */
static int64_t farthest(const struct datum *big)
{
    const struct text *t = big->text;

    return t->bytes[t->length - 1] & 0x80 ? -INT64_MAX : INT64_MAX;
}

int slice_bound(struct call *call, const struct datum *d, bool or_none,
                int64_t *bound)
{
    int error = datum_to_int(d, bound);

    if (error == -ERANGE)
        *bound = farthest(d);
    else if (error)
        return call_raise(call, "TypeError",
                          "slice indices must be integers or %shave an "
                          "__index__ method",
                          or_none ? "None or " : "");
    if (*bound < -INT64_MAX)
        *bound = -INT64_MAX;
    return 0;
}

/* A field of a slice; absent: what None means. */
static int slice_field(struct call *call, const struct datum *d, int64_t absent,
                       int64_t *bound)
{
    *bound = absent;
    return d->kind == DATUM_NONE ? 0 : slice_bound(call, d, true, bound);
}

/* From the end, and cut to what is there. */
static int64_t adjust(int64_t bound, int64_t length, bool down)
{
    if (bound < 0) {
        bound += length;
        return bound < 0 ? (down ? -1 : 0) : bound;
    }
    return bound < length ? bound : down ? length - 1 : length;
}

int slice_take(struct call *call, const struct datum *d, size_t length,
               struct slice *s)
{
    const struct datum *fields = d->record->fields;
    const int64_t n = (int64_t)length;
    int64_t stop;
    int error = slice_field(call, &fields[2], 1, &s->step);
    bool down;

    if (!error && s->step == 0)
        return call_raise(call, "ValueError", "slice step cannot be zero");
    down = s->step < 0;
    if (!error)
        error = slice_field(call, &fields[0], down ? INT64_MAX : 0, &s->start);
    if (!error)
        error =
            slice_field(call, &fields[1], down ? -INT64_MAX : INT64_MAX, &stop);
    if (error)
        return error;
    s->start = adjust(s->start, n, down);
    stop = adjust(stop, n, down);
    s->count = 0;
    if (down && stop < s->start)
        s->count = (size_t)((s->start - stop - 1) / -s->step + 1);
    else if (!down && s->start < stop)
        s->count = (size_t)((stop - s->start - 1) / s->step + 1);
    return 0;
}

size_t slice_at(const struct slice *s, size_t i)
{
    return (size_t)(s->start + (int64_t)i * s->step);
}

void slice_upwards(struct slice *s)
{
    if (s->step > 0)
        return;
    if (s->count)
        s->start = (int64_t)slice_at(s, s->count - 1);
    s->step = -s->step;
}

bool datum_is_index(const struct datum *d)
{
    return d->kind == DATUM_INT || d->kind == DATUM_BOOL ||
           d->kind == DATUM_BIG;
}

int index_take(struct call *call, const struct datum *d, size_t length,
               const char *none, size_t *at)
{
    int64_t i;

    if (datum_to_int(d, &i))
        return call_raise(call, "IndexError",
                          "cannot fit 'int' into an index-sized integer");
    if (i < 0)
        i += (int64_t)length;
    if (i < 0 || i >= (int64_t)length)
        return call_raise(call, "IndexError", "%s", none);
    *at = (size_t)i;
    return 0;
}
