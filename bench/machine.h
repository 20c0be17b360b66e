/* SPDX-License-Identifier: MIT */
/*
 * machine.h - the machine card: where figures were measured, and what taints
 * them.
 *
 *     struct card card;
 *     machine_read(&card, "");
 *     machine_print(stdout, &card);
 *
 * A text that cannot be found out is "unknown", a number NAN or 0.
 */
#ifndef IPCLAB_MACHINE_H
#define IPCLAB_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { CARD_WARNINGS = 12 };

struct card_warning {
    char text[160];   /* what taints the figures */
    char remedy[160]; /* what to do about it */
};

struct card {
    char commit[80]; /* "unknown" where the build did not say */
    bool dirty;      /* it was built from a changed tree */
    char compiler[96], cflags[192];
    char build[64];   /* "optimised", or what makes its figures worthless */
    char kernel[200]; /* "Linux 6.1.0-18-amd64 x86_64" */
    char libc[48];

    char cpu[128];
    unsigned cores, cores_online; /* usable by this process; by anyone */
    char topology[64];            /* "1 package, 4 cores, 8 threads" */
    char governor[64];            /* "mixed" where they differ */
    char turbo[16];               /* "on" or "off" */
    char mitigations[1024];
    char virtualization[80]; /* "none", "KVM", "WSL2" */
    char container[40];      /* "none", "docker" */

    char clocksource[40];
    double clock_cost_ns, clock_step_ns;
    double wake_cost_ns; /* the caller's to fill; NAN until then */

    char thp[24];
    uint64_t pipe_max_size, pipe_capacity;
    double load[3];         /* over 1, 5 and 15 minutes */
    bool cgroups;           /* it could be found out what they allow */
    double cgroup_cpus;     /* NAN: no limit */
    uint64_t cgroup_memory; /* 0: no limit */
    uint64_t mem_total, mem_available;
    uint64_t nofile, nofile_hard; /* UINT64_MAX: no limit */
    char ptrace_scope[16];        /* of Yama; "none" where that is absent */
    double steal;                 /* share of all time since boot, 0..1 */

    struct card_warning warnings[CARD_WARNINGS];
    size_t warning_count;
};

/*
 * Fill the card in.  The files of /proc and /sys are read below root: "" in
 * life.  What is this process's own (uname, libc, limits, the clock) is asked
 * of the system.  0, or -errno when even that fails.
 */
int machine_read(struct card *card, const char *root);

/* Find the warnings again, after a field was changed. */
void machine_judge(struct card *card);

/* Every line of the card: `key  value`, then `! warning` with its remedy. */
void machine_print(FILE *out, const struct card *card);

/* The same, whatever the locale. */
void machine_print_as(FILE *out, const struct card *card, bool utf8);

/* "AMD EPYC · 2 cores · Linux 6.18 · KVM" */
const char *machine_summary(const struct card *card, bool utf8, char *text,
                            size_t size);

/* Ticks of all processors since boot: what the hypervisor took, and all. */
struct ticks {
    uint64_t steal, total;
};

/* 0, -ENOENT, or -EBADMSG when /proc/stat is not as proc(5) says. */
int machine_ticks(const char *root, struct ticks *ticks);

/* The share that was stolen between two moments, 0..1; NAN: no tick passed. */
double machine_steal(struct ticks before, struct ticks after);

#endif
