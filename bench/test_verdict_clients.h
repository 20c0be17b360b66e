/* SPDX-License-Identifier: MIT */
/* test_verdict_clients.h - clients of a manager, who are told when to go on. */
#ifndef IPCLAB_TEST_VERDICT_CLIENTS_H
#define IPCLAB_TEST_VERDICT_CLIENTS_H

#include "test_verdict_told.h"

#include "manager/manager.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { CLIENTS = TOLD };

static struct manager server;
static struct proxy object;

static inline void call(const char *method, const char *key, int64_t value)
{
    if (proxy_do(&object, method, "si", key, value) < 0)
        _exit(1);
}

static inline void call_plain(const char *method)
{
    if (proxy_do(&object, method, "") < 0)
        _exit(1);
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
