/* SPDX-License-Identifier: MIT */
/*
 * hazards_server.c - a child of the fork server is not its starter's.
 *
 * The server alone is told by the kernel how a child ended, and when it is gone
 * nobody is.
 */
#include "start/hazards.h"

#include "start/forkserver.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>

/* --- forkserver-killed --- */

enum { RESULT = 7, LOST = 255 };
enum { CURE_APART = 1, CURE_AGAIN, CURE_ADOPT };

/* How the child and its starter take their turns, and the result's own way. */
static int begun[2], go[2], results[2];

/* What the work has come to, in the child; how it ended, in the starter. */
static volatile int64_t done;
static volatile int64_t exit_code = -1;

/* The child: works when it is told to.  Its exit code is the result. */
static int work_when_told(struct parcel *arguments)
{
    struct witness *w = witness_unpack(arguments);
    int fds[3], error = w ? 0 : -EIO;
    char byte;

    for (int k = 0; !error && k < 3; k++)
        error = parcel_take_fd(arguments, &fds[k]);
    if (error)
        return error;
    witness_child(w, getpid());
    witness_child_memory(w, &done);
    witness_holder(w, getppid());
    witness_show(w, 1);
    write_full(fds[0], "", 1);
    read_some(fds[1], &byte, 1); /* meanwhile the server is killed */
    done = RESULT;
    write_full(fds[2], (void *)&done, sizeof done);
    witness_show(w, 2);
    write_full(fds[0], "", 1);
    return RESULT;
}
TARGET(work_when_told)

/* Start it by the server; 0 when it has begun. */
static int start_worker(struct witness *w, struct process *p)
{
    struct parcel arguments;
    char byte;
    int error;

    parcel_init(&arguments);
    process_init(p, "work_when_told", &arguments);
    p->method = START_FORKSERVER;
    error = witness_pack(w, &arguments);
    if (!error)
        error = parcel_put_fd(&arguments, begun[1]);
    if (!error)
        error = parcel_put_fd(&arguments, go[0]);
    if (!error)
        error = parcel_put_fd(&arguments, results[1]);
    if (!error)
        error = process_start(p);
    parcel_free(&arguments);
    if (!error && read_some(begun[0], &byte, 1) != 1)
        error = -EIO;
    return error;
}

/* Let it work, and wait for its end, whatever becomes of its status. */
static int let_it_end(pid_t worker)
{
    struct pollfd end = {-1, POLLIN, 0};
    char byte;

    write_full(go[1], "", 1);
    if (read_some(begun[0], &byte, 1) != 1)
        return -EIO;
    end.fd = (int)syscall(SYS_pidfd_open, worker, 0);
    if (end.fd < 0)
        return errno == ESRCH ? 0 : -errno;
    while (poll(&end, 1, -1) < 0 && errno == EINTR)
        ;
    close(end.fd);
    return 0;
}

/* How it ended, as Python's p.exitcode says it. */
static int join(struct process *p)
{
    int code = -1, error = let_it_end(p->pid);

    if (!error)
        error = process_join(p, NO_TIMEOUT);
    if (!error)
        error = process_exitcode(p, &code);
    process_close(p);
    return error ? error : code;
}

/* region: forkserver-killed */
/* The server is killed while its child runs; the child runs on. */
static int run_and_kill_server(struct witness *w, struct process *p)
{
    siginfo_t ended;
    int error = start_worker(w, p);
    pid_t server = forkserver_pid();

    if (error)
        return error;
    witness_fd(w, "status", process_sentinel(p));
    kill(server, SIGKILL);
    waitid(P_PID, (id_t)server, &ended, WEXITED | WNOWAIT);
    return join(p);
}
/* end: forkserver-killed */

/* region: forkserver-killed-cures */
/* The exit code is lost; the result is not, if it came another way ... */
static int result_apart(int code)
{
    int64_t result = code;

    if (code == LOST &&
        read_full(results[0], &result, sizeof result) != sizeof result)
        return -EIO;
    return (int)result;
}

/* ... or the work is done again, by a child of a new server ... */
static int once_more(struct witness *w, int code)
{
    struct process again;
    int error;

    if (code != LOST)
        return code;
    error = start_worker(w, &again);
    return error ? error : join(&again);
}

/* ... or the orphan becomes ours, and the kernel tells us. */
static int ask_the_kernel(pid_t orphan, int code)
{
    return code == LOST ? wait_for(orphan) : code;
}
/* end: forkserver-killed-cures */

static int open_pipes(void)
{
    int error = fd_pipe(begun);

    if (!error)
        error = fd_pipe(go);
    return error ? error : fd_pipe(results);
}

int forkserver_killed(struct witness *w, int cure)
{
    struct process p;
    int error = open_pipes(), code;

    if (error)
        return error;
    witness_expect(w, RESULT);
    witness_victim(w, getpid());
    if (cure == CURE_ADOPT)
        prctl(PR_SET_CHILD_SUBREAPER, 1);
    code = run_and_kill_server(w, &p);
    exit_code = code;
    witness_memory(w, "exit code", &exit_code);
    witness_show(w, 3);

    if (cure == CURE_APART)
        code = result_apart(code);
    if (cure == CURE_AGAIN)
        code = once_more(w, code);
    if (cure == CURE_ADOPT)
        code = ask_the_kernel(p.pid, code);
    error = leave_nobody();
    if (code < 0 || error)
        return code < 0 ? code : error;
    witness_got(w, code);
    return 0;
}
