/* SPDX-License-Identifier: MIT */
/*
 * call.c - what every hosted method does first and last: take its arguments,
 * and raise.
 *
 * The texts are those of Python 3.11, of a function written in C where the
 * names say so ("/object") and of one written in Python where they do not.
 */
#include "common/clock.h"
#include "manager/data.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* --- raising --- */

int call_raise_with(struct call *call, const char *class, struct datum argument)
{
    struct datum e = datum_exception(class, argument);

    if (e.kind == DATUM_NOTHING)
        return -ENOMEM;
    datum_drop(&call->result);
    call->result = e;
    return RAISED;
}

int call_raise_text(struct call *call, const char *class, struct buffer *text)
{
    struct datum message = datum_text(DATUM_STR, text->bytes, text->length);

    buffer_free(text);
    if (message.kind == DATUM_NOTHING)
        return datum_error(&message);
    return call_raise_with(call, class, message);
}

/* (A text has a zero behind it, so vsnprintf can write into it.) */
int call_raise(struct call *call, const char *class, const char *format, ...)
{
    struct datum text;
    va_list list;
    int n;

    va_start(list, format);
    n = vsnprintf(NULL, 0, format, list);
    va_end(list);
    if (n < 0)
        return -ENOMEM;
    text = datum_text(DATUM_STR, NULL, (size_t)n);
    if (text.kind == DATUM_NOTHING)
        return datum_error(&text);
    va_start(list, format);
    vsnprintf((char *)text.text->bytes, (size_t)n + 1, format, list);
    va_end(list);
    return call_raise_with(call, class, text);
}

int call_raise_unhashable(struct call *call, const struct datum *key)
{
    const char *culprit = datum_type(key);
    uint64_t hash;

    (void)datum_hash(key, &hash, &culprit);
    return call_raise(call, "TypeError", "unhashable type: '%s'", culprit);
}

/* --- arguments --- */

/* A call that makes an object has its type's name. */
bool call_is_opening(const struct call *call)
{
    return !call->object || strcmp(call->name, call->object->type->name) == 0;
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static const char *plain(const char *name)
{
    return *name == '/' || *name == '*' ? name + 1 : name;
}

/* "list.append" or, of what makes an object, "list". */
static void write_name(const struct call *call, char *name, size_t n)
{
    bool opening = call_is_opening(call);

    snprintf(name, n, "%s%s%s", opening ? "" : call->object->type->name,
             opening ? "" : ".", call->name);
}

/* A function of C that has between least and most of them, all by position. */
static int take_positional(struct call *call, size_t least, size_t most)
{
    size_t n = call->count, bound = n < least ? least : most;
    char name[128];

    write_name(call, name, sizeof name);
    if (call->keywords && call->keywords->used > 0)
        return call_raise(call, "TypeError", "%s() takes no keyword arguments",
                          name);
    if (n >= least && n <= most)
        return 0;
    if (most == 0)
        return call_raise(call, "TypeError",
                          "%s() takes no arguments (%zu given)", name, n);
    if (least == most && most == 1)
        return call_raise(call, "TypeError",
                          "%s() takes exactly one argument (%zu given)", name,
                          n);
    return call_raise(call, "TypeError",
                      "%s expected %s%zu argument%s, got %zu", call->name,
                      least == most ? ""
                      : n < least   ? "at least "
                                    : "at most ",
                      bound, plural(bound), n);
}

/* "Queue.put", as Python's own functions have themselves. */
static void write_qualified(const struct call *call, char *name, size_t n)
{
    snprintf(name, n, "%s.%s",
             call_is_opening(call) ? call->name : call->object->type->name,
             call_is_opening(call) ? "__init__" : call->name);
}

/* Which of the names it is: the count of them where it is none. */
static size_t find_name(const char *const *names, const struct datum *key)
{
    size_t i = 0;

    while (names[i] &&
           (names[i][0] == '/' || !datum_is_str(key, plain(names[i]))))
        i++;
    return i;
}

/* A keyword that has no place, or whose place is taken. */
static int refuse_keyword(struct call *call, const struct datum *key,
                          bool known, bool is_of_c)
{
    char name[128];
    const char *text =
        key->kind == DATUM_STR ? (const char *)key->text->bytes : "?";

    write_qualified(call, name, sizeof name);
    if (known)
        return call_raise(call, "TypeError",
                          "%s() got multiple values for argument '%.200s'",
                          name, text);
    if (is_of_c)
        return call_raise(call, "TypeError",
                          "'%.200s' is an invalid keyword argument for %s()",
                          text, call->name);
    return call_raise(call, "TypeError",
                      "%s() got an unexpected keyword argument '%.200s'", name,
                      text);
}

static int take_keywords(struct call *call, const char *const *names,
                         const struct datum **into)
{
    const struct table *t = call->keywords;
    int64_t i = t && t->entries ? table_next(t, 0) : TABLE_NONE;

    for (; i != TABLE_NONE; i = table_next(t, i + 1)) {
        const struct entry *e = &t->entries[i];
        size_t at = find_name(names, &e->key);

        if (!names[at] || into[at])
            return refuse_keyword(call, &e->key, names[at],
                                  names[0] && names[0][0] == '*');
        into[at] = &e->value;
    }
    return 0;
}

/* How many may come by position, all in all; self is one of them for Python. */
static int refuse_count(struct call *call, size_t least, size_t most)
{
    char name[128], bounds[64];

    write_qualified(call, name, sizeof name);
    if (least == most)
        snprintf(bounds, sizeof bounds, "%zu", most + 1);
    else
        snprintf(bounds, sizeof bounds, "from %zu to %zu", least + 1, most + 1);
    return call_raise(
        call, "TypeError", "%s() takes %s positional argument%s but %zu %s",
        name, bounds, least == most ? plural(most + 1) : "s", call->count + 1,
        call->count + 1 == 1 ? "was given" : "were given");
}

/* "missing 2 required positional arguments: 'a' and 'b'" */
static int refuse_missing(struct call *call, const char *const *names,
                          size_t least, const struct datum *const *into)
{
    char name[128], list[256] = "";
    size_t missing = 0, put = 0, at = 0;

    for (size_t i = 0; i < least; i++)
        missing += !into[i];
    for (size_t i = 0; i < least; i++) {
        if (into[i] || at >= sizeof list)
            continue;
        at += (size_t)snprintf(list + at, sizeof list - at, "%s'%s'",
                               put == 0            ? ""
                               : put + 1 < missing ? ", "
                               : missing > 2       ? ", and "
                                                   : " and ",
                               names[i]);
        put++;
    }
    write_qualified(call, name, sizeof name);
    return call_raise(call, "TypeError",
                      "%s() missing %zu required positional argument%s: %s",
                      name, missing, plural(missing), list);
}

int call_take(struct call *call, const char *const *names, size_t least,
              const struct datum **into)
{
    size_t most = 0, by_position = 0;
    int error;

    for (; names[most]; most++) {
        into[most] = most < call->count && names[most][0] != '*'
                         ? &call->arguments[most]
                         : NULL;
        by_position += names[most][0] != '*';
    }
    if (most == 0 || names[0][0] == '/')
        return take_positional(call, least, most);
    if (call->count > by_position && by_position == 0)
        return call_raise(call, "TypeError",
                          "%s() takes no positional arguments", call->name);
    if (call->count > by_position)
        return refuse_count(call, least, by_position);
    error = take_keywords(call, names, into);
    if (error)
        return error;
    for (size_t i = 0; i < least; i++)
        if (!into[i])
            return refuse_missing(call, names, least, into);
    return 0;
}

int call_check_names(struct call *call)
{
    const struct table *t = call->keywords;
    int64_t i = t ? table_next(t, 0) : TABLE_NONE;

    for (; i != TABLE_NONE; i = table_next(t, i + 1))
        if (t->entries[i].key.kind != DATUM_STR)
            return call_raise(call, "TypeError", "keywords must be strings");
    return 0;
}

int call_take_nothing(struct call *call)
{
    static const char *const names[] = {NULL};
    const struct datum *into[1];

    return call->count ? refuse_count(call, 0, 0)
                       : take_keywords(call, names, into);
}

int call_take_slot(struct call *call, size_t n)
{
    if (call->keywords && call->keywords->used > 0)
        return call_raise(call, "TypeError",
                          "wrapper %s() takes no keyword arguments",
                          call->name);
    if (call->count != n)
        return call_raise(call, "TypeError",
                          "%sexpected %zu argument%s, got %zu",
                          n > 1 ? " " : "", n, plural(n), call->count);
    return 0;
}

/* --- numbers --- */

int call_take_int(struct call *call, const struct datum *d, int64_t *integer)
{
    int error = datum_to_int(d, integer);

    if (error == -EINVAL)
        return call_raise(call, "TypeError",
                          "'%s' object cannot be interpreted as an integer",
                          datum_type(d));
    if (error)
        return call_raise(call, "OverflowError",
                          "Python int too large to convert to C ssize_t");
    return 0;
}

int call_take_c_int(struct call *call, const struct datum *d, int64_t *integer)
{
    int error = datum_to_int(d, integer);

    if (error != -EINVAL && (error || *integer != (int)*integer))
        return call_raise(call, "OverflowError",
                          "Python int too large to convert to C int");
    return error ? call_take_int(call, d, integer) : 0;
}

/* The first double that is no int64_t. */
static const double too_long = 9223372036854775808.0;

static int refuse_timeout(struct call *call)
{
    return call_raise(call, "OverflowError",
                      "timestamp too large to convert to C _PyTime_t");
}

int64_t call_ns(double seconds)
{
    double scaled = seconds * (double)SECOND;
    int64_t ns = (int64_t)scaled;

    return (double)ns < scaled ? ns + 1 : ns;
}

int call_take_timeout(struct call *call, const struct datum *d, int64_t *ns)
{

    *ns = NO_TIMEOUT;
    if (!d || d->kind == DATUM_NONE)
        return 0;
    if (d->kind == DATUM_FLOAT) {
        if (isnan(d->real))
            return call_raise(call, "ValueError",
                              "Invalid value NaN (not a number)");
        if (fabs(d->real * (double)SECOND) >= too_long)
            return refuse_timeout(call);
        *ns = call_ns(d->real);
        return 0;
    }
    switch (datum_to_int(d, ns)) {
    case 0:
        return __builtin_mul_overflow(*ns, SECOND, ns) ? refuse_timeout(call)
                                                       : 0;
    case -ERANGE:
        return refuse_timeout(call);
    default:
        return call_take_int(call, d, ns);
    }
}
