/* SPDX-License-Identifier: MIT */
/*
 * json.c - run.json: a run for whoever reads JSON.
 *
 * A number that is not known is null.  A text that is not UTF-8 (a processor's
 * name, a path) has its other bytes replaced, as JSON has no way to hold them.
 */
#include "machine.h"
#include "write.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

/* Digits that a double keeps: 7214.123 stays so. */
enum { DIGITS = 15 };

/* An object under construction; failed: memory ran out. */
struct object {
    json_t *json;
    bool failed;
};

static struct object object_new(void)
{
    struct object o = {json_object(), false};

    o.failed = !o.json;
    return o;
}

/* Takes the value over, whatever happens. */
static void put(struct object *o, const char *key, json_t *value)
{
    if (json_object_set_new(o->json, key, value) < 0)
        o->failed = true;
}

/* What was made, or NULL when a part of it is missing. */
static json_t *object_end(struct object *o)
{
    if (!o->failed)
        return o->json;
    json_decref(o->json);
    return NULL;
}

double write_rounded(double value)
{
    return round(value * 1e3) / 1e3;
}

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

/* ns per operation, and rates. */
static json_t *rounded(double value)
{
    return number(write_rounded(value));
}

static json_t *count(uint64_t value)
{
    return value > INT64_MAX ? json_null() : json_integer((json_int_t)value);
}

static json_t *text(const char *value)
{
    json_t *string;
    char *copy;

    if (!value)
        return json_null();
    string = json_string(value);
    if (string)
        return string;
    copy = strdup(value);
    for (char *at = copy; at && *at; at++)
        if ((unsigned char)*at >= 0x80)
            *at = '?';
    string = copy ? json_string(copy) : NULL;
    free(copy);
    return string;
}

/* "unknown" is how the card says null. */
static json_t *known(const char *value)
{
    return strcmp(value, "unknown") == 0 ? json_null() : text(value);
}

static json_t *pair(json_t *low, json_t *high)
{
    json_t *array = json_array();

    if (json_array_append_new(array, low) < 0 ||
        json_array_append_new(array, high) < 0) {
        json_decref(array);
        return NULL;
    }
    return array;
}

static json_t *interval(struct interval i, json_t *(*shown)(double))
{
    return i.kind ? pair(shown(i.low), shown(i.high)) : json_null();
}

static json_t *numbers(const double *values, size_t n)
{
    json_t *array = json_array();

    for (size_t i = 0; i < n; i++)
        if (json_array_append_new(array, rounded(values[i])) < 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

static json_t *settings(const struct setting *s)
{
    struct object o = object_new();

    for (; s->name; s++)
        put(&o, s->name, json_integer(s->value));
    return object_end(&o);
}

static json_t *latency(const struct result *r)
{
    struct object o;

    if (!r->one_way)
        return json_null();
    o = object_new();
    put(&o, "p50", rounded(r->latency_p50));
    put(&o, "p50_interval", interval(r->latency_p50_interval, rounded));
    put(&o, "p99", rounded(r->latency_p99));
    return object_end(&o);
}

static json_t *result_warnings(const struct result *r)
{
    json_t *array = json_array();

    for (unsigned i = 0; i < r->warning_count; i++)
        if (json_array_append_new(array, text(r->warnings[i])) < 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

static void put_row(struct object *o, const struct result *r)
{
    put(o, "mechanism", text(r->mechanism));
    put(o, "workload", text(r->workload));
    put(o, "start", text(r->start));
    put(o, "bytes", r->sized ? count(r->bytes) : json_null());
    put(o, "settings", settings(r->settings));
    put(o, "placement", text(placement_names[r->placement]));
    put(o, "unit", text(r->unit));
    put(o, "rounds", count(r->rounds));
    put(o, "samples", count(r->samples));
    put(o, "batch", count(r->batch));
    put(o, "reruns", count(r->reruns));
    put(o, "failed", text(r->failed));
}

static void put_distribution(struct object *o, const struct result *r)
{
    put(o, "median", rounded(r->median));
    put(o, "median_interval", interval(r->median_interval, rounded));
    put(o, "interval_kind", text(r->median_interval.kind));
    put(o, "interval_level",
        r->median_interval.level > 0 ? number(r->median_interval.level)
                                     : json_null());
    put(o, "mean", rounded(r->mean));
    put(o, "stddev", rounded(r->stddev));
    put(o, "mad", rounded(r->mad));
    put(o, "min", rounded(r->min));
    put(o, "max", rounded(r->max));
    for (size_t i = 0; i < PERCENTILES; i++)
        put(o, percentile_names[i], rounded(r->percentiles[i]));
    put(o, "round_medians", numbers(r->round_medians, r->rounds));
    put(o, "outliers", count(r->outliers));
}

static void put_costs(struct object *o, const struct result *r)
{
    const struct counters *c = &r->counters;

    put(o, "ops_per_s", rounded(r->ops_per_s));
    put(o, "bytes_per_s", rounded(r->bytes_per_s));
    put(o, "latency_one_way", latency(r));
    put(o, "cpu_ns_per_op", rounded(c->cpu_ns));
    put(o, "syscalls_per_op", json_null()); /* counted only by strace */
    put(o, "io_calls_per_op", rounded(c->io_calls));
    put(o, "voluntary_switches_per_op", rounded(c->voluntary_switches));
    put(o, "involuntary_switches_per_op", rounded(c->involuntary_switches));
    put(o, "minor_faults_per_op", rounded(c->minor_faults));
    put(o, "migrations", count((uint64_t)r->migrations));
    put(o, "steal", number(r->steal));
}

static json_t *result_json(const struct result *r)
{
    struct object o = object_new();

    put_row(&o, r);
    put_distribution(&o, r);
    put_costs(&o, r);
    put(&o, "floor", r->floor[0] ? text(r->floor) : json_null());
    put(&o, "times_floor", number(r->times_floor));
    put(&o, "times_floor_interval", interval(r->times_floor_interval, number));
    put(&o, "reference", rounded(r->reference));
    put(&o, "times_faster", number(r->times_faster));
    put(&o, "times_faster_interval",
        interval(r->times_faster_interval, number));
    put(&o, "warnings", result_warnings(r));
    return object_end(&o);
}

static json_t *results_json(const struct result *results, size_t n)
{
    json_t *array = json_array();

    for (size_t i = 0; i < n; i++)
        if (json_array_append_new(array, result_json(&results[i])) < 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

/* A seed beyond JSON's integers is written out as a text. */
static json_t *seed_json(uint64_t seed)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%llu", (unsigned long long)seed);
    return seed > INT64_MAX ? json_string(digits)
                            : json_integer((json_int_t)seed);
}

static json_t *card_warnings(const struct card *c)
{
    json_t *array = json_array();

    for (size_t i = 0; i < c->warning_count; i++) {
        struct object o = object_new();

        put(&o, "text", text(c->warnings[i].text));
        put(&o, "remedy", text(c->warnings[i].remedy));
        if (json_array_append_new(array, object_end(&o)) < 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static void put_card(struct object *o, const struct card *c)
{
    bool commit = strcmp(c->commit, "unknown") != 0;

    put(o, "commit", known(c->commit));
    put(o, "dirty", commit ? json_boolean(c->dirty) : json_null());
    put(o, "compiler", known(c->compiler));
    put(o, "cflags", known(c->cflags));
    put(o, "build", text(c->build));
    put(o, "kernel", known(c->kernel));
    put(o, "libc", known(c->libc));
    put(o, "cpu", known(c->cpu));
    put(o, "cores", c->cores ? count(c->cores) : json_null());
    put(o, "topology", known(c->topology));
    put(o, "governor", known(c->governor));
    put(o, "turbo", known(c->turbo));
    put(o, "mitigations", known(c->mitigations));
    put(o, "virtualization", known(c->virtualization));
    put(o, "container", known(c->container));
    put(o, "clocksource", known(c->clocksource));
    put(o, "clock_cost_ns", rounded(c->clock_cost_ns));
    put(o, "clock_step_ns", rounded(c->clock_step_ns));
    put(o, "wake_cost_ns", rounded(c->wake_cost_ns));
    put(o, "thp", known(c->thp));
    put(o, "pipe_max_size", count(c->pipe_max_size));
    put(o, "pipe_capacity", count(c->pipe_capacity));
    put(o, "load", numbers(c->load, 3));
    put(o, "steal", number(c->steal));
    put(o, "mem_available", count(c->mem_available));
    put(o, "warnings", card_warnings(c));
}

static json_t *context_json(const struct run *run)
{
    struct object o = object_new();

    put(&o, "when", text(run->when));
    put_card(&o, run->card);
    put(&o, "seed", seed_json(run->seed));
    put(&o, "python", text(run->python));
    if (!run->python)
        put(&o, "python_why", text(run->python_why));
    put(&o, "budget_s", rounded(run->budget_s));
    put(&o, "took_s", rounded(run->took_s));
    return object_end(&o);
}

static json_t *aa_json(const struct aa_pair *pair_)
{
    struct object o = object_new();

    put(&o, "class", text(pair_->class));
    put(&o, "ratio", number(pair_->ratio));
    put(&o, "interval", interval(pair_->interval, number));
    put(&o, "interval_kind", text(pair_->interval.kind));
    return object_end(&o);
}

static json_t *program_json(const struct program *p)
{
    struct object o = object_new();

    put(&o, "name", text(p->name));
    put(&o, "command", text(p->command));
    put(&o, "median", rounded(p->median_ns));
    put(&o, "min", rounded(p->min_ns));
    put(&o, "max", rounded(p->max_ns));
    put(&o, "stddev", rounded(p->stddev_ns));
    put(&o, "runs", count(p->runs));
    put(&o, "times_faster", number(p->times_faster));
    return object_end(&o);
}

static void put_lists(struct object *o, const struct run *run)
{
    json_t *aa = json_array(), *programs = json_array(), *left = json_array();

    for (size_t i = 0; i < run->aa_count; i++)
        o->failed |= json_array_append_new(aa, aa_json(&run->aa[i])) < 0;
    for (size_t i = 0; i < run->program_count; i++)
        o->failed |= json_array_append_new(programs,
                                           program_json(&run->programs[i])) < 0;
    for (size_t i = 0; i < run->left_out_count; i++)
        o->failed |= json_array_append_new(left, text(run->left_out[i])) < 0;
    put(o, "aa", aa);
    put(o, "programs", programs);
    put(o, "left_out", left);
}

int write_json(FILE *out, const struct run *run)
{
    struct object o = object_new();
    json_t *root;
    int error = 0;

    put(&o, "schema", json_string("ipclab-run-1"));
    put(&o, "partial", json_boolean(run->partial));
    put(&o, "context", context_json(run));
    put(&o, "floors", results_json(run->floors, run->floor_count));
    put(&o, "results", results_json(run->results, run->result_count));
    put(&o, "references", results_json(run->references, run->reference_count));
    put_lists(&o, run);
    root = object_end(&o);
    if (!root)
        return -ENOMEM;
    errno = 0;
    if (json_dumpf(root, out, JSON_INDENT(1) | JSON_REAL_PRECISION(DIGITS)) <
            0 ||
        fputc('\n', out) == EOF || fflush(out) != 0)
        error = errno ? -errno : -EIO;
    json_decref(root);
    return error;
}
