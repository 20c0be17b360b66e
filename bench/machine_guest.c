/* SPDX-License-Identifier: MIT */
/*
 * machine_guest.c - the card's virtual machine and container, if it is one.
 *
 * Both change what is measured: in a virtual machine the wake-up of an idle
 * processor is the hypervisor's work, in a container limits apply.
 */
#include "machine_parts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

struct known {
    const char *sign, *name;
};

static const char *find_sign(const struct known *known, const char *text)
{
    for (; known->sign; known++)
        if (strstr(text, known->sign))
            return known->name;
    return NULL;
}

/* What vendors write into the tables of the firmware. */
static const struct known firmware[] = {{"QEMU", "KVM (QEMU)"},
                                        {"Amazon EC2", "KVM (Amazon EC2)"},
                                        {"Google", "KVM (Google)"},
                                        {"OpenStack", "KVM (OpenStack)"},
                                        {"DigitalOcean", "KVM (DigitalOcean)"},
                                        {"Hetzner", "KVM (Hetzner)"},
                                        {"Alibaba", "KVM (Alibaba)"},
                                        {"KVM", "KVM"},
                                        {"VMware", "VMware"},
                                        {"VirtualBox", "VirtualBox"},
                                        {"innotek", "VirtualBox"},
                                        {"Virtual Machine", "Hyper-V"},
                                        {"Apple Virtualization", "Apple"},
                                        {"Parallels", "Parallels"},
                                        {"Xen", "Xen"},
                                        {"BHYVE", "bhyve"},
                                        {NULL, NULL}};

/* What hypervisors answer in leaf 0x40000000 of CPUID. */
static const struct known signatures[] = {{"KVMKVMKVM", "KVM"},
                                          {"Microsoft Hv", "Hyper-V"},
                                          {"VMwareVMware", "VMware"},
                                          {"XenVMMXenVMM", "Xen"},
                                          {"VBoxVBoxVBox", "VirtualBox"},
                                          {"TCGTCGTCGTCG", "QEMU without KVM"},
                                          {"bhyve bhyve", "bhyve"},
                                          {"lrpepyh", "Parallels"},
                                          {NULL, NULL}};

/* Of the processor this runs on: meaningless for another machine's files. */
static const char *ask_processor(void)
{
#if defined(__x86_64__) || defined(__i386__)
    unsigned int words[4] = {0};
    char sign[13] = "";

    __cpuid(0x40000000, words[0], words[1], words[2], words[3]);
    memcpy(sign, words + 1, 12);
    return find_sign(signatures, sign);
#else
    return find_sign(signatures, "");
#endif
}

/* Is the word in the line that the pointer is in? */
static bool line_has(const char *line, const char *word)
{
    const char *at = line ? strstr(line, word) : NULL;

    return at && at < line + strcspn(line, "\n");
}

/* What a guest runs on, by the first source that says; NULL: none does. */
static const char *find_host(const char *root)
{
    char vendor[96] = "", product[96] = "", both[200], text[64] = "";
    const char *name = root[0] ? NULL : ask_processor();

    card_line(root, vendor, sizeof vendor,
              "/sys/devices/virtual/dmi/id/sys_vendor");
    card_line(root, product, sizeof product,
              "/sys/devices/virtual/dmi/id/product_name");
    snprintf(both, sizeof both, "%s %s", vendor, product);
    if (find_sign(firmware, both))
        name = find_sign(firmware, both);
    if (card_line(root, text, sizeof text, "/sys/hypervisor/type"))
        name = strcmp(text, "xen") == 0 ? "Xen" : "a hypervisor";
    if (!name && card_file(root, text, sizeof text,
                           "/proc/device-tree/hypervisor/compatible"))
        name = strstr(text, "xen") ? "Xen" : "KVM";
    if (!name && card_line(root, text, sizeof text,
                           "/sys/devices/system/clocksource/clocksource0/"
                           "available_clocksource"))
        name = strstr(text, "kvm-clock") ? "KVM" : NULL;
    return name;
}

static void read_virtualization(struct card *card, const char *root)
{
    char cpuinfo[16384], release[128] = "";
    const char *flags, *host;

    card_line(root, release, sizeof release, "/proc/sys/kernel/osrelease");
    if (strstr(release, "microsoft") || strstr(release, "Microsoft")) {
        snprintf(card->virtualization, sizeof card->virtualization,
                 strstr(release, "Microsoft") ? "WSL1" : "WSL2");
        return;
    }
    card_file(root, cpuinfo, sizeof cpuinfo, "/proc/cpuinfo");
    flags = card_key(cpuinfo, "flags");
    if (flags && !line_has(flags, " hypervisor") &&
        !line_has(flags, "hypervisor ")) { /* x86 on its own */
        snprintf(card->virtualization, sizeof card->virtualization, "none");
        return;
    }
    host = find_host(root);
    if (host || flags)
        snprintf(card->virtualization, sizeof card->virtualization, "%s",
                 host ? host : "an unknown hypervisor");
    else if (card_key(cpuinfo, "CPU implementer") &&
             (card_line(root, release, sizeof release,
                        "/sys/devices/virtual/dmi/id/sys_vendor") ||
              card_line(root, release, sizeof release,
                        "/proc/device-tree/model")))
        snprintf(card->virtualization, sizeof card->virtualization, "none");
}

static bool exists(const char *root, const char *path)
{
    char whole[4096];

    snprintf(whole, sizeof whole, "%s%s", root, path);
    return access(whole, F_OK) == 0;
}

static void read_container(struct card *card, const char *root)
{
    static const struct known paths[] = {
        {"kubepods", "Kubernetes"},   {"docker", "docker"},
        {"libpod", "podman"},         {"lxc", "LXC"},
        {"containerd", "containerd"}, {NULL, NULL}};
    char cgroups[4096], environment[4096];
    const char *name = NULL;

    if (card_file(root, cgroups, sizeof cgroups, "/proc/self/cgroup"))
        name = find_sign(paths, cgroups);
    /* What PID 1 was started with: its entries are separated by NULs. */
    if (!name &&
        card_file(root, environment, sizeof environment, "/proc/1/environ") &&
        (strncmp(environment, "container=", 10) == 0 ||
         strstr(environment, "?container=")))
        name = "a container";
    if (exists(root, "/.dockerenv"))
        name = "docker";
    else if (exists(root, "/run/.containerenv"))
        name = "podman";
    if (name || cgroups[0])
        snprintf(card->container, sizeof card->container, "%s",
                 name ? name : "none");
}

void card_read_guest(struct card *card, const char *root)
{
    read_virtualization(card, root);
    read_container(card, root);
}
