/* SPDX-License-Identifier: MIT */
/*
 * demo.c - lesson 10: a dict and a list in a server, changed by two children.
 *
 * `demo nested` changes what is within a hosted dict.
 */
#include "common/hooks.h"
#include "manager/manager.h"
#include "start/start.h"

#include <stdio.h>

/* What the server says that it looks like: str(proxy). */
static void show(struct proxy *p)
{
    struct datum text;

    if (proxy_call(p, &text, "__str__", "") == 0)
        puts((const char *)text.text->bytes);
    fflush(stdout);
    datum_drop(&text);
}

/* m.list(range(4)) */
static int make_list(struct manager *m, struct proxy *l)
{
    struct datum items = datum_list();

    for (int i = 0; i < 4; i++)
        datum_append(&items, datum_int(i));
    return manager_create(m, l, "list", "O", items);
}

static int f(struct parcel *arguments)
{
    struct proxy d, l;

    if (proxy_unpack(&d, arguments) || proxy_unpack(&l, arguments))
        return 1;
    proxy_do(&d, "__setitem__", "ss", process_current_name(), "was here");
    proxy_do(&l, "append", "d", 3.1415927);
    proxy_do(&l, "reverse", "");
    proxy_close(&l);
    proxy_close(&d);
    return 0;
}
TARGET(f)

/* p = Process(target=f, args=(d, l)); p.start(); p.join() */
static int run(enum start_method method, struct proxy *d, struct proxy *l)
{
    struct parcel arguments;
    struct process p;
    int failed;

    parcel_init(&arguments);
    process_init(&p, "f", &arguments);
    p.method = method;
    failed = proxy_pack(d, &arguments) || proxy_pack(l, &arguments) ||
             process_start(&p) || process_join(&p, NO_TIMEOUT);
    process_close(&p);
    parcel_free(&arguments);
    show(d);
    show(l);
    return failed;
}

/* What comes out of it is a copy. */
static int nested(struct proxy *d)
{
    struct datum list;

    proxy_do(d, "__setitem__", "sO", "k", datum_list()); // d["k"] = []
    show(d);
    proxy_call(d, &list, "__getitem__", "s", "k"); // d["k"].append(7)
    datum_append(&list, datum_int(7));
    show(d);
    proxy_do(d, "__setitem__", "sO", "k", list); // d["k"] = what we have
    show(d);
    return 0;
}

int main(int argc, char **argv)
{
    struct manager m;
    struct proxy d, l;
    int failed;

    mechanisms_init(argc, argv);
    if (manager_start(&m, START_FORK, NULL) < 0)
        return 1;
    if (manager_create(&m, &d, "dict", "") || make_list(&m, &l))
        return 1;
    if (argc > 1)
        return nested(&d);
    failed = run(START_FORK, &d, &l) || run(START_SPAWN, &d, &l);
    proxy_close(&l);
    proxy_close(&d);
    manager_close(&m);
    return failed;
}
