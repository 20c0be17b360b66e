/* SPDX-License-Identifier: MIT */
/*
 * namespace.c - the hosted Namespace: attributes by name.
 *
 * A client's proxy asks for those whose name does not begin with '_'; who calls
 * __getattribute__ itself gets __dict__ and those with '_' too.
 */
#include "manager/data.h"

#include <errno.h>

static int namespace_open(struct call *call, void *state)
{
    struct datum *names = state;
    int error = call_check_names(call);

    if (error)
        return error;
    if (call->count)
        return call_raise(call, "TypeError",
                          "Namespace.__init__() takes 1 positional argument "
                          "but %zu were given",
                          call->count + 1);
    *names =
        call->keywords ? table_copy(call->keywords, DATUM_DICT) : datum_dict();
    return datum_error(names);
}

/* "'Namespace' object has no attribute 'x'", whatever is in the name. */
static int raise_absent(struct call *call, const struct datum *name)
{
    struct buffer text = {0};
    int error = buffer_text(&text, "'Namespace' object has no attribute '");

    if (!error)
        error = buffer_put(&text, name->text->bytes, name->text->length);
    if (!error)
        error = buffer_text(&text, "'");
    if (!error)
        return call_raise_text(call, "AttributeError", &text);
    buffer_free(&text);
    return error;
}

static int take_name(struct call *call, size_t arguments)
{
    int error = call_take_slot(call, arguments);

    if (error || call->arguments[0].kind == DATUM_STR)
        return error;
    return call_raise(call, "TypeError",
                      "attribute name must be string, not '%s'",
                      datum_type(&call->arguments[0]));
}

static int namespace_getattribute(struct call *call, void *state)
{
    const struct datum *names = state, *name = call->arguments;
    int error = take_name(call, 1);
    int64_t i;

    if (error)
        return error;
    i = table_find(names->table, name);
    if (i >= 0)
        call->result = datum_share(&names->table->entries[i].value);
    else if (datum_is_str(name, "__dict__"))
        call->result = datum_share(names);
    else
        return raise_absent(call, name);
    return 0;
}

static int namespace_setattr(struct call *call, void *state)
{
    struct datum *names = state;
    const struct datum *name = call->arguments;
    int error = take_name(call, 2);

    if (!error)
        error = data_own(names);
    return error ? error
                 : table_set(names->table, datum_share(name),
                             datum_share(name + 1));
}

static int namespace_delattr(struct call *call, void *state)
{
    struct datum *names = state;
    const struct datum *name = call->arguments;
    int error = take_name(call, 1);

    if (error)
        return error;
    if (table_find(names->table, name) < 0)
        return raise_absent(call, name);
    error = data_own(names);
    if (!error)
        table_delete(names->table, table_find(names->table, name));
    return error;
}

/* As an instance of managers.Namespace. */
static struct datum whole(const struct datum *names)
{
    struct datum fields[2] = {datum_str("Namespace"), datum_share(names)};

    return datum_record(DATUM_INSTANCE, fields, 2);
}

static int namespace_value(struct call *call, void *state)
{
    call->result = whole(state);
    return datum_error(&call->result);
}

static const struct method methods[] = {
    {"__delattr__", namespace_delattr, NULL},
    {"__getattribute__", namespace_getattribute, NULL},
    {"__setattr__", namespace_setattr, NULL},
    {0},
};

const struct hosted_type namespace_type = {
    .name = "Namespace",
    .proxy = "NamespaceProxy",
    .size = sizeof(struct datum),
    .open = namespace_open,
    .close = data_close,
    .methods = methods,
    .value = namespace_value,
};
