/* SPDX-License-Identifier: MIT */
/* machine_cpu.c - the card's processors: what they are and how they are run. */
#include "machine_parts.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

enum { CORES_MOST = 4096 };

#define CPU_PATH "/sys/devices/system/cpu"

/* x86 has a name; arm64 has numbers, and some boards a name of their own. */
static void read_name(struct card *card, const char *cpuinfo, const char *root)
{
    const char *maker = card_key(cpuinfo, "CPU implementer");
    const char *part = card_key(cpuinfo, "CPU part");

    if (card_key(cpuinfo, "model name"))
        card_copy(card->cpu, sizeof card->cpu, card_key(cpuinfo, "model name"));
    else if (card_key(cpuinfo, "Model"))
        card_copy(card->cpu, sizeof card->cpu, card_key(cpuinfo, "Model"));
    else if (card_line(root, card->cpu, sizeof card->cpu,
                       "/proc/device-tree/model"))
        return;
    else if (maker && part)
        snprintf(card->cpu, sizeof card->cpu, "implementer %.*s, part %.*s",
                 (int)strcspn(maker, "\n"), maker, (int)strcspn(part, "\n"),
                 part);
}

/* Distinct packages and cores among the processors that are online. */
struct topology {
    const char *root;
    struct {
        uint64_t package, core;
    } cores[CORES_MOST];
    size_t core_count, packages;
    bool incomplete;
};

static void add_processor(void *argument, unsigned number)
{
    struct topology *t = argument;
    uint64_t package, core;
    bool new_package = true;

    if (!card_number(t->root, &package,
                     CPU_PATH "/cpu%u/topology/physical_package_id", number) ||
        !card_number(t->root, &core, CPU_PATH "/cpu%u/topology/core_id",
                     number) ||
        t->core_count == CORES_MOST) {
        t->incomplete = true;
        return;
    }
    for (size_t i = 0; i < t->core_count; i++) {
        if (t->cores[i].package != package)
            continue;
        if (t->cores[i].core == core)
            return;
        new_package = false;
    }
    t->packages += new_package;
    t->cores[t->core_count].package = package;
    t->cores[t->core_count++].core = core;
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static void read_topology(struct card *card, const char *root,
                          const char *online)
{
    struct topology *t = calloc(1, sizeof *t);

    if (!t)
        return;
    t->root = root;
    card_list(online, add_processor, t);
    if (t->core_count && !t->incomplete)
        snprintf(card->topology, sizeof card->topology,
                 "%zu package%s, %zu core%s, %u thread%s", t->packages,
                 plural(t->packages), t->core_count, plural(t->core_count),
                 card->cores_online, plural(card->cores_online));
    free(t);
}

/* How many processors there are, and how many this process may use. */
static void count_cores(struct card *card, const char *root,
                        const char *cpuinfo, const char *online)
{
    char status[4096];
    const char *allowed;

    card->cores_online = card_list(online, NULL, NULL);
    for (const char *at = cpuinfo; !online[0] && at; at = strchr(at, '\n')) {
        at += *at == '\n';
        card->cores_online += strncmp(at, "processor", 9) == 0;
    }
    card->cores = card->cores_online;
    card_file(root, status, sizeof status, "/proc/self/status");
    allowed = card_key(status, "Cpus_allowed_list");
    if (allowed && card_list(allowed, NULL, NULL) > 0)
        card->cores = card_list(allowed, NULL, NULL);
    /* The mask may name processors that are not there. */
    if (card->cores_online && card->cores > card->cores_online)
        card->cores = card->cores_online;
}

struct governors {
    const char *root;
    char first[48];
    bool mixed;
};

static void add_governor(void *argument, unsigned number)
{
    struct governors *g = argument;
    char now[sizeof g->first] = "";

    if (!card_line(g->root, now, sizeof now,
                   CPU_PATH "/cpu%u/cpufreq/scaling_governor", number))
        return;
    g->mixed |= g->first[0] && strcmp(g->first, now) != 0;
    if (!g->first[0])
        memcpy(g->first, now, sizeof now);
}

static void read_speed(struct card *card, const char *root, const char *online)
{
    struct governors g = {.root = root};
    uint64_t value;

    card_list(online, add_governor, &g);
    if (g.first[0])
        snprintf(card->governor, sizeof card->governor, "%s",
                 g.mixed ? "mixed" : g.first);
    if (card_number(root, &value, CPU_PATH "/intel_pstate/no_turbo"))
        snprintf(card->turbo, sizeof card->turbo, value ? "off" : "on");
    else if (card_number(root, &value, CPU_PATH "/cpufreq/boost"))
        snprintf(card->turbo, sizeof card->turbo, value ? "on" : "off");
}

/* Append to a list "a, b", if the whole word fits. */
static void append(char *text, size_t size, const char *word)
{
    if (strlen(text) + strlen(word) + 3 > size)
        return;
    if (text[0])
        strcat(text, ", ");
    strcat(text, word);
}

static void read_mitigations(struct card *card, const char *root)
{
    char path[4096], state[32], on[480] = "", open_[480] = "";
    struct dirent **names = NULL;
    int count;

    snprintf(path, sizeof path, "%s%s", root, CPU_PATH "/vulnerabilities");
    count = scandir(path, &names, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (names[i]->d_name[0] != '.' &&
            card_line(root, state, sizeof state, CPU_PATH "/vulnerabilities/%s",
                      names[i]->d_name)) {
            if (strncmp(state, "Mitigation", 10) == 0)
                append(on, sizeof on, names[i]->d_name);
            else if (strncmp(state, "Vulnerable", 10) == 0)
                append(open_, sizeof open_, names[i]->d_name);
        }
        free(names[i]);
    }
    free(names);
    if (count > 2) /* more than . and .. */
        snprintf(card->mitigations, sizeof card->mitigations, "%s%s%s%s",
                 on[0]      ? "on for "
                 : open_[0] ? "none"
                            : "none needed",
                 on, open_[0] ? "; off for " : "", open_);
}

void card_read_cpu(struct card *card, const char *root)
{
    enum { CPUINFO_MOST = 256 << 10 };
    char *cpuinfo = calloc(1, CPUINFO_MOST), online[256] = "";

    if (!cpuinfo)
        return;
    card_file(root, cpuinfo, CPUINFO_MOST, "/proc/cpuinfo");
    card_line(root, online, sizeof online, CPU_PATH "/online");
    read_name(card, cpuinfo, root);
    count_cores(card, root, cpuinfo, online);
    read_topology(card, root, online);
    read_speed(card, root, online);
    read_mitigations(card, root);
    free(cpuinfo);
}
