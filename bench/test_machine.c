/* SPDX-License-Identifier: MIT */
/*
 * test_machine.c - the machine card, of machines made of files.
 *
 * What the card asks the system itself for (uname, libc, limits, the clock) is
 * this machine's in every test, and so is the build: sanitizer or not.
 */
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

static int begin(void **state)
{
    (void)state;
    alarm(20);
    strcpy(root + sizeof root - 7, "XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *s, int kind,
                      struct FTW *f)
{
    (void)s;
    (void)kind;
    (void)f;
    return remove(path);
}

static int end(void **state)
{
    (void)state;
    alarm(0);
    return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Make a file of n bytes below root, and the folders that it is in. */
static void put_bytes(const char *path, const void *bytes, size_t n)
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

static void put(const char *path, const char *text)
{
    put_bytes(path, text, strlen(text));
}

static void read_card(void)
{
    memset(&card, 0x5a, sizeof card);
    assert_int_equal(machine_read(&card, root), 0);
}

static bool warned(const char *words)
{
    for (size_t i = 0; i < card.warning_count; i++)
        if (strstr(card.warnings[i].text, words)) {
            assert_true(strlen(card.warnings[i].remedy) > 0);
            return true;
        }
    return false;
}

/* The printed card; free it. */
static char *printed(bool utf8)
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
static void make_desktop(void)
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

static void a_desktop_is_read(void **state)
{
    char text[128];

    (void)state;
    make_desktop();
    read_card();
    assert_string_equal(card.cpu, "Intel(R) Core(TM) i7-1165G7 CPU @ 2.80GHz");
    assert_int_equal(card.cores, 8);
    assert_int_equal(card.cores_online, 8);
    assert_string_equal(card.topology, "1 package, 4 cores, 8 threads");
    assert_string_equal(card.governor, "powersave");
    assert_string_equal(card.turbo, "on");
    assert_string_equal(card.mitigations, "on for meltdown; off for l1tf");
    assert_string_equal(card.virtualization, "none");
    assert_string_equal(card.container, "none");
    assert_string_equal(card.clocksource, "tsc");
    assert_string_equal(card.thp, "madvise");
    assert_string_equal(card.ptrace_scope, "1");
    assert_int_equal(card.pipe_max_size, 1048576);
    assert_int_equal(card.mem_available, UINT64_C(8000000) * 1024);
    assert_true(card.load[0] == 3.9 && card.load[2] == 1.0);
    assert_true(card.steal == 0);
    assert_true(isnan(card.cgroup_cpus) && card.cgroup_memory == 0);
    assert_string_equal(machine_summary(&card, true, text, sizeof text),
                        "Intel Core i7-1165G7 · 8 cores · Linux 6.1");
    assert_string_equal(machine_summary(&card, false, text, sizeof text),
                        "Intel Core i7-1165G7, 8 cores, Linux 6.1");
}

static void a_desktop_warns_of_its_settings_alone(void **state)
{
    (void)state;
    make_desktop();
    read_card();
    assert_true(warned("governor powersave"));
    assert_true(warned("turbo is on"));
    assert_false(warned("load"));
    assert_false(warned("cgroup"));
    assert_false(warned("may be used"));
    assert_false(warned("virtual machine"));
    assert_false(warned("hypervisor"));
}

static void settings_put_right_end_their_warnings(void **state)
{
    (void)state;
    make_desktop();
    for (int i = 0; i < 8; i++) {
        char path[128];

        snprintf(path, sizeof path,
                 "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor", i);
        put(path, "performance\n");
    }
    put("/sys/devices/system/cpu/intel_pstate/no_turbo", "1\n");
    read_card();
    strcpy(card.build, "optimised");
    machine_judge(&card);
    assert_int_equal(card.warning_count, 0);
    put("/sys/devices/system/cpu/cpu3/cpufreq/scaling_governor", "schedutil");
    put("/proc/loadavg", "4.10 2.00 1.00 1/234 5678\n");
    read_card();
    assert_string_equal(card.governor, "mixed");
    assert_true(warned("governor mixed"));
    assert_true(warned("load 4.10 on 8 cores"));
}

static void a_virtual_machine_is_known_by_its_firmware(void **state)
{
    (void)state;
    put("/proc/cpuinfo",
        "processor\t: 0\nmodel name\t: AMD EPYC 7763 64-Core Processor\n"
        "flags\t\t: fpu hypervisor sse\n\nprocessor\t: 1\n");
    put("/sys/devices/virtual/dmi/id/sys_vendor", "Amazon EC2\n");
    put("/sys/devices/virtual/dmi/id/product_name", "c6a.large\n");
    put("/proc/stat", "cpu  100 0 100 700 0 0 0 100 0 0\n");
    read_card();
    assert_string_equal(card.virtualization, "KVM (Amazon EC2)");
    assert_int_equal(card.cores, 2); /* without sysfs: as cpuinfo counts */
    assert_string_equal(card.topology, "unknown");
    assert_true(card.steal == 0.1);
    assert_true(warned("virtual machine (KVM (Amazon EC2))"));
    assert_true(warned("10.0 %"));
}

static void a_guest_without_firmware_is_still_a_guest(void **state)
{
    (void)state;
    put("/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu hypervisor\n");
    read_card();
    assert_string_equal(card.virtualization, "an unknown hypervisor");
    assert_true(warned("virtual machine"));
    assert_true(warned("1 core:"));
}

static void wsl2_and_xen_are_told(void **state)
{
    (void)state;
    put("/sys/hypervisor/type", "xen\n");
    put("/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu hypervisor\n");
    read_card();
    assert_string_equal(card.virtualization, "Xen");
    put("/proc/sys/kernel/osrelease", "5.15.90.1-microsoft-standard-WSL2\n");
    read_card();
    assert_string_equal(card.virtualization, "WSL2");
}

static void an_arm_board_has_a_name(void **state)
{
    (void)state;
    put("/proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd\n"
                         "CPU implementer\t: 0x41\nCPU part\t: 0xd08\n");
    read_card();
    assert_string_equal(card.cpu, "implementer 0x41, part 0xd08");
    assert_string_equal(card.virtualization, "unknown");
    put_bytes("/proc/device-tree/model", "Raspberry Pi 4 Model B", 23);
    read_card();
    assert_true(strncmp(card.cpu, "Raspberry Pi 4 Model B", 22) == 0);
    assert_string_equal(card.virtualization, "none");
}

static void a_container_of_version_2_is_limited_by_any_group(void **state)
{
    (void)state;
    make_desktop();
    put("/proc/self/cgroup", "0::/kubepods/pod1/app\n");
    put("/proc/self/status", "Cpus_allowed_list:\t2-5\n");
    put("/sys/fs/cgroup/kubepods/cpu.max", "150000 100000\n");
    put("/sys/fs/cgroup/kubepods/pod1/cpu.max", "400000 100000\n");
    put("/sys/fs/cgroup/kubepods/pod1/app/cpu.max", "max 100000\n");
    put("/sys/fs/cgroup/kubepods/pod1/memory.max", "536870912\n");
    put("/sys/fs/cgroup/kubepods/pod1/app/memory.max", "max\n");
    read_card();
    assert_true(card.cgroup_cpus == 1.5);
    assert_int_equal(card.cgroup_memory, 512 << 20);
    assert_int_equal(card.mem_available, 512 << 20);
    assert_int_equal(card.cores, 4);
    assert_string_equal(card.container, "Kubernetes");
    assert_true(warned("the cgroup allows 1.50 cores' time"));
    assert_true(warned("the cgroup allows 512 MiB of memory"));
    assert_true(warned("only 4 of 8 cores may be used"));
}

static void a_container_of_version_1_is_limited_by_its_root(void **state)
{
    (void)state;
    make_desktop();
    put("/.dockerenv", "");
    put("/proc/self/cgroup", "11:memory:/docker/0123\n"
                             "4:cpu,cpuacct:/docker/0123\nbroken line\n");
    put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000\n");
    put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n");
    read_card();
    assert_true(card.cgroup_cpus == 0.5);
    assert_int_equal(card.cgroup_memory, 1 << 30);
    assert_string_equal(card.container, "docker");
    put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    read_card();
    assert_true(isnan(card.cgroup_cpus));
    assert_int_equal(card.cgroup_memory, 0);
}

static void an_empty_tree_is_unknown_throughout(void **state)
{
    char *text;

    (void)state;
    read_card();
    assert_string_equal(card.cpu, "unknown");
    assert_string_equal(card.topology, "unknown");
    assert_string_equal(card.governor, "unknown");
    assert_string_equal(card.turbo, "unknown");
    assert_string_equal(card.mitigations, "unknown");
    assert_string_equal(card.virtualization, "unknown");
    assert_string_equal(card.container, "unknown");
    assert_string_equal(card.clocksource, "unknown");
    assert_string_equal(card.thp, "unknown");
    assert_string_equal(card.ptrace_scope, "unknown");
    assert_int_equal(card.cores, 0);
    assert_int_equal(card.mem_available, 0);
    assert_true(isnan(card.load[0]) && isnan(card.steal));
    assert_true(isnan(card.wake_cost_ns) && isnan(card.cgroup_cpus));
    assert_true(card.clock_cost_ns > 0 && card.pipe_capacity > 0);
    assert_true(strncmp(card.libc, "glibc ", 6) == 0);
    strcpy(card.build, "optimised");
    machine_judge(&card);
    assert_int_equal(card.warning_count, 0);
    text = printed(false);
    assert_non_null(strstr(text, "cgroup cpu        unknown\n"));
    free(text);
}

/* Every file that is read, filled with the same nonsense. */
static void fill_with(const char *bytes, size_t n)
{
    static const char *const paths[] = {
        "/proc/cpuinfo",
        "/proc/stat",
        "/proc/loadavg",
        "/proc/meminfo",
        "/proc/self/cgroup",
        "/proc/self/status",
        "/proc/1/environ",
        "/proc/device-tree/model",
        "/proc/sys/kernel/osrelease",
        "/proc/sys/kernel/yama/ptrace_scope",
        "/proc/sys/fs/pipe-max-size",
        "/sys/devices/system/cpu/online",
        "/sys/devices/system/cpu/cpu0/topology/core_id",
        "/sys/devices/system/cpu/cpu0/topology/physical_package_id",
        "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
        "/sys/devices/system/cpu/cpufreq/boost",
        "/sys/devices/system/cpu/intel_pstate/no_turbo",
        "/sys/devices/system/cpu/vulnerabilities/meltdown",
        "/sys/devices/system/clocksource/clocksource0/current_clocksource",
        "/sys/devices/virtual/dmi/id/sys_vendor",
        "/sys/kernel/mm/transparent_hugepage/enabled",
        "/sys/hypervisor/type",
        "/sys/fs/cgroup/cpu.max",
        "/sys/fs/cgroup/memory.max"};

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        put_bytes(paths[i], bytes, n);
}

static void malformed_files_do_no_harm(void **state)
{
    static const char *const nonsense[] = {
        "",
        "\n",
        "0",
        ":",
        "0-99999999999999999999,,5--3,7-1",
        "99999999999999999999999999999999999999",
        "-1",
        "0::/\n1:cpu:\n2:memory:/a/b/../../..\n:::\n",
        "flags:\nmodel name:\nCPU part:\nprocessor",
        "cpu  1 2 3",
        "[",
        "1 0",
        "nan inf -inf",
        "0-8191\n",
    };
    enum { LONG = 300000 };
    char *text = malloc(LONG);

    (void)state;
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        fill_with(nonsense[i], strlen(nonsense[i]));
        read_card();
        free(printed(true));
    }
    assert_non_null(text);
    for (int byte = 0; byte < 256; byte += 51) {
        memset(text, byte, LONG);
        fill_with(text, LONG);
        read_card();
        free(printed(true));
    }
    free(text);
}

static void what_is_no_plain_file_does_not_hold_up(void **state)
{
    char path[PATH_MAX];

    (void)state;
    put("/proc/stat/x", "");
    snprintf(path, sizeof path, "%s/proc/cpuinfo", root);
    assert_int_equal(mkfifo(path, 0600), 0);
    snprintf(path, sizeof path, "%s/proc/loadavg", root);
    assert_int_equal(symlink("loadavg", path), 0);
    read_card();
    assert_string_equal(card.cpu, "unknown");
    assert_true(isnan(card.load[0]));
}

static void ticks_tell_absent_from_malformed(void **state)
{
    struct ticks t, later = {30, 1100};

    (void)state;
    assert_int_equal(machine_ticks(root, &t), -ENOENT);
    put("/proc/stat", "cpu  1 2 3\n");
    assert_int_equal(machine_ticks(root, &t), -EBADMSG);
    put("/proc/stat", "cpu  100 0 100 700 50 25 15 10 7 7\n");
    assert_int_equal(machine_ticks(root, &t), 0);
    assert_int_equal(t.steal, 10);
    assert_int_equal(t.total, 1000); /* guest time is in user time already */
    assert_true(machine_steal(t, later) == 0.2);
    assert_true(isnan(machine_steal(t, t)));
    later.steal = 5;
    assert_true(machine_steal(t, later) == 0);
}

static void a_sanitizer_build_is_no_measure(void **state)
{
    (void)state;
    make_desktop();
    read_card();
    strcpy(card.build, "address sanitizer");
    machine_judge(&card);
    assert_true(warned("this build (address sanitizer)"));
    strcpy(card.clocksource, "hpet");
    machine_judge(&card);
    assert_true(warned("clocksource hpet"));
}

/* Every line is a key, two blanks or more, a value; and nothing wraps. */
static void the_printed_card_can_be_read_by_awk_and_fits(void **state)
{
    char *text, *save = NULL;
    bool machine = false, warning = false;

    (void)state;
    make_desktop();
    read_card();
    memset(card.cflags, 'x', 70);
    strcpy(card.cflags + 70, " -O2 -g -fno-omit-frame-pointer");
    text = printed(true);
    for (char *line = strtok_r(text, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        machine |= strcmp(line, "machine           Intel Core i7-1165G7 · 8 "
                                "cores · Linux 6.1") == 0;
        warning |= strncmp(line, "! governor powersave", 20) == 0;
        if (!strstr(line, "xxxxx"))
            assert_true(strlen(line) <= 82); /* two dots of two bytes */
        if (line[0] != '!' && line[0] != ' ')
            assert_non_null(strstr(line, "  "));
    }
    assert_true(machine && warning);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_desktop_is_read, begin, end),
        cmocka_unit_test_setup_teardown(a_desktop_warns_of_its_settings_alone,
                                        begin, end),
        cmocka_unit_test_setup_teardown(settings_put_right_end_their_warnings,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            a_virtual_machine_is_known_by_its_firmware, begin, end),
        cmocka_unit_test_setup_teardown(
            a_guest_without_firmware_is_still_a_guest, begin, end),
        cmocka_unit_test_setup_teardown(wsl2_and_xen_are_told, begin, end),
        cmocka_unit_test_setup_teardown(an_arm_board_has_a_name, begin, end),
        cmocka_unit_test_setup_teardown(
            a_container_of_version_2_is_limited_by_any_group, begin, end),
        cmocka_unit_test_setup_teardown(
            a_container_of_version_1_is_limited_by_its_root, begin, end),
        cmocka_unit_test_setup_teardown(an_empty_tree_is_unknown_throughout,
                                        begin, end),
        cmocka_unit_test_setup_teardown(malformed_files_do_no_harm, begin, end),
        cmocka_unit_test_setup_teardown(what_is_no_plain_file_does_not_hold_up,
                                        begin, end),
        cmocka_unit_test_setup_teardown(ticks_tell_absent_from_malformed, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_sanitizer_build_is_no_measure, begin,
                                        end),
        cmocka_unit_test_setup_teardown(
            the_printed_card_can_be_read_by_awk_and_fits, begin, end),
    };

    return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
