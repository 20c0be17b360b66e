/* SPDX-License-Identifier: MIT */
/* sockets.c - the other end of a socket. */
#include "sockets.h"

#include "proc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel's numbers for the states of a stream (tcp_states.h). */
enum { ESTABLISHED = 1, LISTENING = 10 };

/* --- Unix --- */

static int ask(int netlink, uint64_t inode)
{
    struct {
        struct nlmsghdr head;
        struct unix_diag_req request;
    } message = {.head = {.nlmsg_len = sizeof message,
                          .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                          .nlmsg_flags = NLM_F_REQUEST},
                 .request = {.sdiag_family = AF_UNIX,
                             .udiag_states = UINT32_MAX,
                             .udiag_ino = (uint32_t)inode,
                             .udiag_show = UDIAG_SHOW_PEER | UDIAG_SHOW_NAME,
                             .udiag_cookie = {UINT32_MAX, UINT32_MAX}}};

    if (send(netlink, &message, sizeof message, 0) < 0)
        return -errno;
    return 0;
}

static void take_name(struct socket_facts *f, const char *name, size_t n)
{
    if (n > 0 && name[0] == 0) /* abstract: shown as netstat does */
        snprintf(f->text, sizeof f->text, "unix @%.*s", (int)n - 1, name + 1);
    else
        snprintf(f->text, sizeof f->text, "unix %.*s", (int)n, name);
}

static int understand(struct nlmsghdr *head, struct socket_facts *f)
{
    struct unix_diag_msg *answer = NLMSG_DATA(head);
    char *at = (char *)(answer + 1), *end = (char *)head + head->nlmsg_len;

    if (head->nlmsg_type == NLMSG_ERROR)
        return ((struct nlmsgerr *)NLMSG_DATA(head))->error;
    f->state = answer->udiag_state == LISTENING     ? SOCKET_LISTENS
               : answer->udiag_state == ESTABLISHED ? SOCKET_CONNECTED
                                                    : SOCKET_UNKNOWN;
    while (at + sizeof(struct rtattr) <= end) {
        struct rtattr *attribute = (struct rtattr *)at;
        uint32_t peer;

        if (attribute->rta_len < sizeof *attribute)
            break;
        at += RTA_ALIGN(attribute->rta_len);
        if (attribute->rta_type == UNIX_DIAG_PEER) {
            memcpy(&peer, RTA_DATA(attribute), sizeof peer);
            f->peer = peer;
        } else if (attribute->rta_type == UNIX_DIAG_NAME) {
            take_name(f, RTA_DATA(attribute), RTA_PAYLOAD(attribute));
        }
    }
    return 0;
}

static int look_unix(uint64_t inode, struct socket_facts *f)
{
    int netlink =
        socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    union {
        struct nlmsghdr head;
        char bytes[4096];
    } answer;
    ssize_t n;
    int error;

    if (netlink < 0)
        return -errno;
    error = ask(netlink, inode);
    n = error ? 0 : recv(netlink, &answer, sizeof answer, 0);
    if (n < 0)
        error = -errno;
    close(netlink);
    if (error)
        return error;
    if (!NLMSG_OK(&answer.head, (size_t)n))
        return -EBADMSG;
    return understand(&answer.head, f);
}

/* --- TCP --- */

struct row {
    char local[40], remote[40]; /* as the kernel prints them */
    unsigned local_port, remote_port, state;
    uint64_t inode;
};

static bool read_row(const char *line, struct row *r)
{
    return sscanf(line,
                  " %*u: %39[0-9A-F]:%x %39[0-9A-F]:%x %x %*s %*s %*s %*u %*u "
                  "%" SCNu64,
                  r->local, &r->local_port, r->remote, &r->remote_port,
                  &r->state, &r->inode) == 6;
}

static bool is_opposite(const struct row *a, const struct row *b)
{
    return a->local_port == b->remote_port && a->remote_port == b->local_port &&
           strcmp(a->local, b->remote) == 0 && strcmp(a->remote, b->local) == 0;
}

/* "0100007F" is 127.0.0.1: words of the machine's own byte order. */
static const char *address(const char *hex, char *text, size_t size)
{
    uint32_t words[4] = {0};
    size_t count = strlen(hex) / 8;

    for (size_t i = 0; i < count && i < 4; i++) {
        char word[9] = "";

        memcpy(word, hex + 8 * i, 8);
        words[i] = (uint32_t)strtoul(word, NULL, 16);
    }
    inet_ntop(count > 1 ? AF_INET6 : AF_INET, words, text, (socklen_t)size);
    return text;
}

/* Calls f with each row of a table until it says true. */
static bool find_row(const char *table,
                     bool (*wanted)(const struct row *, const void *),
                     const void *key, struct row *found)
{
    for (const char *line = strchr(table, '\n'); line;
         line = strchr(line + 1, '\n'))
        if (read_row(line + 1, found) && wanted(found, key))
            return true;
    return false;
}

static bool has_inode(const struct row *r, const void *inode)
{
    return r->inode == *(const uint64_t *)inode;
}

static bool is_other_end(const struct row *r, const void *mine)
{
    return is_opposite(r, mine) && r->inode;
}

static int look_tcp(pid_t process, const char *name, uint64_t inode,
                    struct socket_facts *f)
{
    char *table = proc_read_all("/proc/%d/net/%s", process, name);
    char local[64], remote[64];
    struct row mine, other;
    int error = -ENOENT;

    if (table && find_row(table, has_inode, &inode, &mine)) {
        f->state = mine.state == LISTENING ? SOCKET_LISTENS : SOCKET_CONNECTED;
        if (find_row(table, is_other_end, &mine, &other))
            f->peer = other.inode;
        if (f->state == SOCKET_LISTENS)
            snprintf(f->text, sizeof f->text, "tcp %s:%u",
                     address(mine.local, local, sizeof local), mine.local_port);
        else
            snprintf(f->text, sizeof f->text, "tcp %s:%u to %s:%u",
                     address(mine.local, local, sizeof local), mine.local_port,
                     address(mine.remote, remote, sizeof remote),
                     mine.remote_port);
        error = 0;
    }
    free(table);
    return error;
}

int socket_look(pid_t process, uint64_t inode, struct socket_facts *facts)
{
    int error;

    *facts = (struct socket_facts){.state = SOCKET_UNKNOWN};
    error = look_unix(inode, facts);
    if (error)
        error = look_tcp(process, "tcp", inode, facts);
    if (error)
        error = look_tcp(process, "tcp6", inode, facts);
    return error;
}
