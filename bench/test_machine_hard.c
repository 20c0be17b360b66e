/* SPDX-License-Identifier: MIT */
/* test_machine_hard.c - what is limited, absent or odd does a card no harm. */
#include "test_machine.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };

    return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
