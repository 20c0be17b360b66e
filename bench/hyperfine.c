/* SPDX-License-Identifier: MIT */
/* hyperfine.c - whole programs, C beside CPython, timed by hyperfine. */
#include "hyperfine.h"

#include "command.h"
#include "progress.h"

#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const int64_t patience = 120 * SECOND;

/*
 * What both programs of a pair do: start and join so many, one by one.  Where
 * CPython takes long for each they are fewer, but as many in C: the start of
 * the program itself weighs the same in both.
 */
static const struct pair {
    const char *method, *name, *count, *runs;
} pairs[] = {
    {"fork", "100 forks", "100", "5"},
    {"spawn", "5 starts by spawn", "5", "3"},
    {"forkserver", "20 starts by the fork server", "20", "3"},
};

/* The demo of lesson 01 and its twin. */
static int find_pair(char *demo, char *twin, size_t size)
{
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    char *slash;

    if (n < 0)
        return -errno;
    exe[n] = '\0';
    slash = strrchr(exe, '/');
    if (slash)
        *slash = '\0';
    snprintf(demo, size, "%.400s/lessons/01-fork/demo", exe);
    snprintf(twin, size, "%.400s/../lessons/01-fork/twin.py", exe);
    if (access(twin, R_OK) < 0)
        snprintf(twin, size, "lessons/01-fork/twin.py");
    return access(demo, X_OK) < 0 || access(twin, R_OK) < 0 ? -ENOENT : 0;
}

/* For people: without the quotes that hyperfine was given. */
static void copy_unquoted(char *to, size_t size, const char *from)
{
    size_t n = 0;

    for (; *from && n + 1 < size; from++)
        if (*from != '\'')
            to[n++] = *from;
    to[n] = '\0';
}

/* One entry of "results"; seconds become ns. */
static int read_program(struct program *p, const char *name,
                        const json_t *entry)
{
    const char *command = json_string_value(json_object_get(entry, "command"));
    const json_t *times = json_object_get(entry, "times");
    const char *slash;

    if (!command || !json_is_array(times))
        return -EBADMSG;
    *p = (struct program){
        .median_ns = json_number_value(json_object_get(entry, "median")) * 1e9,
        .min_ns = json_number_value(json_object_get(entry, "min")) * 1e9,
        .max_ns = json_number_value(json_object_get(entry, "max")) * 1e9,
        .stddev_ns = json_number_value(json_object_get(entry, "stddev")) * 1e9,
        .runs = (unsigned)json_array_size(times),
        .times_faster = NAN};
    slash = strstr(command, "lessons/");
    copy_unquoted(p->command, sizeof p->command, slash ? slash : command);
    snprintf(p->name, sizeof p->name, "%.40s, whole program, %s", name,
             strstr(command, ".py") ? "CPython" : "C");
    return p->median_ns > 0 ? 0 : -EBADMSG;
}

/* hyperfine exports again after each program: the last document has all. */
static json_t *last_document(const char *json)
{
    json_t *last = NULL, *next;
    json_error_t where;

    while ((next = json_loads(json, JSON_DISABLE_EOF_CHECK, &where))) {
        json_decref(last);
        last = next;
        json += where.position;
    }
    return last;
}

int hyperfine_read(struct run *run, const char *name, const char *json)
{
    const size_t most = sizeof run->programs / sizeof *run->programs;
    json_t *root = last_document(json), *results, *entry;
    size_t first = run->program_count, i;
    int error = root ? 0 : -EBADMSG;

    results = json_object_get(root, "results");
    if (json_array_size(results) != 2 || first + 2 > most)
        error = -EBADMSG;
    json_array_foreach(results, i, entry)
    {
        if (!error)
            error = read_program(&run->programs[first + i], name, entry);
    }
    if (!error) {
        run->programs[first].times_faster =
            run->programs[first + 1].median_ns / run->programs[first].median_ns;
        run->program_count += 2;
    }
    json_decref(root);
    return error;
}

static void say(const char *what)
{
    progress_clear();
    fprintf(stderr, "ipclab: no whole-program rows: %s\n", what);
}

/* Time one pair and append it: 0, or -errno after a line on stderr. */
static int run_pair(struct run *run, const volatile sig_atomic_t *stop,
                    const struct pair *pair, const char *demo,
                    const char *python, const char *twin)
{
    char ours[600], theirs[900];
    const char *argv[] = {
        "hyperfine", "-N",     "--style",  "none",          "--warmup",
        "1",         "--runs", pair->runs, "--export-json", "/dev/stdout",
        ours,        theirs,   NULL};
    size_t length;
    char *json;
    int error, code;

    snprintf(ours, sizeof ours, "'%s' %s %s", demo, pair->count, pair->method);
    snprintf(theirs, sizeof theirs, "'%s' '%s' %s %s", python, twin,
             pair->count, pair->method);
    progress_show(1, 0, "hyperfine: whole programs");
    code = command_run(argv, patience, stop, &json, &length, &error);
    if (error == -ENOENT)
        say("hyperfine is not installed (scripts/setup installs it)");
    else if (error != -EINTR &&
             (error || code || hyperfine_read(run, pair->name, json) < 0))
        say("hyperfine failed");
    free(json);
    return error ? error : code ? -ECHILD : 0;
}

void hyperfine_join(struct run *run, const volatile sig_atomic_t *stop,
                    const char *python)
{
    char demo[512], twin[512];

    if (!python || !*python) {
        say("no CPython to hold them against");
        return;
    }
    if (find_pair(demo, twin, sizeof demo) < 0) {
        say("the demo of lesson 01 is not built (make all)");
        return;
    }
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs && !*stop; i++)
        if (run_pair(run, stop, &pairs[i], demo, python, twin) < 0)
            return;
}
