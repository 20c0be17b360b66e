/* SPDX-License-Identifier: MIT */
/* test_machine.h - a fake /proc and /sys, and the card that is read from it. */
#ifndef IPCLAB_TEST_MACHINE_H
#define IPCLAB_TEST_MACHINE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "machine.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/ipclab-machine.XXXXXX";
static struct card card;

static inline int begin(void **state)
{
    (void)state;
    alarm(20);
    strcpy(root + sizeof root - 7, "XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static inline int remove_one(const char *path, const struct stat *s, int kind,
                             struct FTW *f)
{
    (void)s;
    (void)kind;
    (void)f;
    return remove(path);
}

static inline int end(void **state)
{
    (void)state;
    alarm(0);
    return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Make a file of n bytes below root, and the folders that it is in. */
static inline void put_bytes(const char *path, const void *bytes, size_t n)
{
    char whole[PATH_MAX];
    FILE *file;

    snprintf(whole, sizeof whole, "%s%s", root, path);
    for (char *slash = strchr(whole + sizeof root, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(whole, 0700);
        *slash = '/';
    }
    file = fopen(whole, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static inline void put(const char *path, const char *text)
{
    put_bytes(path, text, strlen(text));
}

static inline void read_card(void)
{
    memset(&card, 0x5a, sizeof card);
    assert_int_equal(machine_read(&card, root), 0);
}

static inline bool warned(const char *words)
{
    for (size_t i = 0; i < card.warning_count; i++)
        if (strstr(card.warnings[i].text, words)) {
            assert_true(strlen(card.warnings[i].remedy) > 0);
            return true;
        }
    return false;
}

/* The printed card; free it. */
static inline char *printed(bool utf8)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    machine_print_as(out, &card, utf8);
    assert_int_equal(fclose(out), 0);
    return text;
}

/* A desktop with 4 cores of 2 threads, on battery settings. */
static inline void make_desktop(void)
{
    char path[128], text[32];

    put("/proc/cpuinfo",
        "processor\t: 0\nmodel name\t: Intel(R) Core(TM) i7-1165G7 CPU @ "
        "2.80GHz\nflags\t\t: fpu vme de sse2\n\nprocessor\t: 1\n");
    put("/sys/devices/system/cpu/online", "0-7\n");
    for (int i = 0; i < 8; i++) {
        snprintf(path, sizeof path,
                 "/sys/devices/system/cpu/cpu%d/topology/core_id", i);
        snprintf(text, sizeof text, "%d\n", i % 4);
        put(path, text);
        snprintf(path, sizeof path,
                 "/sys/devices/system/cpu/cpu%d/topology/physical_package_id",
                 i);
        put(path, "0\n");
        snprintf(path, sizeof path,
                 "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor", i);
        put(path, "powersave\n");
    }
    put("/sys/devices/system/cpu/intel_pstate/no_turbo", "0\n");
    put("/sys/devices/system/cpu/vulnerabilities/meltdown",
        "Mitigation: PTI\n");
    put("/sys/devices/system/cpu/vulnerabilities/mds", "Not affected\n");
    put("/sys/devices/system/cpu/vulnerabilities/l1tf", "Vulnerable\n");
    put("/sys/devices/virtual/dmi/id/sys_vendor", "LENOVO\n");
    put("/sys/devices/system/clocksource/clocksource0/current_clocksource",
        "tsc\n");
    put("/sys/kernel/mm/transparent_hugepage/enabled",
        "always [madvise] never\n");
    put("/proc/self/status", "Name:\tx\nCpus_allowed_list:\t0-127\n");
    put("/proc/self/cgroup", "0::/user.slice/session.scope\n");
    put("/proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
    put("/proc/sys/kernel/yama/ptrace_scope", "1\n");
    put("/proc/sys/fs/pipe-max-size", "1048576\n");
    put("/proc/loadavg", "3.90 2.00 1.00 1/234 5678\n");
    put("/proc/meminfo", "MemTotal:  16000000 kB\nMemFree: 1 kB\n"
                         "MemAvailable:   8000000 kB\n");
    put("/proc/stat", "cpu  100 0 100 700 50 25 25 0 0 0\ncpu0 1 2 3\n");
}

#endif
