/* SPDX-License-Identifier: MIT */
/*
 * inherit_rows.c - a word for each fact: whose is what the child has?
 *
 * Where the parent could not change something, "the parent's" and "the
 * server's" are the same, so nothing is said of it.
 */
#include "inherit.h"

#include <stddef.h>
#include <string.h>

static const char no_proc[] = "/proc does not tell";

static void say(struct inherit_cell *cell, const char *word)
{
    snprintf(cell->text, sizeof cell->text, "%.*s", CELL_TEXT - 1, word);
}

static void cannot(struct inherit_cell *cell, const char *why)
{
    say(cell, "not measurable");
    cell->why = why;
}

/* As `before` was the parent's, when the fork server took it. */
static const char *older(enum start_method method)
{
    return method == START_FORKSERVER ? "the server's" : "an older one";
}

/* Are these bytes of the facts the parent's, the server's, or neither? */
static void whose(const struct asked *a, struct inherit_cell *cell, size_t at,
                  size_t size)
{
    const char *now = (const char *)&a->all->now + at;
    const char *before = (const char *)&a->all->before + at;
    const char *mine = (const char *)a->facts + at;

    if (memcmp(now, before, size) == 0)
        cannot(cell, "the parent could not change it here");
    else
        say(cell, memcmp(mine, now, size) == 0      ? "the parent's"
                  : memcmp(mine, before, size) == 0 ? older(a->method)
                                                    : "its own");
}

/* --- memory --- */

static const char *written(uint32_t writer)
{
    return writer == BY_PARENT   ? "copied"
           : writer == BY_SERVER ? "the server's"
           : writer == BY_LINKER ? "as linked"
                                 : "none";
}

static void global(const struct asked *a, struct inherit_cell *cell)
{
    say(cell, written(a->facts->global));
}

static void heap(const struct asked *a, struct inherit_cell *cell)
{
    say(cell, written(a->facts->heap));
}

/* Beside the parent's: "as much", "under a tenth", or the percentage. */
static void resident(const struct asked *a, struct inherit_cell *cell)
{
    int64_t mine = a->facts->resident, parents = a->all->now.resident;

    if (mine < 0 || parents <= 0)
        cannot(cell, no_proc);
    else if (mine * 10 < parents)
        say(cell, "under a tenth");
    else if (mine * 10 >= parents * 9)
        say(cell, "as much");
    else
        snprintf(cell->text, sizeof cell->text, "%d %% of it",
                 (int)(mine * 100 / parents));
}

static void lock(const struct asked *a, struct inherit_cell *cell)
{
    int taken = a->facts->lock_taken;

    if (a->all->now.lock_taken != 1 || taken < 0)
        cannot(cell, "the lock cannot be tried");
    else
        say(cell, taken ? "taken" : "free");
}

/* The first thread carries a word that its maker's thread had. */
static void threads(const struct asked *a, struct inherit_cell *cell)
{
    const struct facts *f = a->facts;
    long long n = f->threads, all = a->all->now.threads;

    if (n < 0 || all < 0)
        cannot(cell, no_proc);
    else if (f->thread == BY_PARENT)
        snprintf(cell->text, sizeof cell->text, "%lld of %lld", n, all);
    else
        snprintf(cell->text, sizeof cell->text, "%lld, %s", n,
                 f->thread == BY_SERVER ? "server's" : "its own");
}

/* --- descriptors --- */

/* Can the descriptors be counted? */
static bool are_listed(const struct asked *a, struct inherit_cell *cell)
{
    if (a->facts->fds < 0)
        cannot(cell, no_proc);
    else if (a->facts->fds > FACT_FDS)
        cannot(cell, "more descriptors than can be listed");
    return a->facts->fds >= 0 && a->facts->fds <= FACT_FDS;
}

static void probes(const struct asked *a, struct inherit_cell *cell)
{
    unsigned n = a->child->probes;

    if (!are_listed(a, cell))
        return;
    if (n == 0)
        say(cell, "none");
    else
        snprintf(cell->text, sizeof cell->text, "%u of %d", n, PROBES);
}

static void more(const struct asked *a, struct inherit_cell *cell)
{
    if (are_listed(a, cell))
        snprintf(cell->text, sizeof cell->text, "%u", a->child->more);
}

static void yes_or_no(const struct asked *a, struct inherit_cell *cell,
                      int answer)
{
    if (a->all->no_listener)
        cannot(cell, "no TCP connection to 127.0.0.1 can be made");
    else if (answer < 0)
        cannot(cell, strerror(-answer));
    else
        say(cell, answer ? "yes" : "no");
}

static void accepts(const struct asked *a, struct inherit_cell *cell)
{
    yes_or_no(a, cell, a->child->accepts);
}

static void keeps(const struct asked *a, struct inherit_cell *cell)
{
    yes_or_no(a, cell, a->child->keeps);
}

static void offset(const struct asked *a, struct inherit_cell *cell)
{
    say(cell, !a->child->has_file     ? "not there"
              : a->child->offset == 1 ? "shared"
                                      : "its own");
}

static void handed(const struct asked *a, struct inherit_cell *cell)
{
    say(cell, a->child->handed == 1 ? "shared" : "its own");
}

static void input(const struct asked *a, struct inherit_cell *cell)
{
    int n = a->child->input;

    if (n < 0)
        cannot(cell, strerror(-n));
    else
        say(cell, n ? "the parent's" : "nothing");
}

/* --- what surrounds a process --- */

static void early(const struct asked *a, struct inherit_cell *cell)
{
    const char *mine = a->facts->early;

    say(cell, strcmp(mine, a->all->now.early) == 0 ? "the same"
              : *mine                              ? "another"
                                                   : "none");
}

static const char *disposition(int what)
{
    return what == IS_DEFAULT   ? "default"
           : what == IS_IGNORED ? "ignored"
           : what == IS_HANDLED ? "handled"
                                : "unknown";
}

static void handler(const struct asked *a, struct inherit_cell *cell)
{
    say(cell, disposition(a->facts->handler));
}

static void ignored(const struct asked *a, struct inherit_cell *cell)
{
    say(cell, disposition(a->facts->ignored));
}

/* --- who it is --- */

static void name_process(const struct asked *a, pid_t pid,
                         struct inherit_cell *cell)
{
    say(cell, pid == a->all->now.pid  ? "the parent"
              : pid == a->all->server ? "the server"
                                      : "another");
}

static void kernels_parent(const struct asked *a, struct inherit_cell *cell)
{
    name_process(a, a->facts->getppid, cell);
}

static void started_by(const struct asked *a, struct inherit_cell *cell)
{
    name_process(a, a->facts->parent, cell);
}

static void name(const struct asked *a, struct inherit_cell *cell)
{
    const char *mine = a->facts->name;

    say(cell, strcmp(mine, a->child->name) == 0 ? mine : "another");
}

static void authkey(const struct asked *a, struct inherit_cell *cell)
{
    say(cell, memcmp(a->facts->authkey, a->all->now.authkey, FACT_KEY)
                  ? "another"
                  : "the same");
}

/* Where its bytes lie; nothing of them need be understood. */
#define FACT(field)                                                            \
    offsetof(struct facts, field), sizeof(((struct facts *)0)->field)

const struct inherit_row inherit_rows[] = {
    {"a global", "global", "memory", global, 0, 0},
    {"a word on the heap", "heap", NULL, heap, 0, 0},
    {"resident size", "resident", NULL, resident, 0, 0},
    {"threads", "threads", NULL, threads, 0, 0},
    {"a lock that a thread holds", "lock", NULL, lock, 0, 0},
    {"those that the parent opened", "probes", "descriptors", probes, 0, 0},
    {"others, for the start itself", "more", NULL, more, 0, 0},
    {"accepts at its listener", "accepts", NULL, accepts, 0, 0},
    {"keeps the port when it closes", "keeps", NULL, keeps, 0, 0},
    {"offset of a file it has open", "offset", NULL, offset, 0, 0},
    {"offset of one in the parcel", "handed", NULL, handed, 0, 0},
    {"what stdin has", "stdin", NULL, input, 0, 0},
    {"a variable set before", "early", "surroundings", early, 0, 0},
    {"a variable changed since", "late", NULL, NULL, FACT(late)},
    {"working directory", "directory", NULL, NULL, FACT(directory)},
    {"signal mask", "mask", NULL, NULL, FACT(mask)},
    {"a signal that is handled", "handler", NULL, handler, 0, 0},
    {"a signal that is ignored", "ignored", NULL, ignored, 0, 0},
    {"nice value", "nice", NULL, NULL, FACT(nice)},
    {"limit on descriptors", "limit", NULL, NULL, FACT(descriptors)},
    {"umask", "umask", NULL, NULL, FACT(umask)},
    {"processors it may use", "affinity", NULL, NULL, FACT(affinity)},
    {"getppid()", "getppid", "who it is", kernels_parent, 0, 0},
    {"process_parent()", "parent", NULL, started_by, 0, 0},
    {"process group", "group", NULL, NULL, FACT(group)},
    {"session", "session", NULL, NULL, FACT(session)},
    {"process_current_name()", "name", NULL, name, 0, 0},
    {"authkey", "authkey", NULL, authkey, 0, 0},
    {.name = NULL}};

struct inherit_cell inherit_compare(const struct inheritance *i,
                                    const struct inherit_row *row,
                                    enum start_method method)
{
    const struct inherited *child = &i->child[method];
    struct asked asked = {i, child, &child->facts, method};
    struct inherit_cell cell = {0};

    if (child->begun)
        cannot(&cell, "the child could not be started");
    else if (!child->told)
        cannot(&cell, "the child ended before it had told anything");
    else if (row->compare)
        row->compare(&asked, &cell);
    else
        whose(&asked, &cell, row->at, row->size);
    return cell;
}
