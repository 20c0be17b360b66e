/* SPDX-License-Identifier: MIT */
/*
 * command.c - run another program and read what it prints.
 *
 *     ipclab ---- fork ----> keeper ---- fork, exec ----> the program ----> ...
 *        |                      |  adopts whatever loses its parent
 *        +------ life line -----+
 *
 * A program that we run starts others, which know nothing of us.  When we are
 * killed the program dies by PR_SET_PDEATHSIG, and they would live on.  So a
 * keeper stands between: it sees the end of the life line and ends them all,
 * and removes the folder that was their TMPDIR.  Should somebody shoot the
 * keeper, the program dies with it, and what that had started becomes ours.
 */
#include "command.h"

#include "common/clock.h"
#include "common/io.h"
#include "evidence.h"
#include "group.h"
#include "guard.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOT_RUN = 127 };

/* More than it needs: what it could not end by then is ended from here. */
#define KEEPER_PATIENCE (3 * SECOND)

/* The two sides' descriptors: what the program prints; the errno of an exec
 * that failed, at its end when exec succeeded; the life line.  And what both
 * know of the program's TMPDIR, as guard.h has it. */
struct lines {
    int out[2], failure[2], life[2];
    char *folder;
};

/* In the child of the keeper: become the program, or say why not. */
static _Noreturn void become(const char *const argv[], pid_t keeper,
                             const struct lines *l, const sigset_t *mask)
{
    int null = open("/dev/null", O_RDWR);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != keeper)
        _exit(NOT_RUN);       /* it ended before the line above */
    signal(SIGPIPE, SIG_DFL); /* an ignored signal would stay ignored */
    signal(SIGXFSZ, SIG_DFL);
    sigprocmask(SIG_SETMASK, mask, NULL);
    setenv("TMPDIR", l->folder, 1);
    dup2(null, STDIN_FILENO);
    dup2(l->out[1], STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    execvp(argv[0], (char *const *)argv);
    (void)!write(l->failure[1], &errno, sizeof errno);
    _exit(NOT_RUN);
}

/* Sleep until the program has ended (true, and its status) or we have. */
static bool await_program(pid_t program, int life, int signals, int *status)
{
    struct pollfd watched[2] = {{life, POLLIN, 0}, {signals, POLLIN, 0}};
    struct signalfd_siginfo drained;

    for (;;) {
        pid_t pid;

        while ((pid = waitpid(-1, status, WNOHANG)) > 0)
            if (pid == program)
                return true;
        if (poll(watched, 2, -1) > 0 && watched[0].revents)
            return false;
        read_some(signals, &drained, sizeof drained);
    }
}

/* Run the program, say how it ended, and leave nothing of it. */
static _Noreturn void keep(const char *const argv[], struct lines *l)
{
    static const struct pids nobody;
    sigset_t child, before;
    pid_t self = getpid(), program;
    int signals, status;

    setpgid(0, 0); /* a Ctrl-C is ipclab's to understand */
    fd_close(&l->life[0]);
    prctl(PR_SET_NAME, "ipclab-keeper");
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &before);
    signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    program = signals < 0 || !mkdtemp(l->folder) ? -1 : fork();
    if (program == 0)
        become(argv, self, l, &before);
    if (program < 0)
        (void)!write(l->failure[1], &errno, sizeof errno);
    fd_close(&l->out[1]);
    fd_close(&l->failure[1]);
    if (program > 0 && await_program(program, l->life[1], signals, &status))
        send(l->life[1], &status, sizeof status, MSG_NOSIGNAL);
    end_descendants(&nobody);
    folder_forget(l->folder);
    _exit(0);
}

/* Has the keeper ended without a word?  What it kept may hold the output open
 * for ever. */
static bool keeper_has_died(int life)
{
    int status;

    return recv(life, &status, sizeof status, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Read what the program prints, to its end: 0, -EINTR, -ETIMEDOUT or -errno. */
static int collect(const struct lines *l, int64_t deadline,
                   const volatile sig_atomic_t *stop, char **text,
                   size_t *length)
{
    size_t capacity = 0;

    *text = NULL;
    *length = 0;
    for (;;) {
        struct pollfd readable = {l->out[0], POLLIN, 0};
        ssize_t got;

        if (*length + 1 >= capacity) {
            char *more = realloc(*text, capacity = 2 * capacity + 65536);

            if (!more)
                return -ENOMEM;
            *text = more;
        }
        (*text)[*length] = '\0';
        if (stop && *stop)
            return -EINTR;
        if (clock_now() > deadline)
            return -ETIMEDOUT;
        if (poll(&readable, 1, 100) <= 0) {
            if (keeper_has_died(l->life[0]))
                return 0;
            continue;
        }
        got = read_some(l->out[0], *text + *length, capacity - *length - 1);
        if (got <= 0)
            return (int)got;
        *length += (size_t)got;
    }
}

/* Did exec fail?  Its errno came through the pipe that exec closes; who was
 * stopped before that says nothing. */
static int exec_error(int failure, int64_t deadline)
{
    struct pollfd said = {failure, POLLIN, 0};
    struct timespec left;
    int number;

    if (ppoll(&said, 1, clock_left(deadline, &left), NULL) <= 0)
        return -ETIMEDOUT;
    return read_full(failure, &number, sizeof number) == sizeof number ? -number
                                                                       : 0;
}

static int open_lines(struct lines *l)
{
    int error = fd_pipe(l->out);

    l->folder = mmap(NULL, PATH_MAX, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (l->folder == MAP_FAILED)
        return -errno;
    if (!error)
        error = folder_name(l->folder, PATH_MAX);
    if (!error)
        error = fd_pipe(l->failure);
    if (!error &&
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, l->life) < 0)
        error = -errno;
    return error;
}

static void close_lines(struct lines *l)
{
    for (int i = 0; i < 2; i++) {
        fd_close(&l->out[i]);
        fd_close(&l->failure[i]);
        fd_close(&l->life[i]);
    }
    if (l->folder != MAP_FAILED)
        munmap(l->folder, PATH_MAX);
}

/* It ends what is left, and itself; killed, or stopped by somebody, it cannot,
 * and then what it kept is ours. */
static void end_keeper(pid_t keeper, struct lines *l)
{
    int64_t deadline = clock_deadline(KEEPER_PATIENCE);
    int status = 0;
    pid_t ended;

    fd_close(&l->life[0]);
    while ((ended = waitpid(keeper, &status, WNOHANG)) == 0 &&
           clock_now() < deadline)
        poll(NULL, 0, 1);
    if (ended == 0) {
        kill(keeper, SIGKILL);
        waitpid(keeper, &status, 0);
    }
    if (WIFSIGNALED(status)) {
        group_end(keeper);
        folder_forget(l->folder);
    }
}

/* How the program ended; one that was not left to end, or whose keeper did not
 * live to say it, was killed. */
static int hear_end(struct lines *l, int64_t deadline, int *error)
{
    struct pollfd said = {l->life[0], POLLIN, 0};
    struct timespec left;
    int status = SIGKILL;

    if (!*error && ppoll(&said, 1, clock_left(deadline, &left), NULL) <= 0)
        *error = -ETIMEDOUT;
    if (!*error && read_full(l->life[0], &status, sizeof status) < 0)
        status = SIGKILL;
    return status;
}

int command_run(const char *const argv[], int64_t patience,
                const volatile sig_atomic_t *stop, char **text, size_t *length,
                int *error)
{
    struct lines l = {{-1, -1}, {-1, -1}, {-1, -1}, MAP_FAILED};
    int64_t deadline = clock_deadline(patience);
    pid_t keeper = -1;
    int status = 0;

    *text = NULL;
    *length = 0;
    *error = open_lines(&l);
    if (!*error && (keeper = fork()) == 0)
        keep(argv, &l);
    if (!*error && keeper < 0)
        *error = -errno;
    fd_close(&l.out[1]);
    fd_close(&l.failure[1]);
    fd_close(&l.life[1]);
    if (!*error) {
        setpgid(keeper, keeper);
        *error = exec_error(l.failure[0], deadline);
    }
    if (!*error)
        *error = collect(&l, deadline, stop, text, length);
    if (keeper > 0) {
        status = hear_end(&l, deadline, error);
        end_keeper(keeper, &l);
    }
    close_lines(&l);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}
