/* SPDX-License-Identifier: MIT */
/*
 * server.c - the fork server itself: a program that forks children for others
 * (CPython Lib/multiprocessing/forkserver.py, main).
 *
 * One loop waits for a visitor at the listener, a message from one who was
 * admitted, the death of a child, and the end of the pipe that its clients
 * hold, which is its own end.
 *
 * It stays small, since every page that it writes is one that a fork makes both
 * sides copy: what it writes for each request lies together, and what a child
 * need not do is done here before the fork.  A visitor's proof is checked by a
 * child of its own, the doorkeeper, whose exit code is the answer: libcrypto,
 * which would make the server several times as large, is never used in it, and
 * a visitor that says nothing keeps nobody waiting.
 */
#include "start/server.h"

#include "common/io.h"
#include "common/tracker.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* On pages of its own, so that what is written for a request lies together. */
struct server serving __attribute__((aligned(4096)));

static int watch(struct watched *w)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = w}};

    return epoll_ctl(serving.poll, EPOLL_CTL_ADD, w->fd, &event);
}

/* --- visitors --- */

/*
 * Closing a descriptor takes it out of the set only when no other process has
 * it, and a child that was just forked still does: so it is taken out by name,
 * or the set would go on to name what has been freed.
 */
void dismiss(struct visitor *v)
{
    struct visitor **at = &serving.visitors;

    while (*at != v)
        at = &(*at)->next;
    *at = v->next;
    epoll_ctl(serving.poll, EPOLL_CTL_DEL, v->watched.fd, NULL);
    close(v->watched.fd);
    fd_close(&v->pidfd);
    free(v);
}

/* In the doorkeeper: 0 when both sides have proved that they have the key. */
static _Noreturn void keep_door(struct visitor *v)
{
    int connection = dup(v->watched.fd), error;
    struct auth_wire wire = served_wire(&connection);

    drop_all_but(-1);
    error = auth_deliver(&wire, serving.key, AUTH_KEY);
    if (!error)
        error = auth_answer(&wire, serving.key, AUTH_KEY);
    _exit(error != 0);
}

static void let_in(struct watched *listener)
{
    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
    struct visitor *v = fd < 0 ? NULL : malloc(sizeof *v);

    if (!v || served_check_peer(fd) < 0) {
        if (fd < 0) /* he is still at the door: no reason to run hot */
            poll(NULL, 0, 10);
        fd_close(&fd);
        free(v);
        return;
    }
    *v = (struct visitor){{fd, take_message}, 0, -1, serving.visitors};
    serving.visitors = v;
    v->doorkeeper = fork();
    if (v->doorkeeper == 0)
        keep_door(v);
    if (v->doorkeeper < 0)
        dismiss(v);
}

/* --- deaths --- */

/* The doorkeeper of whom, and did it let him in? */
static void open_door(pid_t doorkeeper, bool admitted)
{
    for (struct visitor *v = serving.visitors; v; v = v->next)
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
    struct worker *w = serving.workers;

    while (w && w->pid != info->si_pid)
        w = w->next;
    /* region: end-told */
    if (w) {
        write_full(w->status, &code, sizeof code); /* nobody may be there */
        waitpid(w->pid, NULL, 0);
        close(w->status);
        forget_worker(w);
    } else {
        waitpid(info->si_pid, NULL, 0);
        open_door(info->si_pid, code == 0);
    }
    /* end: end-told */
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

/*
 * The last client has gone, and so has every child that is one.  One that is
 * dying has closed its descriptors before its end can be told: that is waited
 * for, and so is one that has become another program by exec.  A doorkeeper
 * waits for nobody now.
 */
static void leave(struct watched *alive)
{
    serving.leaving = true;
    for (const struct visitor *v = serving.visitors; v; v = v->next)
        if (v->doorkeeper)
            kill(v->doorkeeper, SIGKILL);
    epoll_ctl(serving.poll, EPOLL_CTL_DEL, alive->fd, NULL);
}

/* --- the whole --- */

/*
 * SIGCHLD comes through a descriptor.  A Ctrl-C is for the clients: blocked
 * here, and what it does is left as it was, so that a child need not mend it.
 */
static int open_signals(void)
{
    sigset_t blocked, child;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    blocked = child;
    sigaddset(&blocked, SIGINT);
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
    return signalfd(-1, &child, SFD_CLOEXEC);
}

/* stdin is empty, for every child; the others are there if they were. */
static void fill_standard(void)
{
    int fd;

    close(STDIN_FILENO);
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    fd_close(&fd);
}

static bool begin(char **argv)
{
    int key = (int)image_option(argv, "key");

    if (read_full(key, serving.key, AUTH_KEY) != AUTH_KEY)
        return false;
    close(key);
    serving.address = (int)image_option(argv, "address");
    serving.listener =
        (struct watched){(int)image_option(argv, "listener"), let_in};
    serving.alive = (struct watched){(int)image_option(argv, "alive"), leave};
    image_keep_from_exec();
    tracker_adopt((int)image_option(argv, "tracker"));
    fill_standard();
    serving.signals = (struct watched){open_signals(), reap};
    serving.poll = epoll_create1(EPOLL_CLOEXEC);
    return serving.signals.fd >= 0 && serving.poll >= 0 &&
           watch(&serving.listener) == 0 && watch(&serving.alive) == 0 &&
           watch(&serving.signals) == 0;
}

/* Is there a child that is not reaped yet? */
static bool has_children(void)
{
    const struct visitor *v = serving.visitors;

    while (v && !v->doorkeeper)
        v = v->next;
    return v || serving.workers;
}

_Noreturn void forkserver_main(char **argv)
{
    struct epoll_event event;

    if (!begin(argv))
        _exit(1);
    preloads_run(image_option_text(argv, "preload"));
    while (!serving.leaving || has_children())
        /* One at a time: what one does may take the next from the set. */
        if (epoll_wait(serving.poll, &event, 1, -1) == 1) {
            struct watched *w = event.data.ptr;

            w->ready(w);
        }
    _exit(0);
}
