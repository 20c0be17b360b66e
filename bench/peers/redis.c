/* SPDX-License-Identifier: MIT */
/*
 * redis.c - INCR, of a redis-server of the trial's own, over its Unix socket.
 *
 * The forked side starts the server, which saves nothing, listens at no port,
 * and is killed with it.  Its socket is in a folder that is gone when the
 * server can be reached: a descriptor of that side leads there as well.  What
 * the server spends is not in that side's counters.
 */
#include "peers/peer.h"

#include "common/io.h"

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE (8 * SECOND)

struct server {
    char *address; /* in memory that both sides have */
    pid_t pid;     /* of the side that started it */
    int path;      /* O_PATH, of the socket */
    redisContext *connection;
};

enum { ADDRESS = 64 };

/* Of the process that has opened it; the other one has it by fork. */
static struct server *opened;

static int redis_open(struct trial *t)
{
    struct server *s = calloc(1, sizeof *s);
    void *memory;

    if (!s)
        return -ENOMEM;
    s->path = -1;
    t->state = opened = s;
    memory = mmap(NULL, ADDRESS, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return -errno;
    s->address = memory;
    return 0;
}

static int redis_pack(struct trial *t, int role, struct parcel *parcel)
{
    (void)t;
    (void)role;
    (void)parcel;
    return 0;
}

/* --- the server --- */

static void be_server(pid_t parent, const char *name)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent && null >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
        dup2(null, STDOUT_FILENO) >= 0)
        execlp("redis-server", "redis-server", "--port", "0", "--unixsocket",
               name, "--unixsocketperm", "700", "--save", "", "--appendonly",
               "no", "--dir", "/", (char *)NULL);
    _exit(127);
}

/* It takes some milliseconds until it listens. */
static int await(const struct server *s, const char *name)
{
    int64_t deadline = clock_now() + PATIENCE;

    while (clock_now() < deadline) {
        redisContext *c = redisConnectUnix(name);
        bool there = c && !c->err;

        if (c)
            redisFree(c);
        if (there)
            return 0;
        if (waitpid(s->pid, NULL, WNOHANG) == s->pid)
            return -ENOENT; /* there is no redis-server, or it does not like us
                             */
        poll(NULL, 0, 1);
    }
    return -ETIMEDOUT;
}

static int start(struct server *s)
{
    char folder[] = "/tmp/ipclab-XXXXXX", name[sizeof folder + 8];
    pid_t parent = getpid();
    int error;

    if (!mkdtemp(folder))
        return -errno;
    snprintf(name, sizeof name, "%s/socket", folder);
    s->pid = fork();
    if (s->pid == 0)
        be_server(parent, name);
    error = s->pid < 0 ? -errno : await(s, name);
    if (!error && (s->path = open(name, O_PATH | O_CLOEXEC)) < 0)
        error = -errno;
    snprintf(s->address, ADDRESS, "/proc/%d/fd/%d", getpid(), s->path);
    unlink(name);
    rmdir(folder);
    return error;
}

static int redis_join(struct trial *t, int role, struct parcel *parcel)
{
    (void)role;
    (void)parcel;
    t->state = opened;
    return start(opened);
}

/* --- its client --- */

static int call_one(struct server *s, uint64_t expected)
{
    redisReply *r = redisCommand(s->connection, "INCR calls");
    bool right =
        r && r->type == REDIS_REPLY_INTEGER && (uint64_t)r->integer == expected;
    int error = right ? 0 : r ? -EILSEQ : -EPIPE;

    if (r)
        freeReplyObject(r);
    return error;
}

static int redis_op(struct trial *t, unsigned n)
{
    struct server *s = t->state;
    int error = 0;

    if (!s->connection)
        s->connection = redisConnectUnix(s->address);
    if (!s->connection || s->connection->err)
        return -ECONNREFUSED;
    for (; n && !error; n--)
        error = call_one(s, ++t->sequence);
    return error;
}

/* It serves. */
static int redis_serve(struct trial *t, int role, unsigned n)
{
    (void)t;
    (void)role;
    (void)n;
    return 0;
}

static void redis_close(struct trial *t)
{
    struct server *s = t->state;

    if (!s)
        return;
    if (s->connection)
        redisFree(s->connection);
    if (s->pid > 0) {
        kill(s->pid, SIGKILL);
        while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    fd_close(&s->path);
    if (s->address)
        munmap(s->address, ADDRESS);
    free(s);
    opened = NULL;
    t->state = NULL;
}

const struct workload peer_workloads[] = {
    {.name = "call",
     .open = redis_open,
     .pack = redis_pack,
     .join = redis_join,
     .op = redis_op,
     .serve = redis_serve,
     .close = redis_close},
    {.name = NULL},
};
