/* SPDX-License-Identifier: MIT */
/*
 * hazards_copy.c - what is within a hosted object comes back as a copy.
 *
 * `d['k'].append(x)` is two things: d['k'] asks the server, which sends a
 * pickle of the list, and append changes the list that was made of it here.
 * Nobody tells the server, and then the copy is gone.
 */
#include "manager/hazards.h"

enum { CURE_SET = 1, CURE_NESTED };

enum { ITEMS = 3 };

static struct proxy d;

/* region: nested-copy */
/* for i in range(ITEMS): list.append(i), of a list that is this process's. */
static int append_all(struct datum *list)
{
    int error = 0;

    for (int64_t i = 0; i < ITEMS && !error; i++)
        error = datum_append(list, datum_int(i));
    return error;
}

static int change_copy(struct witness *w, int cure)
{
    struct datum copy = {0};
    int error = proxy_call(&d, &copy, "__getitem__", "s", "k"); /* d['k'] */

    if (!error && copy.kind != DATUM_LIST)
        error = -EBADMSG;
    if (!error) {
        witness_child_memory(w, &copy.sequence->length);
        witness_show(w, 1);
        error = append_all(&copy);
        witness_show(w, 2);
    }
    if (!error && cure == CURE_SET) /* d['k'] = copy */
        error = proxy_do(&d, "__setitem__", "sO", "k", datum_share(&copy));
    datum_drop(&copy);
    return error;
}
/* end: nested-copy */

/* region: nested-copy-cures */
/* d['k'] = manager.list(), and so d['k'] is a proxy of it. */
static int host_it_too(struct manager *m)
{
    struct proxy list;
    int error = manager_create(m, &list, "list", "");

    if (error)
        return error;
    error = proxy_do(&d, "__setitem__", "sO", "k", proxy_datum(&list));
    proxy_close(&list); /* the dict has it now */
    return error;
}

static int change_nested(void)
{
    struct datum result = {0};
    struct proxy list = {0};
    int error = proxy_call(&d, &result, "__getitem__", "s", "k");

    if (!error)
        error = proxy_from(&list, &d, &result);
    for (int64_t i = 0; i < ITEMS && !error; i++)
        error = proxy_do(&list, "append", "i", i);
    proxy_close(&list);
    datum_drop(&result);
    return error;
}
/* end: nested-copy-cures */

/* len(d['k']), of either kind. */
static int count(int64_t *n)
{
    struct datum result = {0};
    struct proxy list = {0};
    int error = proxy_call(&d, &result, "__getitem__", "s", "k");

    if (!error && result.kind == DATUM_LIST)
        *n = (int64_t)result.sequence->length;
    else if (!error)
        error = proxy_from(&list, &d, &result);
    if (!error && list.hold)
        error = proxy_int(&list, n, "__len__", "");
    proxy_close(&list);
    datum_drop(&result);
    return error;
}

int nested_copy(struct witness *w, int cure)
{
    struct manager m;
    int64_t found = 0;
    int error = begin_manager(&m, NULL), ended;

    witness_expect(w, ITEMS);
    if (error)
        return error;
    error = manager_create(&m, &d, "dict", "");
    if (!error)
        error = cure == CURE_NESTED
                    ? host_it_too(&m)
                    : proxy_do(&d, "__setitem__", "sO", "k", datum_list());
    if (!error) {
        witness_victim(w, getpid());
        witness_object(w, &m, &d);
        error = cure == CURE_NESTED ? change_nested() : change_copy(w, cure);
    }
    if (!error)
        error = count(&found);
    witness_got(w, found);
    proxy_close(&d);
    ended = end_manager(&m);
    return error ? error : ended;
}
