/* SPDX-License-Identifier: MIT */
/* evidence_counts.c - what a process has come to: pages, offsets, sockets,
 * children. */
#include "evidence.h"

#include "proc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LISTENS = 0x0a }; /* TCP_LISTEN, as /proc/net/tcp prints it */

int process_pages(pid_t process, struct pages *pages)
{
    char text[2048];
    const char *after;
    int64_t resident, own;
    int error = proc_read(text, sizeof text, "/proc/%d/smaps_rollup", process);

    if (error)
        return error;
    resident = proc_labelled(text, "Rss:");
    own = proc_labelled(text, "Private_Dirty:");
    error = proc_read(text, sizeof text, "/proc/%d/stat", process);
    if (error)
        return error;
    after = strrchr(text, ')');
    if (resident < 0 || own < 0 || !after ||
        sscanf(after, ") %*c %*d %*d %*d %*d %*d %*u %" SCNu64,
               &pages->faults) != 1)
        return -EBADMSG;
    pages->resident = (uint64_t)resident * 1024;
    pages->own = (uint64_t)own * 1024;
    return 0;
}

int64_t process_offset(pid_t process, int fd)
{
    char text[1024];
    int error = proc_read(text, sizeof text, "/proc/%d/fdinfo/%d", process, fd);
    int64_t offset = error ? error : proc_labelled(text, "pos:");

    return error ? error : offset < 0 ? -EBADMSG : offset;
}

uint64_t parse_listener(const char *line, int port)
{
    unsigned address, at, state;
    uint64_t inode;

    if (sscanf(line,
               " %*u: %x:%x %*x:%*x %x %*x:%*x %*x:%*x %*x %*u %*u %" SCNu64,
               &address, &at, &state, &inode) != 4)
        return 0;
    return address == htonl(INADDR_LOOPBACK) && (int)at == port &&
                   state == LISTENS
               ? inode
               : 0;
}

int64_t listening_socket(int port)
{
    FILE *file = fopen("/proc/self/net/tcp", "re");
    uint64_t inode = 0;
    char line[512];

    if (!file)
        return -errno;
    while (!inode && fgets(line, sizeof line, file))
        inode = parse_listener(line, port);
    fclose(file);
    return (int64_t)inode;
}

/* Append the descriptors of one process that are links to `link`. */
static size_t holders_in(pid_t process, const char *link,
                         struct descriptor *found, size_t most)
{
    size_t count = 0;
    char path[64];
    DIR *folder;
    long fd;

    snprintf(path, sizeof path, "/proc/%d/fd", process);
    folder = opendir(path);
    while (folder && (fd = proc_next(folder)) >= 0) {
        struct descriptor d;

        if (process_descriptor(process, (int)fd, &d) < 0 ||
            strcmp(d.link, link) != 0)
            continue;
        if (count < most)
            found[count] = d;
        count++;
    }
    if (folder)
        closedir(folder);
    return count;
}

size_t socket_holders(const struct pids *among, uint64_t socket,
                      struct descriptor *found, size_t most)
{
    size_t count = 0;
    char link[64];

    snprintf(link, sizeof link, "socket:[%" PRIu64 "]", socket);
    for (size_t i = 0; i < among->count; i++) {
        size_t room = count < most ? most - count : 0;

        count +=
            holders_in(among->pid[i], link, room ? found + count : NULL, room);
    }
    return count;
}

int children_of(pid_t process, struct process_stat *found, size_t most)
{
    DIR *folder = opendir("/proc");
    struct process_stat stat;
    size_t count = 0;
    long pid;

    if (!folder)
        return -errno;
    while ((pid = proc_next(folder)) > 0) {
        if (process_stat((pid_t)pid, &stat) < 0 || stat.parent != process)
            continue;
        if (count < most)
            found[count] = stat;
        count++;
    }
    closedir(folder);
    return (int)count;
}
