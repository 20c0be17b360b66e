/* SPDX-License-Identifier: MIT */
/*
 * machine_limits.c - what the card's cgroups, memory and limits allow.
 *
 * A limit holds for all below it, so each group from our own up to the root
 * of the hierarchy is asked, and the least is what counts.  In a container
 * our own path may be one that only the host has: then the root alone answers.
 */
#include "machine_parts.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Cores' worth of time that a group may use, as cpu.max and v1's files say. */
static double cpus_of(const char *root, const char *group)
{
    char text[64] = "";
    uint64_t quota, period;

    if (card_line(root, text, sizeof text, "%s/cpu.max", group) &&
        sscanf(text, "%" SCNu64 " %" SCNu64, &quota, &period) == 2 && period)
        return (double)quota / (double)period;
    /* A quota of -1 means none, and is no number here. */
    if (card_number(root, &quota, "%s/cpu.cfs_quota_us", group) &&
        card_number(root, &period, "%s/cpu.cfs_period_us", group) && period)
        return (double)quota / (double)period;
    return NAN;
}

/* Bytes that a group may use, which "max" and 2^63 leave without limit. */
static double memory_of(const char *root, const char *group)
{
    uint64_t bytes;

    if ((card_number(root, &bytes, "%s/memory.max", group) ||
         card_number(root, &bytes, "%s/memory.limit_in_bytes", group)) &&
        bytes < UINT64_C(1) << 60)
        return (double)bytes;
    return NAN;
}

/* The least limit of a group below a mount point and all above it. */
static double least_limit(const char *root, const char *mount, const char *path,
                          double (*limit)(const char *, const char *))
{
    char group[PATH_MAX];
    size_t top = strlen(mount);
    double least = NAN;

    snprintf(group, sizeof group, "%s%s", mount, path);
    for (;;) {
        least = fmin(least, limit(root, group)); /* NAN is left out */
        if (strlen(group) <= top)
            return least;
        *strrchr(group, '/') = '\0';
    }
}

/* Is the controller in "cpu,cpuacct"? */
static bool has_controller(const char *list, const char *name)
{
    size_t n = strlen(name);

    for (; *list; list += strcspn(list, ","), list += *list == ',')
        if (strncmp(list, name, n) == 0 && (!list[n] || list[n] == ','))
            return true;
    return false;
}

/* Of one line of /proc/self/cgroup, "4:cpu,cpuacct:/path". */
static double line_limit(const char *root, char *line, const char *controller,
                         double (*limit)(const char *, const char *))
{
    char *list = strchr(line, ':'), *path, mount[PATH_MAX];
    double least;

    path = list ? strchr(list + 1, ':') : NULL;
    if (!path || path[1] != '/')
        return NAN;
    *path++ = '\0';
    list++;
    if (!*list) { /* version 2; "unified" where both are mounted */
        least = least_limit(root, "/sys/fs/cgroup", path, limit);
        return fmin(least,
                    least_limit(root, "/sys/fs/cgroup/unified", path, limit));
    }
    if (!has_controller(list, controller))
        return NAN;
    snprintf(mount, sizeof mount, "/sys/fs/cgroup/%s", list);
    least = least_limit(root, mount, path, limit);
    snprintf(mount, sizeof mount, "/sys/fs/cgroup/%s", controller);
    return fmin(least, least_limit(root, mount, path, limit));
}

static double cgroup_limit(const char *root, const char *controller,
                           double (*limit)(const char *, const char *))
{
    char text[4096], *save = NULL;
    double least = NAN;

    card_file(root, text, sizeof text, "/proc/self/cgroup");
    for (char *line = strtok_r(text, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save))
        least = fmin(least, line_limit(root, line, controller, limit));
    return least;
}

/* A line of /proc/meminfo, in bytes. */
static uint64_t meminfo(const char *text, const char *key)
{
    const char *value = card_key(text, key);

    return value ? strtoull(value, NULL, 10) * 1024 : 0;
}

static uint64_t limit_of(rlim_t limit)
{
    return limit == RLIM_INFINITY ? UINT64_MAX : (uint64_t)limit;
}

void card_read_limits(struct card *card, const char *root)
{
    struct rlimit files = {0, 0};
    char text[4096];
    double memory;

    card_file(root, text, sizeof text, "/proc/meminfo");
    card->mem_total = meminfo(text, "MemTotal");
    card->mem_available = meminfo(text, "MemAvailable");
    card->cgroups = card_file(root, text, sizeof text, "/proc/self/cgroup");
    card->cgroup_cpus = cgroup_limit(root, "cpu", cpus_of);
    memory = cgroup_limit(root, "memory", memory_of);
    card->cgroup_memory = isnan(memory) ? 0 : (uint64_t)memory;
    if (card->mem_total && card->cgroup_memory >= card->mem_total)
        card->cgroup_memory = 0; /* more than there is limits nothing */
    if (card->cgroup_memory && card->mem_available > card->cgroup_memory)
        card->mem_available = card->cgroup_memory;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        card->nofile = limit_of(files.rlim_cur);
        card->nofile_hard = limit_of(files.rlim_max);
    }
}
