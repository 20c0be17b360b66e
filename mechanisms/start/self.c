/* SPDX-License-Identifier: MIT */
/*
 * self.c - what a process that was started knows of itself, and its life.
 *
 * File-scope state and its fork story: `self` is written by child_main, in the
 * new child.  After any fork the parent is unknown until that says better.
 */
#include "start/child.h"

#include "common/hooks.h"
#include "common/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
    char name[64];     /* "MainProcess", "Process-1:1", or as it was set */
    char identity[48]; /* "", "1:1" */
    unsigned counter;  /* of the children named so far */
    bool daemon, has_authkey;
    unsigned char authkey[AUTH_KEY];
    enum start_method method;
    pid_t parent;
    int alive; /* readable when the parent has ended; -1: not asked yet */
} self = {.name = "MainProcess", .alive = -1};

static void forget_parent(void *unused)
{
    (void)unused;
    self.counter = 0;
    self.parent = 0;
    fd_close(&self.alive); /* by which its own parent watched */
}

__attribute__((constructor)) static void watch(void)
{
    static struct after_fork forget = {.run = forget_parent};

    after_fork_register(&forget);
}

/* A child of "1" is "1:2": by identity, whatever its parent is called. */
void name_child(struct process *p)
{
    unsigned number = __atomic_add_fetch(&self.counter, 1, __ATOMIC_RELAXED);

    snprintf(p->identity, sizeof p->identity, "%.36s%s%u", self.identity,
             self.identity[0] ? ":" : "", number);
    snprintf(p->name, sizeof p->name, "Process-%s", p->identity);
}

enum start_method self_method(void)
{
    return self.method;
}

const unsigned char *process_authkey(void)
{
    if (!self.has_authkey && getrandom(self.authkey, AUTH_KEY, 0) == AUTH_KEY)
        self.has_authkey = true;
    return self.authkey;
}

void self_take_authkey(const unsigned char key[AUTH_KEY])
{
    memcpy(self.authkey, key, AUTH_KEY);
    self.has_authkey = true;
}

void self_take_parent_fd(int pidfd)
{
    self.alive = pidfd;
}

bool self_is_daemon(void)
{
    return self.daemon;
}

const char *process_current_name(void)
{
    return self.name;
}

pid_t process_parent(void)
{
    return self.parent;
}

int process_parent_is_alive(void)
{
    int error = process_parent_join(0);

    return error == -ETIMEDOUT ? 1 : error;
}

/*
 * It is opened when first asked for, so that a start does not pay for it.
 * getppid() proves that the pid was still the parent's.
 */
int process_parent_sentinel(void)
{
    int fd;

    if (!self.parent)
        return -ESRCH;
    if (self.alive >= 0)
        return self.alive;
    fd = (int)syscall(SYS_pidfd_open, self.parent, 0);
    if (fd < 0 && errno != ESRCH)
        return -errno;
    if (fd < 0 || getppid() != self.parent) {
        fd_close(&fd);
        return -ESRCH;
    }
    return self.alive = fd;
}

int process_parent_join(int64_t timeout)
{
    int fd, ready;

    if (!self.parent)
        return -ESRCH;
    fd = process_parent_sentinel();
    if (fd < 0)
        return fd == -ESRCH ? 0 : fd;
    ready = poll_until(fd, timeout == NO_TIMEOUT ? NO_TIMEOUT
                                                 : clock_deadline(timeout));
    return ready > 0 ? 0 : ready < 0 ? ready : -ETIMEDOUT;
}

/* What a child reads is not what its parent was about to read. */
static void detach_stdin(void)
{
    if (__fbufsize(stdin))
        __fpurge(stdin);
    close(STDIN_FILENO);
    open("/dev/null", O_RDONLY); /* becomes the lowest descriptor, 0 */
}

/* Left alone when empty: a look is cheap, a page that is written faults. */
void flush_standard_streams(void)
{
    if (__fpending(stdout))
        fflush(stdout);
    if (__fpending(stderr))
        fflush(stderr);
}

_Noreturn void child_main(const struct process *p, pid_t parent)
{
    int code;

    memcpy(self.name, p->name, sizeof self.name);
    memcpy(self.identity, p->identity, sizeof self.identity);
    self.daemon = p->daemon;
    self.method = p->method;
    self.parent = parent;
    if (p->method != START_FORKSERVER) /* the server's is empty already */
        detach_stdin();
    code = p->found->run(p->arguments);
    exit_sequence();
    flush_standard_streams();
    _exit(code < 0 ? 1 : code & 0xff);
}
