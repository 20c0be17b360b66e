/* SPDX-License-Identifier: MIT */
/*
 * pickle_shapes.c - what a name with its arguments is, as data.
 *
 * Whatever does not fit its shape to the letter is refused.
 */
#include "manager/cell.h"
#include "manager/pickle_machine.h"

#include <errno.h>

/* --- what is called, by its shape: *made of n arguments --- */

struct arguments {
    const struct known *of;
    const struct datum *tuple, *items;
    size_t n;
};

typedef int shape_maker(struct machine *m, const struct arguments *a,
                        struct datum *made);

static int misfit(struct machine *m, const struct arguments *a,
                  struct datum *made)
{
    (void)made;
    return machine_fail(m, -EPERM, "%s.%s of these arguments is not data",
                        a->of->module, a->of->name);
}

static bool is_int(const struct datum *d)
{
    return d->kind == DATUM_INT || d->kind == DATUM_BIG ||
           d->kind == DATUM_BOOL;
}

static int make_exception(struct machine *m, const struct arguments *a,
                          struct datum *made)
{
    struct datum fields[] = {
        datum_str(a->of->as ? a->of->as : a->of->name),
        machine_share(a->tuple),
    };

    (void)m;
    *made = datum_record(DATUM_EXCEPTION, fields, 2);
    return 0;
}

static int make_triple(enum datum_kind kind, const struct arguments *a,
                       struct datum *made)
{
    struct datum fields[3];

    for (size_t i = 0; i < 3; i++)
        fields[i] = machine_share(&a->items[i]);
    *made = datum_record(kind, fields, 3);
    return 0;
}

static int make_slice(struct machine *m, const struct arguments *a,
                      struct datum *made)
{
    return a->n == 3 ? make_triple(DATUM_SLICE, a, made) : misfit(m, a, made);
}

static int make_range(struct machine *m, const struct arguments *a,
                      struct datum *made)
{
    if (a->n != 3 || !is_int(&a->items[0]) || !is_int(&a->items[1]) ||
        !is_int(&a->items[2]) ||
        (a->items[2].kind == DATUM_INT && a->items[2].integer == 0) ||
        (a->items[2].kind == DATUM_BOOL && !a->items[2].truth))
        return misfit(m, a, made);
    return make_triple(DATUM_RANGE, a, made);
}

static int make_bytes(struct machine *m, const struct arguments *a,
                      struct datum *made)
{
    if (a->n)
        return misfit(m, a, made);
    *made = datum_text(DATUM_BYTES, NULL, 0);
    return 0;
}

static bool is_latin1(const struct datum *d)
{
    return datum_is_str(d, "latin1") || datum_is_str(d, "latin-1");
}

/* The characters of a str as bytes of that kind; none is above U+00FF. */
static int encode(struct machine *m, const struct text *t, enum datum_kind kind,
                  struct datum *made)
{
    size_t n = 0;

    for (size_t i = 0; i < t->length; i++) {
        if (t->bytes[i] > 0xc3)
            return machine_fail(m, -EBADMSG, "a str is not Latin-1");
        n += (t->bytes[i] & 0xc0) != 0x80;
    }
    *made = datum_text(kind, NULL, n);
    if (made->kind != kind)
        return 0;
    for (size_t i = 0, at = 0; i < n; i++, at++) {
        unsigned char c = t->bytes[at];

        if (c >= 0x80)
            c = (unsigned char)(c << 6 | (t->bytes[++at] & 0x3f));
        made->text->bytes[i] = c;
    }
    return 0;
}

static int make_encoded(struct machine *m, const struct arguments *a,
                        struct datum *made)
{
    int error;

    if (a->n != 2 || a->items[0].kind != DATUM_STR || !is_latin1(&a->items[1]))
        return misfit(m, a, made);
    error = machine_copies(m, a->items[0].text->length);
    return error ? error : encode(m, a->items[0].text, DATUM_BYTES, made);
}

static int make_bytearray(struct machine *m, const struct arguments *a,
                          struct datum *made)
{
    const struct datum *source = a->items;
    bool is_text =
        a->n == 2 && source->kind == DATUM_STR && is_latin1(&a->items[1]);
    int error;

    if (a->n && !is_text && (a->n != 1 || source->kind != DATUM_BYTES))
        return misfit(m, a, made);
    if (!a->n) {
        *made = datum_text(DATUM_BYTEARRAY, NULL, 0);
        return 0;
    }
    error = machine_copies(m, source->text->length);
    if (error)
        return error;
    if (is_text)
        return encode(m, source->text, DATUM_BYTEARRAY, made);
    *made =
        datum_text(DATUM_BYTEARRAY, source->text->bytes, source->text->length);
    return 0;
}

/* A set, or frozenset, of the items of a list. */
static int make_any_set(struct machine *m, const struct arguments *a,
                        enum datum_kind kind, struct datum *made)
{
    const struct sequence *items = NULL;
    int error = 0;

    if (a->n && (a->n != 1 || a->items->kind != DATUM_LIST))
        return misfit(m, a, made);
    *made = datum_set();
    if (made->kind == DATUM_SET)
        made->kind = kind;
    if (!a->n || made->kind == DATUM_NOTHING)
        return 0;
    items = a->items->sequence;
    error = machine_copies(m, items->length);
    for (size_t i = 0; i < items->length && !error; i++) {
        struct datum key = machine_share(&items->items[i]);
        struct datum none = datum_none();

        error = machine_set(m, made->table, &key, &none);
        datum_drop(&key);
    }
    return error;
}

static int make_set(struct machine *m, const struct arguments *a,
                    struct datum *made)
{
    return make_any_set(m, a, DATUM_SET, made);
}

static int make_frozenset(struct machine *m, const struct arguments *a,
                          struct datum *made)
{
    return make_any_set(m, a, DATUM_FROZENSET, made);
}

static int make_reversed(struct machine *m, const struct arguments *a,
                         struct datum *made)
{
    struct datum fields[2];

    if (a->n != 1 || a->items->kind != DATUM_LIST)
        return misfit(m, a, made);
    fields[0] = machine_share(a->items);
    fields[1] = datum_int((int64_t)a->items->sequence->length - 1);
    *made = datum_record(DATUM_REVERSED, fields, 2);
    return 0;
}

/* A view of a dict comes so.  (The list was placed, and is not changed: it can
 * be the same.) */
static int make_list(struct machine *m, const struct arguments *a,
                     struct datum *made)
{
    if (a->n && (a->n != 1 || a->items->kind != DATUM_LIST))
        return misfit(m, a, made);
    *made = a->n ? machine_share(a->items) : datum_list();
    return 0;
}

/* --- arrays, Tokens, Values and proxies --- */

static int make_array(struct machine *m, const struct arguments *a,
                      struct datum *made)
{
    if (a->n != 1 && a->n != 2)
        return misfit(m, a, made);
    return machine_array(m, a->items, a->n == 2 ? &a->items[1] : NULL, made);
}

static bool is_name(const struct datum *d, enum shape shape)
{
    const struct known *name = machine_name(d);

    return name && name->shape == shape;
}

static int make_array_of_format(struct machine *m, const struct arguments *a,
                                struct datum *made)
{
    if (a->n != 4 || !is_name(&a->items[0], SHAPE_ARRAY) ||
        a->items[2].kind != DATUM_INT || a->items[3].kind != DATUM_BYTES)
        return misfit(m, a, made);
    return machine_array_format(m, &a->items[1], a->items[2].integer,
                                &a->items[3], made);
}

/* What has no state yet, of a class whose object BUILD fills. */
int machine_make_new(struct machine *m, const struct datum *class,
                     struct datum *made)
{
    const struct known *name = machine_name(class);
    struct datum fields[3] = {datum_none(), datum_none(), datum_none()};

    if (name && name->shape == SHAPE_TOKEN) {
        *made = datum_record(DATUM_TOKEN, fields, 3);
        return 0;
    }
    if (!name || name->shape != SHAPE_INSTANCE)
        return machine_fail(m, -EPERM, "a new %s.%s is not data",
                            name ? name->module : "object",
                            name ? name->name : "of a value");
    fields[0] = datum_str(name->name);
    fields[1] = datum_dict();
    *made = datum_record(DATUM_INSTANCE, fields, 2);
    return 0;
}

static int make_reconstructed(struct machine *m, const struct arguments *a,
                              struct datum *made)
{
    if (a->n != 3 || !is_name(&a->items[1], SHAPE_OBJECT) ||
        a->items[2].kind != DATUM_NONE)
        return misfit(m, a, made);
    return machine_make_new(m, a->items, made);
}

static int make_newobj(struct machine *m, const struct arguments *a,
                       struct datum *made)
{
    return a->n == 1 ? machine_make_new(m, a->items, made) : misfit(m, a, made);
}

static bool is_exposed(const struct datum *d)
{
    if (d->kind != DATUM_TUPLE)
        return d->kind == DATUM_NONE;
    for (size_t i = 0; i < d->sequence->length; i++)
        if (d->sequence->items[i].kind != DATUM_STR)
            return false;
    return true;
}

/* RebuildProxy(class, token, serializer, keywords): a reference to an object,
 * which the reader may refuse.  (Of the keywords, the key is not ours to use.)
 */
static int make_proxy(struct machine *m, const struct arguments *a,
                      struct datum *made)
{
    const struct datum none = datum_none(), *exposed;
    struct datum fields[3];
    int error = 0;

    if (a->n != 4 || !is_name(&a->items[0], SHAPE_PROXY) ||
        a->items[1].kind != DATUM_TOKEN ||
        !datum_is_str(&a->items[2], "pickle") || a->items[3].kind != DATUM_DICT)
        return misfit(m, a, made);
    exposed = table_get(a->items[3].table, "exposed");
    if (!exposed)
        exposed = &none;
    if (exposed->kind == DATUM_TUPLE)
        error = machine_walks(m, exposed->sequence->length);
    if (error)
        return error;
    if (!is_exposed(exposed))
        return misfit(m, a, made);
    fields[0] = datum_str(machine_name(a->items)->name);
    fields[1] = machine_share(&a->items[1]);
    fields[2] = machine_share(exposed);
    *made = datum_record(DATUM_PROXY, fields, 3);
    if (made->kind == DATUM_PROXY && m->reader && m->reader->proxy)
        error = m->reader->proxy(m->reader->argument, made, m->fault);
    return error;
}

static shape_maker *const makers[] = {
    [SHAPE_EXCEPTION] = make_exception,
    [SHAPE_SLICE] = make_slice,
    [SHAPE_RANGE] = make_range,
    [SHAPE_BYTES] = make_bytes,
    [SHAPE_BYTEARRAY] = make_bytearray,
    [SHAPE_SET] = make_set,
    [SHAPE_FROZENSET] = make_frozenset,
    [SHAPE_REVERSED] = make_reversed,
    [SHAPE_LIST] = make_list,
    [SHAPE_ENCODE] = make_encoded,
    [SHAPE_ARRAY] = make_array,
    [SHAPE_ARRAY_RECONSTRUCTOR] = make_array_of_format,
    [SHAPE_REBUILD_PROXY] = make_proxy,
    [SHAPE_RECONSTRUCTOR] = make_reconstructed,
    [SHAPE_NEWOBJ] = make_newobj,
    [SHAPE_TOKEN] = misfit,
    [SHAPE_INSTANCE] = misfit,
    [SHAPE_PROXY] = misfit,
    [SHAPE_OBJECT] = misfit,
};

int machine_make(struct machine *m, const struct known *of,
                 const struct datum *tuple, struct datum *made)
{
    const struct arguments a = {
        .of = of,
        .tuple = tuple,
        .items = tuple->sequence->items,
        .n = tuple->sequence->length,
    };
    bool named = a.n && a.items->kind == DATUM_NOTHING;

    /* Names are the arguments of those alone that ask for them. */
    if (named && of->shape < SHAPE_ARRAY_RECONSTRUCTOR)
        return machine_place(m, tuple, 1);
    return makers[of->shape](m, &a, made);
}
