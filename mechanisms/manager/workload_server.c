/* SPDX-License-Identifier: MIT */
/*
 * workload_server.c - a server in threads of a trial's peer.
 *
 * A trial may be killed at any moment, and is to leave nothing.  So the name
 * of the socket goes as soon as it is bound: a descriptor of this process leads
 * to it as well, as long as that lives.
 */
#include "manager/workload.h"

#include "common/io.h"
#include "manager/server.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct serving {
    struct server *server;
    pthread_t thread;
    bool runs;
    int path; /* O_PATH, of the socket */
};

static void *run(void *server)
{
    server_serve(server);
    return NULL;
}

/* Listen at a name, and let a descriptor stand for it. */
static int bind_server(struct serving *s, struct meeting *m)
{
    char folder[] = "/tmp/ipclab-XXXXXX", name[sizeof folder + 8];
    const struct server_options options = {
        .address = name, .key = m->key, .key_length = sizeof m->key};
    int error;

    if (!mkdtemp(folder))
        return -errno;
    snprintf(name, sizeof name, "%s/socket", folder);
    error = server_open(&s->server, &options);
    if (!error) {
        s->path = open(name, O_PATH | O_CLOEXEC);
        error = s->path < 0 ? -errno : 0;
        unlink(name);
    }
    rmdir(folder);
    snprintf(m->address, sizeof m->address, "/proc/%d/fd/%d", getpid(),
             s->path);
    return error;
}

int serving_begin(struct trial *t)
{
    struct bench *b = t->state;
    struct serving *s = calloc(1, sizeof *s);
    int error;

    b->serving = s;
    if (!s)
        return -ENOMEM;
    s->path = -1;
    error = bind_server(s, b->meeting);
    if (!error)
        error = -pthread_create(&s->thread, NULL, run, s->server);
    s->runs = !error;
    return error ? error : bench_make(t);
}

uint64_t serving_answered(const struct serving *s)
{
    return server_answered(s->server);
}

void serving_end(struct serving *s)
{
    if (!s)
        return;
    if (s->runs) {
        server_stop(s->server);
        pthread_join(s->thread, NULL);
    }
    if (s->server)
        server_close(s->server);
    fd_close(&s->path);
    free(s);
}
