/* SPDX-License-Identifier: MIT */
/* waits_json.c - a wait-for graph for programs. */
#include "waits.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

static const char *const kinds[] = {
    [WAIT_NOT] = "runs",        [WAIT_DATA] = "data",
    [WAIT_ROOM] = "room",       [WAIT_CLIENT] = "client",
    [WAIT_FUTEX] = "futex",     [WAIT_THREAD] = "thread",
    [WAIT_PROCESS] = "process", [WAIT_SEVERAL] = "several",
    [WAIT_FILE] = "file-lock",  [WAIT_TIME] = "time",
    [WAIT_SIGNAL] = "signal",   [WAIT_STOPPED] = "stopped",
    [WAIT_OTHER] = "other",     [WAIT_HIDDEN] = "hidden",
};

/* Names may hold any byte; JSON is UTF-8. */
static json_t *text(const char *bytes)
{
    json_t *good = json_string(bytes);
    char plain[512];
    size_t i = 0;

    if (good)
        return good;
    for (; bytes[i] && i + 1 < sizeof plain; i++)
        plain[i] = (unsigned char)bytes[i] < 0x80 ? bytes[i] : '?';
    plain[i] = 0;
    return json_string(plain);
}

static json_t *json_waker(const struct waker *by)
{
    json_t *object = json_pack("{s:i}", "process", by->process);

    if (by->thread)
        json_object_set_new(object, "thread", json_integer(by->thread));
    if (by->fd >= 0)
        json_object_set_new(object, "fd", json_integer(by->fd));
    return object;
}

static json_t *json_want(const struct want *want)
{
    json_t *object =
        json_pack("{s:s, s:o, s:b, s:[]}", "kind", kinds[want->kind], "what",
                  text(want->what), "outside", want->outside, "wakers");
    json_t *wakers = json_object_get(object, "wakers");

    if (want->fd >= 0)
        json_object_set_new(object, "fd", json_integer(want->fd));
    if (want->object)
        json_object_set_new(object, "object",
                            json_integer((json_int_t)want->object));
    if (want->note[0])
        json_object_set_new(object, "note", text(want->note));
    if (want->taker.process)
        json_object_set_new(object, "taker", json_waker(&want->taker));
    for (size_t i = 0; i < want->wakers; i++)
        json_array_append_new(wakers, json_waker(&want->waker[i]));
    return object;
}

static json_t *json_waiter(const struct waiter *w)
{
    json_t *object = json_pack(
        "{s:i, s:o, s:s, s:o, s:o, s:b, s:b, s:[]}", "id", w->task.id, "name",
        text(w->name), "wait", kinds[w->kind], "what", text(w->what), "how",
        text(w->how), "timed", w->timed, "stuck", w->stuck, "wants");
    json_t *wants = json_object_get(object, "wants");

    for (size_t i = 0; i < w->wants && w->kind != WAIT_NOT; i++)
        json_array_append_new(wants, json_want(&w->want[i]));
    return object;
}

static json_t *json_member(const struct graph *g, const struct member *m)
{
    json_t *object =
        json_pack("{s:i, s:i, s:o, s:b, s:b, s:[]}", "pid", m->pid, "parent",
                  m->parent, "command", text(m->command), "asked", m->asked,
                  "zombie", m->zombie, "threads");
    json_t *threads = json_object_get(object, "threads");

    for (size_t i = m->first; i < m->first + m->threads; i++)
        json_array_append_new(threads, json_waiter(&g->waiter[i]));
    return object;
}

static json_t *json_cycle(const struct graph *g, const struct cycle *c)
{
    json_t *threads = json_array(), *object;
    char advice[256];

    for (size_t i = 0; i < c->count; i++)
        json_array_append_new(threads,
                              json_integer(g->waiter[c->waiter[i]].task.id));
    object = json_pack("{s:o}", "threads", threads);
    if (cycle_advice(g, c, advice, sizeof advice)[0])
        json_object_set_new(object, "advice", text(advice));
    return object;
}

int graph_print_json(const struct graph *g, FILE *out)
{
    enum { CYCLES = 64 };
    struct cycle *list = calloc(CYCLES, sizeof *list);
    size_t count = list ? graph_cycles(g, list, CYCLES) : 0;
    json_t *root =
        json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:[], s:[]}", "schema", 1,
                  "root", g->root, "stuck", (int)g->stuck, "running",
                  (int)g->running, "hidden", (int)g->hidden, "hidden_processes",
                  (int)g->ends.hidden, "processes", "cycles");
    int error;

    for (size_t i = 0; i < g->members; i++)
        json_array_append_new(json_object_get(root, "processes"),
                              json_member(g, &g->member[i]));
    for (size_t i = 0; i < count; i++)
        json_array_append_new(json_object_get(root, "cycles"),
                              json_cycle(g, &list[i]));
    free(list);
    error = root && list ? json_dumpf(root, out, JSON_INDENT(2)) : -1;
    fputc('\n', out);
    json_decref(root);
    return error ? -ENOMEM : 0;
}
