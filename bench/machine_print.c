/* SPDX-License-Identifier: MIT */
/*
 * machine_print.c - judge the machine card, and print it.
 *
 * machine_judge is the one place that says what taints a figure and what to
 * do about it; the table, run.json and machine.txt all print what it found.
 */
#include "machine_parts.h"

#include "human.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

enum { KEY_WIDTH = 18, COLUMNS = 80 };

static const double load_most = 0.5; /* of each core */
static const double steal_most = 0.02;

/* Add a warning: its text is a format, its remedy is not. */
__attribute__((format(printf, 3, 4))) static void
warn(struct card *card, const char *remedy, const char *format, ...)
{
    struct card_warning *w = &card->warnings[card->warning_count];
    va_list arguments;

    if (card->warning_count == CARD_WARNINGS)
        return;
    card->warning_count++;
    snprintf(w->remedy, sizeof w->remedy, "%s", remedy);
    va_start(arguments, format);
    vsnprintf(w->text, sizeof w->text, format, arguments);
    va_end(arguments);
}

static bool is(const char *text, const char *word)
{
    return strcmp(text, word) == 0;
}

static void judge_speed(struct card *c)
{
    if (!is(c->build, "optimised"))
        warn(c, "make clean, then make bench without CFLAGS or SANITIZE",
             "this build (%s) is no measure of anything", c->build);
    if (!is(c->governor, "performance") && !is(c->governor, "unknown"))
        warn(c, "cpupower frequency-set -g performance (root)",
             "governor %s: the processor changes its speed while measured",
             c->governor);
    if (is(c->turbo, "on"))
        warn(c,
             "echo 0 > /sys/devices/system/cpu/cpufreq/boost, or echo 1 > "
             "/sys/devices/system/cpu/intel_pstate/no_turbo (root)",
             "turbo is on: speed depends on heat and on other cores");
    if (is(c->clocksource, "hpet") || is(c->clocksource, "acpi_pm") ||
        is(c->clocksource, "jiffies") || is(c->clocksource, "refined-jiffies"))
        warn(c, "boot with clocksource=tsc, if the processor's is stable",
             "clocksource %s: each look at the clock costs %.0f ns",
             c->clocksource, c->clock_cost_ns);
}

static void judge_company(struct card *c)
{
    double cores = c->cores;

    if (cores > 0 && c->load[0] > load_most * cores)
        warn(c, "wait until other programs have ended, and run again",
             "load %.2f on %u core%s: other programs are measured too",
             c->load[0], c->cores, c->cores == 1 ? "" : "s");
    if (!is(c->virtualization, "none") && !is(c->virtualization, "unknown"))
        warn(c,
             "compare placement same, try --keep-awake (root), or measure "
             "on bare metal",
             "virtual machine (%s): where one core wakes another, figures are "
             "mostly the hypervisor's",
             c->virtualization);
    if (c->steal > steal_most)
        warn(c, "run again when the host is quiet",
             "the hypervisor has given %.1f %% of this machine's time to "
             "others",
             c->steal * 100);
}

static void judge_limits(struct card *c)
{
    char bytes[32];

    if (c->cores == 1)
        warn(c, "use a machine, or an affinity mask, with two",
             "1 core: nothing runs beside its peer, and placement cross is "
             "skipped");
    else if (c->cores < c->cores_online)
        warn(c, "taskset -c, or the cpuset of the container, allows more",
             "only %u of %u cores may be used", c->cores, c->cores_online);
    if (c->cgroup_cpus < c->cores)
        warn(c, "raise cpu.max of the cgroup (docker: --cpus)",
             "the cgroup allows %.2f cores' time: beyond it everything is "
             "stopped for a while",
             c->cgroup_cpus);
    if (c->cgroup_memory)
        warn(c, "raise memory.max of the cgroup (docker: --memory)",
             "the cgroup allows %s of memory: large parents are left out",
             human_memory((double)c->cgroup_memory, bytes, sizeof bytes));
}

void machine_judge(struct card *card)
{
    card->warning_count = 0;
    judge_speed(card);
    judge_company(card);
    judge_limits(card);
}

/* Cut what says nothing out of a processor's name. */
static void shorten(char *name)
{
    static const char *const noise[] = {"(R)", "(TM)", "(tm)", " CPU",
                                        " Processor"};
    char *at = strstr(name, " @ ");

    if (at)
        *at = '\0';
    for (size_t i = 0; i < sizeof noise / sizeof *noise; i++)
        while ((at = strstr(name, noise[i])))
            memmove(at, at + strlen(noise[i]),
                    strlen(at + strlen(noise[i])) + 1);
    while ((at = strstr(name, "  ")))
        memmove(at, at + 1, strlen(at));
}

const char *machine_summary(const struct card *card, bool utf8, char *text,
                            size_t size)
{
    const char *dot = utf8 ? " · " : ", ";
    char cpu[sizeof card->cpu], kernel[40] = "Linux", cores[32];
    unsigned major, minor;

    snprintf(cpu, sizeof cpu, "%s",
             is(card->cpu, "unknown") ? "unknown processor" : card->cpu);
    shorten(cpu);
    if (sscanf(card->kernel, "Linux %u.%u", &major, &minor) == 2)
        snprintf(kernel, sizeof kernel, "Linux %u.%u", major, minor);
    snprintf(cores, sizeof cores, "%u core%s%s", card->cores,
             card->cores == 1 ? "" : "s", dot);
    snprintf(text, size, "%s%s%s%s", cpu, dot, card->cores ? cores : "",
             kernel);
    if (!is(card->virtualization, "none") &&
        !is(card->virtualization, "unknown") && strlen(text) < size)
        snprintf(text + strlen(text), size - strlen(text), "%s%s", dot,
                 card->virtualization);
    return text;
}

/* One line of the card; its value goes on below rather than beyond 80. */
__attribute__((format(printf, 3, 4))) static void
line(FILE *out, const char *key, const char *format, ...)
{
    char value[1280];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(value, sizeof value, format, arguments);
    va_end(arguments);
    fprintf(out, "%-*s", KEY_WIDTH, key);
    human_wrap(out, value, KEY_WIDTH, COLUMNS, "");
}

static void print_program(FILE *out, const struct card *c)
{
    line(out, "commit", "%s%s", c->commit, c->dirty ? " (changed)" : "");
    line(out, "compiler", "%s", c->compiler);
    line(out, "cflags", "%s", c->cflags);
    line(out, "build", "%s", c->build);
    line(out, "kernel", "%s", c->kernel);
    line(out, "libc", "%s", c->libc);
}

static void print_processors(FILE *out, const struct card *c)
{
    line(out, "cpu", "%s", c->cpu);
    if (c->cores == 0)
        line(out, "cores", "unknown");
    else if (c->cores == c->cores_online)
        line(out, "cores", "%u", c->cores);
    else
        line(out, "cores", "%u of %u", c->cores, c->cores_online);
    line(out, "topology", "%s", c->topology);
    line(out, "governor", "%s", c->governor);
    line(out, "turbo", "%s", c->turbo);
    line(out, "mitigations", "%s", c->mitigations);
    line(out, "virtualization", "%s", c->virtualization);
    line(out, "container", "%s", c->container);
}

static void print_clock(FILE *out, const struct card *c, bool utf8)
{
    char cost[32], step[32], wake[32];

    human_time(c->clock_cost_ns, utf8, cost, sizeof cost);
    human_time(c->clock_step_ns, utf8, step, sizeof step);
    human_time(c->wake_cost_ns, utf8, wake, sizeof wake);
    line(out, "clock", "%s, %s a look, steps of %s", c->clocksource, cost,
         step);
    line(out, "wake cost", "%s",
         isnan(c->wake_cost_ns) ? "not measured" : wake);
    if (isnan(c->load[0]))
        line(out, "load", "unknown");
    else
        line(out, "load", "%.2f %.2f %.2f", c->load[0], c->load[1], c->load[2]);
    if (isnan(c->steal))
        line(out, "steal", "unknown");
    else
        line(out, "steal", "%.2f %% since boot", c->steal * 100);
}

/* "3.64 GiB", or what it means that there is no such number. */
static const char *bytes_or(double bytes, const char *otherwise, char text[32])
{
    return bytes > 0 ? human_memory(bytes, text, 32) : otherwise;
}

static void print_limits(FILE *out, const struct card *c)
{
    const char *none = c->cgroups ? "no limit" : "unknown";
    char a[32], b[32], cpus[32];

    snprintf(cpus, sizeof cpus, "%s", none);
    if (!isnan(c->cgroup_cpus))
        snprintf(cpus, sizeof cpus, "%.2f cores", c->cgroup_cpus);
    line(out, "memory", "%s available of %s",
         bytes_or((double)c->mem_available, "unknown", a),
         bytes_or((double)c->mem_total, "unknown", b));
    line(out, "huge pages", "%s", c->thp);
    line(out, "cgroup cpu", "%s", cpus);
    line(out, "cgroup memory", "%s",
         bytes_or((double)c->cgroup_memory, none, a));
    line(out, "pipe", "%s, at most %s",
         c->pipe_capacity ? human_bytes(c->pipe_capacity, a, sizeof a)
                          : "unknown",
         c->pipe_max_size ? human_bytes(c->pipe_max_size, b, sizeof b)
                          : "unknown");
    if (c->nofile == UINT64_MAX)
        line(out, "descriptors", "no limit");
    else
        line(out, "descriptors", "%" PRIu64, c->nofile);
    line(out, "ptrace scope", "%s", c->ptrace_scope);
}

void machine_print_as(FILE *out, const struct card *card, bool utf8)
{
    char summary[256];

    machine_summary(card, utf8, summary, sizeof summary);
    fprintf(out, "%-*s%s\n", KEY_WIDTH, "machine", summary);
    print_program(out, card);
    print_processors(out, card);
    print_clock(out, card, utf8);
    print_limits(out, card);
    for (size_t i = 0; i < card->warning_count; i++) {
        fprintf(out, "! ");
        human_wrap(out, card->warnings[i].text, 2, COLUMNS, "");
        fprintf(out, "  ");
        human_wrap(out, card->warnings[i].remedy, 2, COLUMNS, "");
    }
}

void machine_print(FILE *out, const struct card *card)
{
    machine_print_as(out, card, human_utf8());
}
