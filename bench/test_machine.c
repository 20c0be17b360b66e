/* SPDX-License-Identifier: MIT */
/*
 * test_machine.c - the machine card, of machines made of files.
 *
 * What the card asks the system itself for (uname, libc, limits, the clock) is
 * this machine's in every test, and so is the build: sanitizer or not.
 */
#include "test_machine.h"

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
        cmocka_unit_test_setup_teardown(a_sanitizer_build_is_no_measure, begin,
                                        end),
        cmocka_unit_test_setup_teardown(
            the_printed_card_can_be_read_by_awk_and_fits, begin, end),
    };

    return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
