/* SPDX-License-Identifier: MIT */
/* verdict_cut.c - "signal BUS": a file was cut under who had it mapped. */
#include "verdict_parts.h"

#include <inttypes.h>
#include <signal.h>

enum { FILE_NUMBER, DEVICE, SIZE }; /* what is noted */

/* 1: the victim has it mapped, and all of it is there. */
enum sight look_whole(struct inspection *i, int stage, pid_t root)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    struct mapping m;
    struct stat file;
    int error = process_file(w->victim, w->fd, &file);

    (void)stage;
    (void)root;
    if (!error)
        error = process_mapping(w->victim, w->word, &m);
    if (error)
        return verdict_cannot_show(v, "its map", error);
    if (!m.shared || m.file != file.st_ino || m.device != file.st_dev)
        return verdict_refuse(v, "\"%s\" is not mapped there", w->name);
    if (m.offset + (w->word - m.begin) >= (uint64_t)file.st_size)
        return verdict_refuse(v, "\"%s\" never had as many bytes", w->name);
    i->noted[FILE_NUMBER] = file.st_ino;
    i->noted[DEVICE] = file.st_dev;
    i->noted[SIZE] = (uint64_t)file.st_size;
    verdict_say(v, "process %d has mapped \"%s\", which has %jd bytes",
                w->victim, w->name, (intmax_t)file.st_size);
    return SEEN;
}

bool is_cut_off(const struct inspection *i, pid_t program,
                const siginfo_t *signal)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    uint64_t address, at;
    struct mapping m;
    struct stat file;

    if (signal->si_signo != SIGBUS)
        return verdict_refuse(v, "it got no SIGBUS");
    if (signal->si_code <= 0) /* SI_USER, SI_TKILL, ... */
        return verdict_refuse(v, "process %d sent it the signal",
                              signal->si_pid);
    address = (uint64_t)(uintptr_t)signal->si_addr;
    if (signal->si_code != BUS_ADRERR ||
        process_mapping(program, address, &m) < 0)
        return verdict_refuse(v, "0x%" PRIx64 " is of no mapping of its",
                              address);
    if (process_file(program, w->fd, &file) < 0 ||
        file.st_ino != i->noted[FILE_NUMBER] ||
        file.st_dev != i->noted[DEVICE] || m.file != file.st_ino ||
        m.device != file.st_dev)
        return verdict_refuse(v, "0x%" PRIx64 " is of another file", address);
    at = m.offset + (address - m.begin);
    if (at >= i->noted[SIZE] || at < (uint64_t)file.st_size)
        return verdict_refuse(v, "byte %" PRIu64 " was not cut off", at);
    verdict_say(v,
                "at its end \"%s\" has %jd bytes: it was cut under the "
                "mapping",
                w->name, (intmax_t)file.st_size);
    verdict_say(v,
                "it went for byte %" PRIu64 ", at 0x%" PRIx64
                ": the kernel has no page for it",
                at, address);
    return true;
}
