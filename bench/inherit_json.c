/* SPDX-License-Identifier: MIT */
/* inherit_json.c - what a child has, for programs. */
#include "inherit.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

static const char *const writers[] = {"nobody", "linker", "server", "parent"};
static const char *const dispositions[] = {"default", "ignored", "handled"};

static json_t *disposition(int what)
{
    return what < 0 ? json_null() : json_string(dispositions[what]);
}

/* A working directory may hold any byte; JSON is UTF-8. */
static json_t *text(const char *bytes)
{
    json_t *good = json_string(bytes);

    return good ? good : json_null();
}

static json_t *processors(const cpu_set_t *set)
{
    json_t *list = json_array();

    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, set))
            json_array_append_new(list, json_integer((json_int_t)cpu));
    return list;
}

static json_t *signals(uint64_t mask)
{
    json_t *list = json_array();

    for (int number = 1; number <= 64; number++)
        if (mask >> (number - 1) & 1)
            json_array_append_new(list, json_integer(number));
    return list;
}

/* -1 is what could not be found out. */
static json_t *known(int64_t value)
{
    return value < 0 ? json_null() : json_integer(value);
}

/* The key is a secret: whether it is the same, a cell says. */
static json_t *json_facts(const struct facts *f)
{
    json_t *memory = json_pack(
        "{s:s, s:s, s:s, s:b, s:o, s:o, s:o}", "global", writers[f->global],
        "heap", writers[f->heap], "thread", writers[f->thread], "lock_taken",
        f->lock_taken == 1, "resident_kib", known(f->resident), "threads",
        known(f->threads), "descriptors", known(f->fds));
    json_t *surroundings =
        json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:i, s:I, s:i, s:o}", "early",
                  f->early, "late", f->late, "directory", text(f->directory),
                  "mask", signals(f->mask), "handler", disposition(f->handler),
                  "ignored", disposition(f->ignored), "nice", f->nice, "limit",
                  (json_int_t)f->descriptors, "umask", (int)f->umask,
                  "processors", processors(&f->affinity));
    json_t *identity =
        json_pack("{s:i, s:i, s:i, s:i, s:i, s:s}", "pid", f->pid, "getppid",
                  f->getppid, "parent", f->parent, "group", f->group, "session",
                  f->session, "name", f->name);

    return json_pack("{s:o, s:o, s:o}", "memory", memory, "surroundings",
                     surroundings, "identity", identity);
}

static json_t *json_cells(const struct inheritance *i, enum start_method method)
{
    json_t *cells = json_object();

    for (const struct inherit_row *row = inherit_rows; row->name; row++) {
        struct inherit_cell cell = inherit_compare(i, row, method);
        json_t *object = json_pack("{s:s}", "is", cell.text);

        if (cell.why)
            json_object_set_new(object, "why", json_string(cell.why));
        json_object_set_new(cells, row->key, object);
    }
    return cells;
}

static json_t *json_child(const struct inheritance *i, enum start_method method)
{
    const struct inherited *c = &i->child[method];
    json_t *kinds = json_array();

    for (unsigned n = 0; n < c->more; n++)
        json_array_append_new(kinds, json_string(c->kinds[n]));
    return json_pack("{s:s, s:i, s:b, s:i, s:i, s:o, s:i, s:i, s:i, s:i, s:i,"
                     " s:o, s:o}",
                     "method", start_method_names[method], "begun", c->begun,
                     "told", c->told, "exit_code", c->code, "probes",
                     (int)c->probes, "more", kinds, "accepts", c->accepts,
                     "keeps", c->keeps, "offset_moved", c->offset,
                     "handed_offset_moved", c->handed, "input", c->input,
                     "facts", c->told ? json_facts(&c->facts) : json_null(),
                     "cells", json_cells(i, method));
}

int inherit_print_json(FILE *out, const struct inheritance *i)
{
    json_t *root =
        json_pack("{s:i, s:i, s:i, s:o, s:o, s:[]}", "schema", 1, "server",
                  i->server, "probes", PROBES, "before", json_facts(&i->before),
                  "now", json_facts(&i->now), "children");
    int error;

    for (int method = 0; method < METHODS; method++)
        json_array_append_new(json_object_get(root, "children"),
                              json_child(i, (enum start_method)method));
    error = root ? json_dumpf(root, out, JSON_INDENT(2)) : -1;
    fputc('\n', out);
    json_decref(root);
    return error ? -ENOMEM : 0;
}
