/* SPDX-License-Identifier: MIT */
/*
 * workload_cpython.c - the same calls to a server of CPython's own.
 *
 * The peer starts a python3 that serves, and waits.  What that spends is not in
 * the peer's counters, which are its own.
 */
#include "manager/workload.h"

#include "common/io.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* The key comes in, the address goes out; its name goes at once, as that of
 * ours does (workload_server.c). */
static const char program[] =
    "import os, sys, tempfile\n"
    "from multiprocessing.managers import SyncManager\n"
    "key = sys.stdin.buffer.read()\n"
    "with tempfile.TemporaryDirectory(prefix='ipclab-') as folder:\n"
    "    server = SyncManager(folder + '/socket', key).get_server()\n"
    "    fd = os.open(server.address, os.O_PATH)\n"
    "print('/proc/%d/fd/%d' % (os.getpid(), fd), flush=True)\n"
    "server.serve_forever()\n";

static void be_python(pid_t parent, int in, int out)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_DFL);
    if (getppid() == parent && dup2(in, STDIN_FILENO) >= 0 &&
        dup2(out, STDOUT_FILENO) >= 0) {
        execl("/usr/bin/python3", "python3", "-I", "-c", program, (char *)NULL);
        execlp("python3", "python3", "-I", "-c", program, (char *)NULL);
    }
    _exit(127);
}

/* One line, without its end: there is nothing behind it. */
static int read_line(int fd, char *line, size_t size)
{
    size_t n = 0;
    ssize_t got = 0;

    while (n + 1 < size && (n == 0 || line[n - 1] != '\n') &&
           (got = read_some(fd, line + n, size - 1 - n)) > 0)
        n += (size_t)got;
    if (n == 0 || line[n - 1] != '\n') /* there is no python3, or it failed */
        return got < 0 ? (int)got : -ENOENT;
    line[n - 1] = '\0';
    return 0;
}

/* Start it, tell it the key, and hear where it is. */
static int start(struct bench *b)
{
    struct meeting *m = b->meeting;
    pid_t parent = getpid();
    int in[2] = {-1, -1}, out[2] = {-1, -1}, error = fd_pipe(in);

    if (!error)
        error = fd_pipe(out);
    if (!error) {
        b->python = fork();
        if (b->python == 0)
            be_python(parent, in[0], out[1]);
        error = b->python < 0 ? -errno : 0;
    }
    fd_close(&in[0]);
    fd_close(&out[1]);
    if (!error)
        error = write_full(in[1], m->key, sizeof m->key);
    fd_close(&in[1]);
    if (!error)
        error = read_line(out[0], m->address, sizeof m->address);
    fd_close(&out[0]);
    return error;
}

int cpython_join(struct trial *t, int role, struct parcel *parcel)
{
    int error = bench_meet(t, parcel);

    (void)role;
    if (!error)
        error = start(t->state);
    return error ? error : bench_make(t);
}

/* It serves; nobody counts how often. */
int cpython_serve(struct trial *t, int role, unsigned n)
{
    (void)t;
    (void)role;
    (void)n;
    return 0;
}

void cpython_close(struct trial *t)
{
    struct bench *b = t->state;

    if (b && b->python > 0) {
        kill(b->python, SIGKILL);
        while (waitpid(b->python, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    bench_close(t);
}
