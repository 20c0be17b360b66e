/* SPDX-License-Identifier: MIT */
/* command.c - run another program and read what it prints. */
#include "command.h"

#include "common/clock.h"
#include "common/io.h"
#include "group.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOT_RUN = 127 };

/* In the child: become the program, or say that it could not be. */
static _Noreturn void become(const char *const argv[], pid_t parent, int out,
                             int failure)
{
    int null = open("/dev/null", O_RDWR);

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(NOT_RUN);       /* it ended before the line above */
    signal(SIGPIPE, SIG_DFL); /* an ignored signal would stay ignored */
    dup2(null, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    execvp(argv[0], (char *const *)argv);
    (void)!write(failure, &errno, sizeof errno);
    _exit(NOT_RUN);
}

/* Read until the end of fd: 0, -EINTR, -ETIMEDOUT or -errno. */
static int collect(int fd, int64_t deadline, const volatile sig_atomic_t *stop,
                   char **text, size_t *length)
{
    size_t capacity = 0;

    *text = NULL;
    *length = 0;
    for (;;) {
        struct pollfd readable = {fd, POLLIN, 0};
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
        if (poll(&readable, 1, 100) <= 0)
            continue;
        got = read_some(fd, *text + *length, capacity - *length - 1);
        if (got <= 0)
            return (int)got;
        *length += (size_t)got;
    }
}

/* Did exec fail?  Its errno came through the pipe that exec closes. */
static int exec_error(int failure)
{
    int number;

    return read_full(failure, &number, sizeof number) == sizeof number ? -number
                                                                       : 0;
}

int command_run(const char *const argv[], int64_t patience,
                const volatile sig_atomic_t *stop, char **text, size_t *length,
                int *error)
{
    int out[2], failure[2], status = 0;
    pid_t parent = getpid(), pid;

    *text = NULL;
    *length = 0;
    *error = fd_pipe(out);
    if (*error)
        return 0;
    *error = fd_pipe(failure);
    pid = *error ? -1 : fork();
    if (pid == 0)
        become(argv, parent, out[1], failure[1]);
    if (!*error && pid < 0)
        *error = -errno;
    fd_close(&out[1]);
    fd_close(&failure[1]);
    if (!*error) {
        setpgid(pid, pid);
        *error = exec_error(failure[0]);
    }
    if (!*error)
        *error = collect(out[0], clock_deadline(patience), stop, text, length);
    if (pid > 0) {
        if (*error)
            kill(-pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
        group_end(pid); /* whatever it left */
    }
    fd_close(&out[0]);
    fd_close(&failure[0]);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}
