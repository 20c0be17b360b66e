/* SPDX-License-Identifier: MIT */
/*
 * plugin.c - what a user would pick instead: the tables, and how the code comes
 * to them.
 *
 * A table is here, so that a plan can be made without loading anything.  The
 * first call of a trial loads the plug-in; its peers are forked after that, and
 * have it too.  File-scope state and its fork story: that is `loaded`, which a
 * child is to have, and what plugins_join has found, which none looks at.
 */
#include "plugin.h"

#include "command.h"
#include "floor.h"
#include "mechanism.h"
#include "outside.h"
#include "registry.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The workload of this trial as the plug-in has it. */
static const struct workload *loaded;

/* Beside ipclab, or above a test of it. */
static int find(const char *file, char *path, size_t size)
{
    char name[64];

    snprintf(name, sizeof name, "peers/%s", file);
    if (floor_program(name, path, size) == 0)
        return 0;
    snprintf(name, sizeof name, "../peers/%s", file);
    return floor_program(name, path, size);
}

static int load(const char *plugin, const char *workload)
{
    char path[PATH_MAX];
    int error = find(plugin, path, sizeof path);
    void *it;

    if (error)
        return error;
    it = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    loaded = it ? dlsym(it, "peer_workloads") : NULL;
    while (loaded && loaded->name && strcmp(loaded->name, workload) != 0)
        loaded++;
    return loaded && loaded->name ? 0 : -ELIBBAD;
}

static int load_and_open(const char *plugin, const char *workload,
                         struct trial *t)
{
    int error = load(plugin, workload);

    return error ? error : loaded->open(t);
}

static int forward_pack(struct trial *t, int role, struct parcel *parcel)
{
    return loaded->pack(t, role, parcel);
}

static int forward_join(struct trial *t, int role, struct parcel *parcel)
{
    return loaded->join(t, role, parcel);
}

static int forward_op(struct trial *t, unsigned n)
{
    return loaded->op(t, n);
}

static int forward_serve(struct trial *t, int role, unsigned n)
{
    return loaded->serve(t, role, n);
}

static void forward_close(struct trial *t)
{
    if (loaded)
        loaded->close(t);
}

/* --- the tables --- */

#define CAPACITY                                                               \
    {                                                                          \
        "capacity", 1000, "1,10,100,1000,10000",                               \
            "messages between the two, as far as 64 MiB go"                    \
    }

#define FORWARD_FIXED                                                          \
    .peers = 1, .forked = true, .pack = forward_pack, .join = forward_join,    \
    .op = forward_op, .serve = forward_serve, .close = forward_close
#define FORWARD FORWARD_FIXED, .sized = true

#define PEER(id, title, text, package)                                         \
    static struct setting id##_grid[] = {CAPACITY, {.name = NULL}};            \
    static int64_t id##_most;                                                  \
    static int id##_roundtrip(struct trial *t)                                 \
    {                                                                          \
        return load_and_open(#id ".so", "roundtrip", t);                       \
    }                                                                          \
    static int id##_stream(struct trial *t)                                    \
    {                                                                          \
        return load_and_open(#id ".so", "stream", t);                          \
    }                                                                          \
    static const struct workload id##_workloads[] = {                          \
        {.name = "roundtrip",                                                  \
         .unit = "round trip",                                                 \
         .floor = "pipe-pingpong",                                             \
         .open = id##_roundtrip,                                               \
         .grid = id##_grid,                                                    \
         .capacity_most = &id##_most,                                          \
         FORWARD},                                                             \
        {.name = "stream",                                                     \
         .unit = "message",                                                    \
         .floor = "pipe-stream",                                               \
         .one_way = true,                                                      \
         .open = id##_stream,                                                  \
         .grid = id##_grid,                                                    \
         .capacity_most = &id##_most,                                          \
         FORWARD},                                                             \
        {.name = NULL},                                                        \
    };                                                                         \
    static const struct mechanism id##_mechanism = {                           \
        .name = (title),                                                       \
        .variant_of = "ring",                                                  \
        .python = "Python has none",                                           \
        .summary = (text),                                                     \
        .workloads = id##_workloads};
#include "peers/list.h"
#undef PEER

/* --- Open MPI, whose two sides its own launcher starts --- */

static const struct setting open_mpi_grid[] = {
    CAPACITY,
    {"hosts", 1, "2", "2: two network namespaces, over a pair of veth"},
    {.name = NULL}};

#define LAUNCHED                                                               \
    .peers = 1, .sized = true, .forked = true, .grid = open_mpi_grid,          \
    .program = "open-mpi"

static const struct workload open_mpi_workloads[] = {
    {.name = "roundtrip", .unit = "round trip", .guess = 2000, LAUNCHED},
    {.name = "stream", .unit = "message", .one_way = true, LAUNCHED},
    {.name = NULL},
};

static const struct mechanism open_mpi_mechanism = {
    .name = "open-mpi",
    .variant_of = "ring",
    .python = "Python has none",
    .summary = "Open MPI, mpirun -n 2: it spins, and yields on one core",
    .workloads = open_mpi_workloads};

/* Why it could not be launched here: "" if it could. */
static char unlaunched[120];

/* --- Redis, whose server one side starts --- */

static int redis_open(struct trial *t)
{
    return load_and_open("redis.so", "call", t);
}

static const struct workload redis_workloads[] = {
    {.name = "call",
     .unit = "call",
     .floor = "unix-pingpong",
     .open = redis_open,
     FORWARD_FIXED},
    {.name = NULL},
};

static const struct mechanism redis_mechanism = {
    .name = "redis",
    .variant_of = "manager",
    .python = "Python has none",
    .summary = "INCR of a redis-server, by hiredis over a Unix socket",
    .workloads = redis_workloads};

/* Is there a program of that name, where execlp(3) looks? */
static bool is_installed(const char *program)
{
    const char *folder = getenv("PATH");
    char path[PATH_MAX];

    while (folder && *folder) {
        size_t n = strcspn(folder, ":");

        snprintf(path, sizeof path, "%.*s/%s", (int)n, folder, program);
        if (access(path, X_OK) == 0)
            return true;
        folder += n + (folder[n] == ':');
    }
    return false;
}

/* --- which there are --- */

static void try_launcher(const volatile sig_atomic_t *stop)
{
    char launcher[PATH_MAX], program[PATH_MAX];
    const char *const argv[] = {"/bin/sh", launcher, program, "--check", NULL};
    const char *said;
    char *text = NULL;
    int error, code;
    size_t length;

    if (find("mpi-run", launcher, sizeof launcher) ||
        find("open-mpi", program, sizeof program))
        return;
    code = command_run(argv, 10 * SECOND, stop, &text, &length, &error);
    said = text && strncmp(text, "error ", 6) == 0 ? text + 6
           : error                                 ? strerror(-error)
                                                   : "mpi-run failed";
    if (error || code)
        snprintf(unlaunched, sizeof unlaunched, "%.*s",
                 (int)strcspn(said, "\n"), said);
    free(text);
}

int plugin_run(const struct trial_spec *spec, struct findings *found,
               const volatile sig_atomic_t *stop, char *why, size_t size)
{
    char launcher[PATH_MAX], program[PATH_MAX];
    const struct outside it = {spec->mechanism, {"/bin/sh", launcher, program}};
    int error = find("mpi-run", launcher, sizeof launcher);

    if (!error)
        error = find(spec->workload->program, program, sizeof program);
    return error ? error : outside_run(&it, spec, found, stop, why, size);
}

struct plugin {
    const char *file, *package;
    const struct mechanism *mechanism;
};

static const struct plugin plugins[] = {
#define PEER(id, title, text, package) {#id ".so", package, &id##_mechanism},
#include "peers/list.h"
#undef PEER
    {"open-mpi", "libopenmpi-dev, openmpi-bin", &open_mpi_mechanism},
    {"redis.so", "libhiredis-dev, redis-server", &redis_mechanism},
};

enum { PLUGINS = sizeof plugins / sizeof *plugins };

static bool is_built(const struct plugin *p)
{
    char path[PATH_MAX];

    return find(p->file, path, sizeof path) == 0;
}

/* What is built and yet cannot be used: why; or NULL. */
static const char *why_useless(const struct plugin *p)
{
    if (p->mechanism == &open_mpi_mechanism && unlaunched[0])
        return unlaunched;
    if (p->mechanism == &redis_mechanism && !is_installed("redis-server"))
        return "no redis-server (scripts/setup --all)";
    return NULL;
}

static bool is_usable(const struct plugin *p)
{
    return is_built(p) && !why_useless(p);
}

/* May this process have a POSIX message queue that long? */
static bool may_have(long messages)
{
    struct mq_attr attributes = {.mq_maxmsg = messages, .mq_msgsize = 8};
    char name[40];
    mqd_t queue;

    snprintf(name, sizeof name, "/ipclab-%d", getpid());
    queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
    if (queue < 0)
        return false;
    mq_unlink(name);
    mq_close(queue);
    return true;
}

/* Its rows are at the limit where others have a greater capacity. */
static void limit_posix_mq(void)
{
    FILE *file = fopen("/proc/sys/fs/mqueue/msg_max", "re");
    int most = 10;

    if (file && fscanf(file, "%d", &most) == 1 && most > 0 &&
        !may_have(most + 1L)) {
        posix_mq_most = most;
        if (posix_mq_grid[0].value > most)
            posix_mq_grid[0].value = most;
    }
    if (file)
        fclose(file);
}

void plugins_join(const volatile sig_atomic_t *stop)
{
    limit_posix_mq();
    try_launcher(stop);
    for (size_t i = 0; i < PLUGINS; i++)
        if (is_usable(&plugins[i]))
            registry_join(plugins[i].mechanism);
}

const char *plugin_missing(size_t i, char *line, size_t size)
{
    const struct plugin *p = plugins;

    while (p < plugins + PLUGINS && (is_usable(p) || i-- > 0))
        p++;
    if (p == plugins + PLUGINS)
        return NULL;
    if (is_built(p))
        snprintf(line, size, "%s: %s", p->mechanism->name, why_useless(p));
    else
        snprintf(line, size,
                 "%s: not built, for want of %s (scripts/setup --all, and "
                 "make)",
                 p->mechanism->name, p->package);
    return line;
}
