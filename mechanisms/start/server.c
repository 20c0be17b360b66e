/* SPDX-License-Identifier: MIT */
/*
 * server.c - the fork server itself: a program that forks children for others
 * (CPython Lib/multiprocessing/forkserver.py, main).
 *
 * One loop waits for a visitor at the listener, a message from one who was
 * admitted, the death of a child, and the end of the pipe that its clients
 * hold, which is its own end.
 *
 * It stays small, since every page that it has written is one that a fork makes
 * both sides copy.  So a visitor's proof is checked by a child of its own, the
 * doorkeeper, whose exit code is the answer: libcrypto, which would make the
 * server several times as large, is never used in it, and a visitor that says
 * nothing keeps nobody waiting.
 */
#include "start/forkserver.h"
#include "start/served.h"

#include "common/hooks.h"
#include "common/io.h"
#include "common/tracker.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Something the loop waits for. */
struct watched {
    int fd;
    void (*ready)(struct watched *w);
};

/* Who connected. */
struct visitor {
    struct watched watched;
    pid_t doorkeeper; /* 0: admitted */
    int pidfd;        /* of the client, once it has said hello */
    struct visitor *next;
};

/* A child that was forked for a client. */
struct worker {
    pid_t pid;
    int status;
    struct worker *next;
};

/* Of the process that is the server; a child of it drops all of it. */
static struct {
    struct watched listener, alive, signals;
    int poll, address;
    unsigned char key[AUTH_KEY];
    void (*interrupt)(int); /* what SIGINT did before it was ignored */
    struct visitor *visitors;
    struct worker *workers;
    struct worker first; /* where there is one, nothing is allocated */
    bool first_used;
} self;

static int watch(struct watched *w)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = w}};

    return epoll_ctl(self.poll, EPOLL_CTL_ADD, w->fd, &event);
}

/* In a child: what is the server's alone, or another client's than that. */
static void drop_all_but(int pidfd)
{
    close(self.listener.fd);
    close(self.alive.fd);
    close(self.signals.fd);
    close(self.poll);
    for (const struct visitor *v = self.visitors; v; v = v->next) {
        close(v->watched.fd);
        if (v->pidfd >= 0 && v->pidfd != pidfd)
            close(v->pidfd);
    }
    for (const struct worker *w = self.workers; w; w = w->next)
        close(w->status);
}

/* --- visitors --- */

static void dismiss(struct visitor *v)
{
    struct visitor **at = &self.visitors;

    while (*at != v)
        at = &(*at)->next;
    *at = v->next;
    close(v->watched.fd); /* leaves the poll set by that */
    fd_close(&v->pidfd);
    free(v);
}

/* In the doorkeeper: 0 when both sides have proved that they have the key. */
static _Noreturn void keep_door(struct visitor *v)
{
    int connection = dup(v->watched.fd), error;
    struct auth_wire wire = served_wire(&connection);

    drop_all_but(-1);
    error = auth_deliver(&wire, self.key, AUTH_KEY);
    if (!error)
        error = auth_answer(&wire, self.key, AUTH_KEY);
    _exit(error != 0);
}

static bool is_same_user(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           peer.uid == geteuid();
}

static void take_message(struct watched *w);

static void let_in(struct watched *listener)
{
    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
    struct visitor *v = fd < 0 ? NULL : malloc(sizeof *v);

    if (!v || !is_same_user(fd)) {
        fd_close(&fd);
        free(v);
        return;
    }
    *v = (struct visitor){{fd, take_message}, 0, -1, self.visitors};
    self.visitors = v;
    v->doorkeeper = fork();
    if (v->doorkeeper == 0)
        keep_door(v);
    if (v->doorkeeper < 0)
        dismiss(v);
}

/* --- requests --- */

/* A message, and the descriptors that came with it. */
static _Alignas(struct preparation) char packet[PACKET];
static int fds[FDS_MOST];

/* Is it whole, and of our build? */
static bool is_request(size_t n, size_t count)
{
    const struct preparation *fixed = (const struct preparation *)packet;

    return n >= sizeof *fixed && fixed->size == sizeof *fixed &&
           count >= SERVED_FDS && fixed->fd_count == 0 &&
           n - sizeof *fixed ==
               preparation_more(fixed) - (fixed->aside ? fixed->length : 0);
}

/* The parcel's bytes from the file beside the message. */
static void *read_aside(const struct preparation *fixed)
{
    void *bytes = mmap(NULL, fixed->length, PROT_READ | PROT_WRITE, MAP_PRIVATE,
                       fds[SERVED_BYTES], 0);

    return bytes == MAP_FAILED ? NULL : bytes;
}

/* region: forkserver-child */
/* In the new child: of the server only what its client sent it to keep. */
static _Noreturn void become(const struct visitor *client, size_t count)
{
    const struct preparation *fixed = (const struct preparation *)packet;
    void *bytes = NULL;

    drop_all_but(client->pidfd);
    signal(SIGINT, self.interrupt);
    close(fds[SERVED_STATUS]); /* the server alone writes there */
    if (fixed->aside) {
        bytes = read_aside(fixed);
        if (!bytes)
            _exit(1);
    }
    close(fds[SERVED_BYTES]);
    forkserver_adopt(fds[SERVED_ALIVE], self.address, self.key);
    tracker_adopt(fds[SERVED_TRACKER]);
    self_take_parent_fd(client->pidfd);
    preparation_become(fixed, packet + sizeof *fixed, bytes, fds + SERVED_FDS,
                       count - SERVED_FDS);
}
/* end: forkserver-child */

/* Remember whose end is to be told where.  NULL: no memory. */
static struct worker *new_worker(void)
{
    struct worker *w = self.first_used ? malloc(sizeof *w) : &self.first;

    self.first_used |= w == &self.first;
    return w;
}

static void forget_worker(struct worker *w)
{
    struct worker **at = &self.workers;

    while (*at && *at != w)
        at = &(*at)->next;
    if (*at)
        *at = w->next;
    if (w == &self.first)
        self.first_used = false;
    else
        free(w);
}

static int64_t fork_one(struct visitor *client, size_t count)
{
    struct worker *w = new_worker();
    int64_t pid;

    if (!w)
        return -ENOMEM;
    pid = fork();
    if (pid == 0)
        become(client, count);
    if (pid < 0) {
        pid = -errno;
        forget_worker(w);
        return pid;
    }
    *w = (struct worker){(pid_t)pid, fds[SERVED_STATUS], self.workers};
    self.workers = w;
    return pid;
}

/* Tell a client why there is no child of its; it sees its pipe end first. */
static void refuse(const struct visitor *client, int64_t reason)
{
    struct iovec piece = {&reason, sizeof reason};

    fds_send(client->watched.fd, &piece, 1, NULL, 0);
}

static void serve(struct visitor *client, size_t count)
{
    int64_t pid = fork_one(client, count);
    size_t first = pid > 0 ? SERVED_STATUS + 1 : SERVED_STATUS;

    if (pid > 0)
        write_full(fds[SERVED_STATUS], &pid, sizeof pid);
    for (size_t i = first; i < count; i++)
        close(fds[i]);
    if (pid < 0)
        refuse(client, pid);
}

static void take_message(struct watched *w)
{
    struct visitor *client = (struct visitor *)w;
    size_t count = FDS_MOST;
    ssize_t n = fds_receive(w->fd, packet, sizeof packet, fds, &count);

    if (n == -EMFILE) {
        refuse(client, n);
        return;
    }
    if (n > 0 && client->pidfd >= 0 && is_request((size_t)n, count)) {
        serve(client, count);
        return;
    }
    if (n == 1 && packet[0] == HELLO && count == 1 && client->pidfd < 0) {
        client->pidfd = fds[0];
        return;
    }
    for (size_t i = 0; n > 0 && i < count; i++)
        close(fds[i]);
    dismiss(client); /* it has ended, or it is not one of ours */
}

/* --- deaths --- */

/* The doorkeeper of whom, and did it let him in? */
static void open_door(pid_t doorkeeper, bool admitted)
{
    for (struct visitor *v = self.visitors; v; v = v->next)
        if (v->doorkeeper == doorkeeper) {
            v->doorkeeper = 0;
            if (!admitted || watch(&v->watched) < 0)
                dismiss(v);
            return;
        }
}

/* region: forkserver-reap */
/*
 * Say how a child ended before it is reaped: whoever has not read that yet
 * knows by it that the pid is still the child's, and may send it a signal.
 */
static void note_end(const siginfo_t *info)
{
    int64_t code =
        info->si_code == CLD_EXITED ? info->si_status : -info->si_status;
    struct worker *w = self.workers;

    while (w && w->pid != info->si_pid)
        w = w->next;
    if (w) {
        write_full(w->status, &code, sizeof code); /* nobody may be there */
        waitpid(w->pid, NULL, 0);
        close(w->status);
        forget_worker(w);
    } else {
        waitpid(info->si_pid, NULL, 0);
        open_door(info->si_pid, code == 0);
    }
}
/* end: forkserver-reap */

static void reap(struct watched *signals)
{
    struct signalfd_siginfo unused;
    siginfo_t info;

    read_some(signals->fd, &unused, sizeof unused);
    for (;;) {
        info.si_pid = 0;
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
            info.si_pid == 0)
            return;
        note_end(&info);
    }
}

/* The last client has gone.  Children of ours that still run go on. */
static void leave(struct watched *alive)
{
    (void)alive;
    _exit(0);
}

/* --- the whole --- */

/* SIGCHLD comes through a descriptor, every other signal as it would. */
static int open_signals(void)
{
    sigset_t child;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    signal(SIGCHLD, SIG_DFL);
    self.interrupt = signal(SIGINT, SIG_IGN);
    sigprocmask(SIG_SETMASK, &child, NULL);
    return signalfd(-1, &child, SFD_CLOEXEC);
}

/* stdin is empty, for every child; the others are there if they were. */
static void fill_standard(void)
{
    int fd;

    close(STDIN_FILENO);
    do
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO);
    fd_close(&fd);
}

static bool begin(char **argv)
{
    int key = (int)image_option(argv, "key");

    if (read_full(key, self.key, AUTH_KEY) != AUTH_KEY)
        return false;
    close(key);
    self.address = (int)image_option(argv, "address");
    self.listener =
        (struct watched){(int)image_option(argv, "listener"), let_in};
    self.alive = (struct watched){(int)image_option(argv, "alive"), leave};
    for (int i = 0; i < 3; i++)
        fcntl((int[]){self.address, self.listener.fd, self.alive.fd}[i],
              F_SETFD, FD_CLOEXEC);
    tracker_adopt((int)image_option(argv, "tracker"));
    fill_standard();
    self.signals = (struct watched){open_signals(), reap};
    self.poll = epoll_create1(EPOLL_CLOEXEC);
    return self.signals.fd >= 0 && self.poll >= 0 &&
           watch(&self.listener) == 0 && watch(&self.alive) == 0 &&
           watch(&self.signals) == 0;
}

_Noreturn void forkserver_main(char **argv)
{
    struct epoll_event event;

    if (!begin(argv))
        _exit(1);
    preloads_run(image_option_text(argv, "preload"));
    for (;;)
        /* One at a time: what one does may take the next from the set. */
        if (epoll_wait(self.poll, &event, 1, -1) == 1) {
            struct watched *w = event.data.ptr;

            w->ready(w);
        }
}
