/* SPDX-License-Identifier: MIT */
/* options.c - the command line of `ipclab bench`. */
#include "options.h"

#include "cmd.h"
#include "human.h"

#include <argp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { KEEP_AWAKE = 256, NO_REFERENCE, QUICK, FULL, START, SEED, SET };

static const struct argp_option known[] = {
    {"size", 's', "SIZES", 0, "payload: 64,1K..1M (powers of four)", 0},
    {"set", SET, "NAME=V,V..", 0, "sweep a setting (see ipclab list)", 0},
    {"placement", 'p', "PLACES", 0, "same,cross,free,smt,package", 0},
    {"start", START, "METHODS", 0,
     "how peers are started: fork,spawn,forkserver", 0},
    {"rounds", 'r', "N", 0, "fresh processes that often (1 to 99)", 0},
    {"seed", SEED, "N", 0, "of the order of measurement", 0},
    {"output", 'o', "DIR", 0, "write run.json and the rest there", 0},
    {"quick", QUICK, NULL, 0, "a budget of 60 s", 1},
    {"full", FULL, NULL, 0, "a budget of 60 min, not of 5", 1},
    {"keep-awake", KEEP_AWAKE, NULL, 0,
     "keep processors out of deep sleep (root)", 2},
    {"no-reference", NO_REFERENCE, NULL, 0, "leave CPython out", 2},
    {0},
};

/* Print one line and remember that the command line was wrong. */
__attribute__((format(printf, 2, 3))) static error_t
refuse(struct argp_state *state, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fprintf(stderr, "ipclab: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    (void)state;
    return EINVAL;
}

static error_t take_sizes(struct request *q, const char *text,
                          struct argp_state *state)
{
    char why[128];
    int n = human_sizes(text, q->sizes, sizeof q->sizes / sizeof *q->sizes, why,
                        sizeof why);

    if (n < 0)
        return refuse(state, "--size %s: %s", text, why);
    q->size_count = (unsigned)n;
    return 0;
}

static error_t take_placements(struct request *q, char *text,
                               struct argp_state *state)
{
    char *save = NULL;

    if (!text[strspn(text, ",")])
        return refuse(state, "--placement: empty; same, cross, free, ...");
    for (char *word = strtok_r(text, ",", &save); word;
         word = strtok_r(NULL, ",", &save)) {
        enum placement p = PLACE_SAME;

        while (p < PLACEMENTS && strcmp(placement_names[p], word) != 0)
            p++;
        if (p == PLACEMENTS)
            return refuse(state, "no placement '%s'; did you mean '%s'?", word,
                          nearest_name(word, placement_names));
        if (q->placement_count == PLACEMENTS)
            return refuse(state, "--placement: too many");
        q->placements[q->placement_count++] = p;
    }
    return 0;
}

static error_t take_start(struct request *q, char *text,
                          struct argp_state *state)
{
    char *save = NULL;

    if (!text[strspn(text, ",")])
        return refuse(state, "--start: empty; fork, spawn, forkserver");
    for (char *word = strtok_r(text, ",", &save); word;
         word = strtok_r(NULL, ",", &save)) {
        enum start_method m = START_FORK;

        while (start_method_names[m] &&
               strcmp(start_method_names[m], word) != 0)
            m++;
        if (!start_method_names[m])
            return refuse(state, "no start method '%s'; did you mean '%s'?",
                          word, nearest_name(word, start_method_names));
        if (q->start_count == START_METHODS)
            return refuse(state, "--start: too many");
        q->starts[q->start_count++] = m;
    }
    return 0;
}

static error_t take_set(struct request *q, char *text, struct argp_state *state)
{
    char why[128], *equals = strchr(text, '=');
    size_t values[16];
    int n;

    if (!equals || equals == text)
        return refuse(state, "--set %s: wants NAME=VALUE,VALUE..", text);
    if (q->set_count == SETTINGS_MAX)
        return refuse(state, "--set %s: more than %d settings", text,
                      SETTINGS_MAX);
    *equals = '\0';
    n = human_counts(equals + 1, values, 16, why, sizeof why);
    if (n < 0)
        return refuse(state, "--set %s=%s: %s", text, equals + 1, why);
    q->sets[q->set_count].name = text;
    q->sets[q->set_count].count = (unsigned)n;
    for (int i = 0; i < n; i++)
        q->sets[q->set_count].values[i] = (int64_t)values[i];
    q->set_count++;
    return 0;
}

/* A whole number of a range. */
static bool take_number(const char *text, uint64_t least, uint64_t most,
                        uint64_t *value)
{
    char *end;

    errno = 0;
    *value = strtoull(text, &end, 10);
    return !errno && end != text && !*end && text[0] != '-' &&
           *value >= least && *value <= most;
}

static error_t take_name(struct options *o, const char *name,
                         struct argp_state *state)
{
    if (o->name_count + 1 == sizeof o->names / sizeof *o->names)
        return refuse(state, "%s: more names than a run can hold", name);
    o->names[o->name_count++] = name;
    o->request.names = o->names;
    return 0;
}

static error_t take(int key, char *text, struct argp_state *state)
{
    struct options *o = state->input;
    struct request *q = &o->request;
    uint64_t number;

    switch (key) {
    case 's':
        return take_sizes(q, text, state);
    case SET:
        return take_set(q, text, state);
    case 'p':
        return take_placements(q, text, state);
    case START:
        return take_start(q, text, state);
    case 'r':
        if (!take_number(text, 1, ROUNDS_MAX, &number))
            return refuse(state, "--rounds %s: 1 to %d", text, ROUNDS_MAX);
        q->rounds = (unsigned)number;
        return 0;
    case SEED:
        if (!take_number(text, 0, UINT64_MAX, &q->seed))
            return refuse(state, "--seed %s: not a number", text);
        return 0;
    case 'o':
        o->output = text;
        return *text ? 0 : refuse(state, "--output: empty");
    case QUICK:
        q->scale = SCALE_QUICK;
        return 0;
    case FULL:
        q->scale = SCALE_FULL;
        return 0;
    case KEEP_AWAKE:
        o->keep_awake = true;
        return 0;
    case NO_REFERENCE:
        o->no_reference = true;
        return 0;
    case ARGP_KEY_ARG:
        return take_name(o, text, state);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int options_parse(struct options *o, int argc, char **argv)
{
    static const struct argp argp = {
        .options = known,
        .parser = take,
        .args_doc = "[MECHANISM[/WORKLOAD]]...",
        .doc = "Measure mechanisms beside their floors and CPython."};
    int error;

    *o = (struct options){
        .request = {.scale = SCALE_DEFAULT,
                    .seed = (uint64_t)clock_now() / 1000 % 100000}};
    error = cmd_understand(&argp, argc, argv, 0, o);
    if (error)
        return error;
    o->programs = !o->request.names && !o->request.size_count &&
                  !o->request.placement_count && !o->request.start_count &&
                  !o->request.set_count;
    return 0;
}
