/* SPDX-License-Identifier: MIT */
/*
 * cmd_bench.c - `ipclab bench`: plan, run, summarise, print, write.
 */
#include "awake.h"
#include "cmd.h"
#include "common/io.h"
#include "human.h"
#include "hyperfine.h"
#include "machine.h"
#include "options.h"
#include "plan.h"
#include "plugin.h"
#include "progress.h"
#include "reference.h"
#include "request.h"
#include "run.h"
#include "table.h"
#include "write.h"

#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t stop; /* the signal that asked us to */

static void on_signal(int number)
{
    stop = number;
}

/* A signal ends the run in good order; what was measured is kept. */
static void heed_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

/* Everything that a bench run holds. */
struct session {
    struct options options;
    struct card card;
    struct place places[PLACEMENTS];
    struct reference reference;
    struct plan plan;
    struct record *records;
    struct run run;
    char why[256], when[32], python_why[160];
    int awake;
    int stopped;  /* what stop was at the end of the measurements */
    bool unbound; /* the kernel lets us bind to no processor */
};

/* One line on stderr, which wraps on a terminal and nowhere else. */
__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (isatty(STDERR_FILENO))
        human_wrap(stderr, text, 2, human_columns(STDERR_FILENO), "");
    else
        fprintf(stderr, "%s\n", text);
}

static int fail(const struct session *s)
{
    say("ipclab: %s", s->why);
    return EXIT_FAILED;
}

/* May a process of ours be bound to that processor?  0 or -errno. */
static int try_binding(int cpu)
{
    cpu_set_t before, one;
    int error = 0;

    if (cpu < 0)
        return 0;
    if (cpu >= CPU_SETSIZE)
        return -EINVAL;
    CPU_ZERO(&one);
    CPU_SET((size_t)cpu, &one);
    if (sched_getaffinity(0, sizeof before, &before) < 0 ||
        sched_setaffinity(0, sizeof one, &one) < 0)
        error = -errno;
    else
        sched_setaffinity(0, sizeof before, &before);
    return error;
}

/* Where binding is refused `same` becomes `free`, and the others are left. */
static void check_binding(struct session *s)
{
    for (enum placement i = PLACE_SAME; i < PLACEMENTS; i++) {
        struct place *p = &s->places[i];
        int cpu = p->timed, error = p->missing[0] ? 0 : try_binding(cpu);

        if (!error && !p->missing[0]) {
            cpu = p->peer;
            error = try_binding(cpu);
        }
        for (int k = 0; k < p->more_count; k++)
            if (try_binding(p->more[k]) < 0)
                p->more_count = k;
        if (!error)
            continue;
        snprintf(p->missing, sizeof p->missing, "cannot bind to core %d: %s",
                 cpu, strerror(-error));
        if (i != PLACE_SAME)
            continue;
        say("ipclab: %s; rows run on any core, as placement 'free'",
            p->missing);
        *p = (struct place){.timed = -1, .peer = -1, .where = "any core"};
        s->unbound = true;
    }
}

static void label_free(struct result *results, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (results[i].placement == PLACE_SAME)
            results[i].placement = PLACE_FREE;
}

/* What ran on any core says so, whatever was asked for. */
static void label_unbound(const struct session *s)
{
    const struct run *run = &s->run;

    if (!s->unbound)
        return;
    label_free(run->results, run->result_count);
    label_free(run->floors, run->floor_count);
    label_free(run->references, run->reference_count);
}

/* Learn what this machine is and has. */
static int look_around(struct session *s)
{
    struct options *o = &s->options;
    int error = machine_read(&s->card, "");

    if (!error)
        error = places_find(s->places, NULL);
    if (error) {
        snprintf(s->why, sizeof s->why, "cannot read the machine: %s",
                 strerror(-error));
        return error;
    }
    check_binding(s);
    if (!s->places[PLACE_CROSS].missing[0])
        s->card.wake_cost_ns = wake_cost_ns(s->places[PLACE_CROSS].timed,
                                            s->places[PLACE_CROSS].peer);
    if (o->no_reference)
        snprintf(s->python_why, sizeof s->python_why,
                 "no reference column: --no-reference");
    else if (reference_find(&s->reference, &stop, s->python_why,
                            sizeof s->python_why) == 0)
        o->request.reference = true;
    if (s->python_why[0] && !o->no_reference && !stop)
        say("ipclab: %s", s->python_why);
    o->request.reference_names = s->reference.names;
    o->request.memory = s->card.mem_available / 2;
    o->request.huge_pages = strcmp(s->card.thp, "never") != 0;
    o->request.clock_cost = (int64_t)(s->card.clock_cost_ns + 0.5);
    return 0;
}

static void announce(const struct session *s)
{
    const struct plan *p = &s->plan;
    size_t results = 0;

    for (size_t i = 0; i < p->count; i++)
        results += p->rows[i].kind == ROW_RESULT;
    say("plan: %zu result%s, %zu rows with floors%s, %u round%s, about %.0f s, "
        "seed %llu",
        results, results == 1 ? "" : "s", p->count,
        s->options.request.reference ? " and CPython" : "", p->rounds,
        p->rounds == 1 ? "" : "s", p->expected, (unsigned long long)p->seed);
}

/* A result folder must be possible before minutes are spent on it. */
static int check_output(struct session *s)
{
    const char *dir = s->options.output;

    return dir ? write_check(dir, s->why, sizeof s->why) : 0;
}

static void describe_run(struct session *s, int64_t began)
{
    time_t now = time(NULL);
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(s->when, sizeof s->when, "%Y-%m-%dT%H:%M:%SZ", &tm);
    s->run.card = &s->card;
    s->run.when = s->when;
    s->run.seed = s->plan.seed;
    s->run.budget_s = s->plan.budget;
    s->run.took_s = (double)(clock_now() - began) / 1e9;
    /* Once and for all: a later signal finds the run whole, and it must not be
     * called interrupted, nor its file be marked otherwise than we say. */
    s->stopped = stop;
    s->run.partial = s->stopped != 0;
    s->run.python = s->reference.version[0] ? s->reference.version : NULL;
    s->run.python_why = s->python_why;
    s->run.left_out = s->plan.left_out;
    s->run.left_out_count = s->plan.left_out_count;
}

static bool has_figures(const struct run *run)
{
    for (size_t i = 0; i < run->result_count; i++)
        if (run->results[i].samples)
            return true;
    return false;
}

/* What a signal left.  A run without a figure never replaces an earlier one. */
static int interrupted(const struct session *s, bool kept)
{
    say("ipclab: interrupted: %s",
        !has_figures(&s->run) ? "nothing was measured yet"
        : kept                ? "what was measured is kept, marked partial"
                              : "what was measured is above, and not kept");
    return 128 + s->stopped;
}

/* Print and write what there is; the exit status. */
static int deliver(struct session *s)
{
    const char *dir = s->options.output;
    bool kept = dir && (!s->stopped || has_figures(&s->run));
    int status = 0;

    table_print(stdout, &s->run, human_columns(STDOUT_FILENO));
    for (size_t i = 0; i < s->run.result_count; i++)
        if (s->run.results[i].failed)
            status = EXIT_FAILED;
    if (kept && write_results(dir, &s->run, s->why, sizeof s->why) < 0) {
        status = fail(s);
        kept = false;
    }
    return s->stopped ? interrupted(s, kept) : status;
}

static int measure_all(struct session *s)
{
    int64_t began = clock_now();
    int done;

    s->records = calloc(s->plan.count, sizeof *s->records);
    if (!s->records) {
        snprintf(s->why, sizeof s->why, "out of memory");
        return fail(s);
    }
    done = run_plan(&s->plan, s->places, &s->reference,
                    s->options.request.clock_cost, s->records, &stop);
    if (done >= 0)
        done = run_summarise(&s->plan, s->records, &s->run);
    if (done < 0) {
        snprintf(s->why, sizeof s->why, "the run failed: %s", strerror(-done));
        return fail(s);
    }
    if (s->options.programs && !stop)
        hyperfine_join(&s->run, &stop, s->reference.python);
    progress_clear();
    label_unbound(s);
    describe_run(s, began);
    return deliver(s);
}

static int session_run(struct session *s)
{
    int error = request_check(&s->options.request, s->why, sizeof s->why);

    if (error) { /* before anything that takes time, or a second line */
        fail(s);
        return error == -ENOTSUP ? EXIT_SKIPPED : EXIT_USAGE;
    }
    if (check_output(s) < 0 || look_around(s) < 0)
        return fail(s);
    if (s->options.keep_awake) {
        s->awake = keep_awake(s->why, sizeof s->why);
        if (s->awake < 0)
            say("ipclab: %s", s->why);
        else if (!s->places[PLACE_CROSS].missing[0])
            s->card.wake_cost_ns = wake_cost_ns(s->places[PLACE_CROSS].timed,
                                                s->places[PLACE_CROSS].peer);
    }
    error = plan_make(&s->plan, &s->options.request, s->places, s->why,
                      sizeof s->why);
    if (error) {
        fail(s);
        return error == -ENOENT || error == -EINVAL ? EXIT_USAGE
               : error == -ENOTSUP                  ? EXIT_SKIPPED
                                                    : EXIT_FAILED;
    }
    announce(s);
    return measure_all(s);
}

int cmd_bench(int argc, char **argv)
{
    static struct session s = {.awake = -1};
    int status = options_parse(&s.options, argc, argv);

    if (status)
        return status;
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* a dead trial's peers become ours */
    heed_signals();
    plugins_join(&stop);
    s.stopped = stop;
    status = s.stopped ? interrupted(&s, false) : session_run(&s);
    fd_close(&s.awake);
    run_free(&s.run);
    plan_free(&s.plan);
    reference_free(&s.reference);
    free(s.records);
    return status;
}
