/* SPDX-License-Identifier: MIT */
/* verdict_fds.c - descriptors that were sent, and did not arrive. */
#include "verdict_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is noted: who it is, how many there are, and the pipes. */
enum { RECEIVER, COUNT, FIRST, PIPES_MOST = NOTED - FIRST };

/* --- a message that nobody has taken yet --- */

struct message {
    ssize_t bytes;             /* 0: none is there */
    size_t count;              /* of its descriptors */
    uint64_t pipe[PIPES_MOST]; /* 0: something else */
};

static uint64_t pipe_of(int fd)
{
    struct stat file;

    return fstat(fd, &file) == 0 && S_ISFIFO(file.st_mode) ? file.st_ino : 0;
}

/* Note a descriptor that came with a look, and close it: it is our copy. */
static void note_descriptor(struct message *m, int fd)
{
    if (m->count < PIPES_MOST)
        m->pipe[m->count] = pipe_of(fd);
    m->count++;
    close(fd);
}

/* Look into a socket, by a copy of the descriptor: with MSG_PEEK the message
 * stays, and we get descriptors of our own.  0 or -errno. */
static int peek_message(int socket, struct message *m)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(64 * sizeof(int))];
    } control;
    char bytes[256];
    struct iovec piece = {bytes, sizeof bytes};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};

    *m = (struct message){
        .bytes = recvmsg(socket, &message,
                         MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC)};
    if (m->bytes < 0) {
        m->bytes = 0;
        return errno == EAGAIN ? 0 : -errno;
    }
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c;
         c = CMSG_NXTHDR(&message, c))
        for (size_t at = CMSG_LEN(0);
             c->cmsg_type == SCM_RIGHTS && at < c->cmsg_len;
             at += sizeof(int)) {
            int fd;

            memcpy(&fd, (char *)c + at, sizeof fd);
            note_descriptor(m, fd);
        }
    return (message.msg_flags & MSG_CTRUNC) ? -EMFILE : 0;
}

static bool look_into_socket(const struct inspection *i, struct message *m)
{
    const struct witness *w = i->witness;
    int copy = process_descriptor_copy(w->victim, w->fd);
    int error = copy < 0 ? copy : peek_message(copy, m);

    if (copy >= 0)
        close(copy);
    return !error || verdict_cannot_show(i->verdict, "its socket", error);
}

/* --- the two stages --- */

/* Has it a descriptor under every number below *most, its limit? */
static bool table_is_full(const struct inspection *i, int64_t *most)
{
    pid_t process = i->witness->victim;
    struct descriptor d;

    *most = process_descriptors_most(process);
    if (*most < 0)
        return verdict_cannot_show(i->verdict, "its limits", (int)*most);
    for (int fd = 0; fd < *most; fd++)
        if (process_descriptor(process, fd, &d) < 0)
            return verdict_refuse(i->verdict,
                                  "process %d has room: descriptor %d is free",
                                  process, fd);
    return true;
}

/* 1: the message is there, and there is no room. */
static enum sight look_before(struct inspection *i)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    struct message m = {.bytes = 0};
    char list[80] = "";
    int64_t most;
    size_t at = 0;

    if (!table_is_full(i, &most) || !look_into_socket(i, &m))
        return REFUSED;
    if (m.bytes == 0)
        return verdict_refuse(v, "its socket holds no message");
    if (m.count == 0 || (int64_t)m.count != w->count || m.count > PIPES_MOST)
        return verdict_refuse(v,
                              "the message has %zu descriptors, not %" PRId64,
                              m.count, w->count);
    for (size_t k = 0; k < m.count; k++) {
        if (m.pipe[k] == 0)
            return verdict_refuse(v, "what comes with it are no pipes");
        i->noted[FIRST + k] = m.pipe[k];
        if (at < sizeof list)
            at += (size_t)snprintf(list + at, sizeof list - at, "%s%" PRIu64,
                                   k ? ", " : "", m.pipe[k]);
    }
    i->noted[RECEIVER] = (uint64_t)w->victim;
    i->noted[COUNT] = m.count;
    verdict_say(
        v, "process %d may have descriptors 0 to %" PRId64 ", and has them all",
        w->victim, most - 1);
    verdict_say(v, "a message waits in its socket, and with it pipes %s", list);
    return SEEN;
}

/* Has it an end of that pipe? */
static bool has_pipe(pid_t process, uint64_t pipe)
{
    const struct pids one = {.pid = &process, .count = 1};
    struct descriptor d;

    return pipe_holders(&one, pipe, false, &d, 1) > 0 ||
           pipe_holders(&one, pipe, true, &d, 1) > 0;
}

/* "0, 0, 0: /dev/null": what it takes for what it was sent. */
static bool say_what_it_believes(const struct inspection *i)
{
    const struct witness *w = i->witness;
    int believed[PIPES_MOST];
    size_t count = i->noted[COUNT], at = 0;
    struct descriptor d = {.link = "nothing"};
    char list[80] = "";
    int error =
        process_memory(w->victim, w->word, believed, count * sizeof *believed);

    if (error)
        return verdict_cannot_show(i->verdict, "its memory", error);
    for (size_t k = 0; k < count && at < sizeof list; k++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%d",
                               k ? ", " : "", believed[k]);
    if (process_descriptor(w->victim, believed[0], &d) < 0)
        snprintf(d.link, sizeof d.link, "none of its descriptors");
    verdict_say(i->verdict, "what it takes for them, \"%s\": %s (%s is %d)",
                w->name, list, d.link, believed[0]);
    return true;
}

/* 2: the message has been taken. */
static enum sight look_after(struct inspection *i)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    struct message m = {.bytes = 0};
    int64_t most;

    if ((uint64_t)w->victim != i->noted[RECEIVER])
        return verdict_refuse(v, "process %d is another one", w->victim);
    if (!table_is_full(i, &most) || !look_into_socket(i, &m))
        return REFUSED;
    if (m.bytes != 0)
        return verdict_refuse(v, "the message is still in its socket");
    for (size_t k = 0; k < i->noted[COUNT]; k++)
        if (has_pipe(w->victim, i->noted[FIRST + k]))
            return verdict_refuse(v, "process %d has pipe %" PRIu64, w->victim,
                                  i->noted[FIRST + k]);
    verdict_say(v, "then it has taken the message, and has none of the pipes");
    verdict_say(v, "no number was left for them: they are cut off, which is "
                   "MSG_CTRUNC");
    return say_what_it_believes(i) ? SEEN : REFUSED;
}

enum sight look_cut_off(struct inspection *i, int stage, pid_t root)
{
    (void)root;
    return stage == 1 ? look_before(i) : look_after(i);
}
