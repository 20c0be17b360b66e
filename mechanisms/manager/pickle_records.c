/* SPDX-License-Identifier: MIT */
/*
 * pickle_records.c - what has a class, as Python pickles it: the name of the
 * class, or of a function, and its arguments.
 */
#include "manager/pickle_writer.h"

#include <errno.h>

static const char managers[] = "multiprocessing.managers";

static const char *text_of(const struct datum *d)
{
    return (const char *)d->text->bytes;
}

static int put_call(struct buffer *out, const char *name,
                    const struct record *r)
{
    int error = writer_global(out, "builtins", name);

    if (!error)
        error = writer_items(out, r->fields, 3);
    return error ? error : writer_codes(out, "\x87R");
}

static int put_array(struct buffer *out, const struct record *r)
{
    int format = pickle_array_format(&r->fields[0]);
    int error = writer_global(out, "array", "_array_reconstructor");

    if (!error)
        error = writer_code(out, MARK);
    if (!error)
        error = writer_global(out, "array", "array");
    if (!error)
        error = pickle_put(out, &r->fields[0]);
    if (!error)
        error = writer_int(out, format);
    if (!error)
        error = pickle_put(out, &r->fields[1]);
    return error ? error : writer_codes(out, "tR");
}

static int put_reversed(struct buffer *out, const struct record *r)
{
    int error = writer_global(out, "builtins", "reversed");

    if (!error)
        error = pickle_put(out, &r->fields[0]);
    if (!error)
        error = writer_codes(out, "\x85R");
    if (!error)
        error = pickle_put(out, &r->fields[1]);
    return error ? error : writer_code(out, BUILD);
}

/* What Python has no class for is a RuntimeError, which says the name. */
static int put_unknown(struct buffer *out, const struct record *r)
{
    const struct sequence *arguments = r->fields[1].sequence;
    struct buffer text = {0};
    struct datum as = {.kind = DATUM_NOTHING};
    int error = writer_global(out, "builtins", "RuntimeError");

    if (!error)
        error = buffer_put(&text, r->fields[0].text->bytes,
                           r->fields[0].text->length);
    if (!error && arguments->length && arguments->items->kind == DATUM_STR) {
        error = buffer_text(&text, ": ");
        if (!error)
            error = buffer_put(&text, arguments->items->text->bytes,
                               arguments->items->text->length);
    }
    if (!error)
        as = datum_text(DATUM_STR, text.bytes, text.length);
    buffer_free(&text);
    if (!error)
        error = pickle_put(out, &as);
    datum_drop(&as);
    return error ? error : writer_codes(out, "\x85R");
}

static int put_exception(struct buffer *out, const struct record *r)
{
    const char *class = text_of(&r->fields[0]);
    const char *module = pickle_exception_module(class);
    int error;

    if (!module)
        return put_unknown(out, r);
    error = writer_global(out, module, class);
    if (!error)
        error = pickle_put(out, &r->fields[1]);
    return error ? error : writer_code(out, REDUCE);
}

static int put_token(struct buffer *out, const struct record *r)
{
    int error = writer_global(out, managers, "Token");

    if (!error)
        error = writer_codes(out, ")\x81");
    if (!error)
        error = writer_items(out, r->fields, 3);
    return error ? error
                 : writer_codes(out, "\x87"
                                     "b");
}

static int put_instance(struct buffer *out, const struct record *r)
{
    const char *class = text_of(&r->fields[0]);
    int error = writer_global(out, managers,
                              pickle_is_instance(class) ? class : "Namespace");

    if (!error)
        error = writer_codes(out, ")\x81");
    if (!error)
        error = pickle_put(out, &r->fields[1]);
    return error ? error : writer_code(out, BUILD);
}

static int put_proxy(struct buffer *out, const struct record *r)
{
    const char *class = text_of(&r->fields[0]);
    bool exposed = r->fields[2].kind != DATUM_NONE;
    int error = writer_global(out, managers, "RebuildProxy");

    if (!error)
        error = writer_code(out, MARK);
    if (!error)
        error = writer_global(out, managers,
                              pickle_is_proxy(class) ? class : "AutoProxy");
    if (!error)
        error = pickle_put(out, &r->fields[1]);
    if (!error)
        error = writer_str(out, "pickle");
    if (!error)
        error = writer_code(out, EMPTY_DICT);
    if (!error && exposed)
        error = writer_str(out, "exposed");
    if (!error && exposed)
        error = pickle_put(out, &r->fields[2]);
    if (!error && exposed)
        error = writer_code(out, SETITEM);
    return error ? error : writer_codes(out, "tR");
}

int writer_record(struct buffer *out, const struct datum *d)
{
    switch (d->kind) {
    case DATUM_SLICE:
        return put_call(out, "slice", d->record);
    case DATUM_RANGE:
        return put_call(out, "range", d->record);
    case DATUM_ARRAY:
        return put_array(out, d->record);
    case DATUM_REVERSED:
        return put_reversed(out, d->record);
    case DATUM_EXCEPTION:
        return put_exception(out, d->record);
    case DATUM_TOKEN:
        return put_token(out, d->record);
    case DATUM_INSTANCE:
        return put_instance(out, d->record);
    default:
        return put_proxy(out, d->record);
    }
}
