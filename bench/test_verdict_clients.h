/* SPDX-License-Identifier: MIT */
/* test_verdict_clients.h - clients of a manager, who are told when to go on. */
#ifndef IPCLAB_TEST_VERDICT_CLIENTS_H
#define IPCLAB_TEST_VERDICT_CLIENTS_H

#include "test_verdict.h"

#include "manager/manager.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { CLIENTS = 2 };

static struct manager server;
static struct proxy object;
static int may[CLIENTS][2], done[2];

static inline void told(int k)
{
    char byte;

    if (read_some(may[k][0], &byte, 1) != 1)
        _exit(1);
}

static inline void say_done(void)
{
    write_full(done[1], "", 1);
}

static inline void let(int k)
{
    write_full(may[k][1], "", 1);
}

static inline void hear(int count)
{
    char bytes[CLIENTS];

    if (read_full(done[0], bytes, (size_t)count) != count)
        _exit(1);
}

static inline void call(const char *method, const char *key, int64_t value)
{
    struct datum result = {0};

    if (proxy_call(&object, &result, method, "si", key, value) < 0)
        _exit(1);
    datum_drop(&result);
}

static inline void call_plain(const char *method)
{
    struct datum result = {0};

    if (proxy_call(&object, &result, method, "") < 0)
        _exit(1);
    datum_drop(&result);
}

static inline int64_t get(const char *key)
{
    struct datum result = {0};
    int64_t n = -1;

    if (proxy_call(&object, &result, "__getitem__", "s", key) < 0 ||
        datum_to_int(&result, &n) < 0)
        _exit(1);
    datum_drop(&result);
    return n;
}

/* The server says that it is so. */
static inline void claim(struct witness *w)
{
    const struct datum *ident = &object.token.record->fields[2];

    witness_server(w, server.process.pid, (const char *)ident->text->bytes);
}

/* A server, at a name in the folder of this run, which goes with it; and an
 * object. */
static inline int prepare(struct witness *w, const char *type)
{
    const char *folder = getenv("TMPDIR");
    char address[MANAGER_ADDRESS];
    const struct manager_options options = {.address = address};
    int error = fd_pipe(done);

    for (int k = 0; k < CLIENTS && !error; k++)
        error = fd_pipe(may[k]);
    snprintf(address, sizeof address, "%s/server", folder ? folder : "/tmp");
    if (!error)
        error = manager_start(&server, START_FORK, &options);
    if (!error)
        error = manager_create(&server, &object, type, "");
    if (!error)
        claim(w);
    return error;
}

/* It is dead, and its zombie stays. */
static inline void end_by(pid_t process, int number)
{
    siginfo_t ended;

    kill(process, number);
    waitid(P_PID, (id_t)process, &ended, WEXITED | WNOWAIT);
}

#endif
