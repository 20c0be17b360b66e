/* SPDX-License-Identifier: MIT */
/*
 * pickle_names.c - the operations on names: looked up, called, given a state.
 *
 * REDUCE, NEWOBJ and BUILD call something in Python; here a name and its
 * arguments are recognised (pickle_shapes.c), and nothing is called.
 */
#include "manager/cell.h"
#include "manager/pickle_machine.h"

#include <errno.h>

/* --- the names --- */

static int push_global(struct machine *m, const char *module, size_t module_n,
                       const char *name, size_t name_n)
{
    enum { SHOWN = 40 };
    size_t found = pickle_find(module, module_n, name, name_n);
    char shown[2 * SHOWN + 2];
    size_t n = 0;

    if (found)
        return machine_push_name(m, found);
    for (size_t i = 0; i < module_n && i < SHOWN; i++)
        shown[n++] = module[i];
    shown[n++] = '.';
    for (size_t i = 0; i < name_n && i < SHOWN; i++)
        shown[n++] = name[i];
    for (size_t i = 0; i < n; i++)
        if (shown[i] < ' ' || shown[i] > '~')
            shown[i] = '?';
    return machine_fail(m, -EPERM, "%.*s is not data", (int)n, shown);
}

int machine_global(struct machine *m)
{
    size_t module_n = 0, name_n = 0;
    const unsigned char *module = machine_line(m, &module_n);
    const unsigned char *name = module ? machine_line(m, &name_n) : NULL;

    if (!name)
        return -EBADMSG;
    return push_global(m, (const char *)module, module_n, (const char *)name,
                       name_n);
}

int machine_stack_global(struct machine *m)
{
    const struct datum *top = machine_top(m, 2);
    struct datum module, name;
    int error;

    if (!top)
        return -EBADMSG;
    module = top[0];
    name = top[1];
    if (module.kind != DATUM_STR || name.kind != DATUM_STR)
        return machine_fail(m, -EBADMSG, "a name is no str");
    m->stack.length -= 2;
    error =
        push_global(m, (const char *)module.text->bytes, module.text->length,
                    (const char *)name.text->bytes, name.text->length);
    datum_drop(&module);
    datum_drop(&name);
    return error;
}

/* --- the operations that call --- */

/* What the topmost two, a name and its arguments, become in their place. */
int machine_reduce(struct machine *m)
{
    const struct datum *top = machine_top(m, 2);
    struct datum made = {.kind = DATUM_NOTHING};
    const struct known *of;
    int error;

    if (!top)
        return -EBADMSG;
    of = machine_name(&top[0]);
    if (!of)
        return machine_fail(m, -EPERM, "a call of a value is not data");
    if (top[1].kind != DATUM_TUPLE)
        return machine_fail(m, -EBADMSG, "arguments are no tuple");
    error = machine_make(m, of, &top[1], &made);
    if (error) {
        datum_drop(&made);
        return error;
    }
    machine_drop(m, 2);
    return machine_push(m, made);
}

int machine_newobj(struct machine *m)
{
    const struct datum *top = machine_top(m, 2);
    struct datum made = {.kind = DATUM_NOTHING};
    int error;

    if (!top)
        return -EBADMSG;
    if (top[1].kind != DATUM_TUPLE || top[1].sequence->length)
        return machine_fail(m, -EPERM, "a new object of arguments is no data");
    error = machine_make_new(m, &top[0], &made);
    if (error)
        return error;
    machine_drop(m, 2);
    return machine_push(m, made);
}

/* --- BUILD: a state for what was made without --- */

/* Count the fields of a record anew. */
static int weigh(struct machine *m, struct record *r)
{
    int error = 0;

    r->cell.weight = r->cell.depth = 1;
    for (size_t i = 0; i < r->length && !error; i++)
        error = cell_count(&r->cell, &r->fields[i]);
    if (error)
        machine_fail(m, error, "it is deeper, or more, than is taken");
    return error;
}

static bool is_address(const struct datum *d)
{
    const struct datum *items;

    if (d->kind != DATUM_TUPLE)
        return d->kind == DATUM_STR || d->kind == DATUM_BYTES;
    items = d->sequence->items;
    return d->sequence->length == 2 && items[0].kind == DATUM_STR &&
           items[1].kind == DATUM_INT;
}

static bool is_token(const struct datum *state)
{
    const struct datum *items;

    if (state->kind != DATUM_TUPLE || state->sequence->length != 3)
        return false;
    items = state->sequence->items;
    return items[0].kind == DATUM_STR && is_address(&items[1]) &&
           items[2].kind == DATUM_STR;
}

static int build_token(struct machine *m, struct record *token,
                       const struct datum *state)
{
    if (token->fields[0].kind != DATUM_NONE || !is_token(state))
        return machine_fail(m, -EPERM, "this state of a Token is not data");
    for (size_t i = 0; i < 3; i++)
        token->fields[i] = machine_share(&state->sequence->items[i]);
    return weigh(m, token);
}

static int build_instance(struct machine *m, struct record *instance,
                          const struct datum *state)
{
    int error = 0;

    if (state->kind != DATUM_DICT)
        return machine_fail(m, -EPERM, "a state that is no dict is not data");
    error = machine_walks(m, state->table->length);
    for (size_t i = 0; i < state->table->length && !error; i++)
        if (state->table->entries[i].key.kind != DATUM_STR)
            error = machine_fail(m, -EPERM, "an attribute's name is no str");
    if (error)
        return error;
    datum_drop(&instance->fields[1]);
    instance->fields[1] = machine_share(state);
    return weigh(m, instance);
}

/* Python takes an index that is beyond either end for that end. */
static int build_reversed(struct machine *m, struct record *reversed,
                          const struct datum *state)
{
    int64_t last = (int64_t)reversed->fields[0].sequence->length - 1;

    if (state->kind != DATUM_INT)
        return machine_fail(m, -EPERM, "an index that is no int is not data");
    reversed->fields[1].integer = state->integer < -1     ? -1
                                  : state->integer > last ? last
                                                          : state->integer;
    return 0;
}

static int build(struct machine *m, const struct datum *to,
                 const struct datum *state)
{
    int error = machine_may_change(m, to);

    if (error)
        return error;
    switch (to->kind) {
    case DATUM_TOKEN:
        return build_token(m, to->record, state);
    case DATUM_INSTANCE:
        return build_instance(m, to->record, state);
    default:
        return build_reversed(m, to->record, state);
    }
}

/* The topmost item is the state of that below it.  What an exception has beside
 * its arguments is left out. */
int machine_build(struct machine *m)
{
    const struct datum *top = machine_top(m, 2);
    int error;

    if (!top)
        return -EBADMSG;
    error = machine_place(m, &top[1], 1);
    if (error)
        return error;
    if (top->kind == DATUM_TOKEN || top->kind == DATUM_INSTANCE ||
        top->kind == DATUM_REVERSED)
        error = build(m, &top[0], &top[1]);
    else if (top->kind != DATUM_EXCEPTION || top[1].kind != DATUM_DICT)
        error = machine_fail(m, -EPERM, "a state of this is not data");
    if (!error)
        machine_drop(m, 1);
    return error;
}
