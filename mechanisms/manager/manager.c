/* SPDX-License-Identifier: MIT */
/*
 * manager.c - SyncManager: a server started, connected to, asked, ended.
 *
 * A manager is where its server is and the key; each request is a connection of
 * its own, as CPython has it (Lib/multiprocessing/managers.py, BaseManager).
 * Proxies have the place from it, and live on when it is gone.
 */
#include "manager/connections.h"

#include "common/auth.h"
#include "common/hooks.h"
#include "common/io.h"
#include "pipe/listener.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long a server may take to begin. */
#define START_PATIENCE (60 * SECOND)

enum { LOST = 255 }; /* process_exitcode's */

/* --- where it is --- */

static int set_key(struct manager_place *place, const void *key, size_t n)
{
    if (n > sizeof place->key || (n && !key))
        return -EINVAL;
    if (n)
        memcpy(place->key, key, n);
    place->key_length = n;
    return 0;
}

static int set_address(struct manager_place *place, const char *address)
{
    size_t n = address ? strlen(address) : 0;

    if (n == 0)
        return -EINVAL;
    if (n >= sizeof place->address)
        return -ENAMETOOLONG;
    memcpy(place->address, address, n + 1);
    return 0;
}

/* --- started --- */

/* What the server says first: 0 and where it is, or why it is not. */
static int hear(struct process *p, int reader, struct manager_hello *hello)
{
    struct waitable either[2] = {{.fd = reader}, {.fd = process_sentinel(p)}};
    int ready = wait_ready(either, 2, START_PATIENCE);

    if (ready <= 0)
        return ready ? ready : -ETIMEDOUT;
    /* Without a word from it, it has ended, or died in the middle of one. */
    if (!either[0].ready ||
        read_full(reader, hello, sizeof *hello) != sizeof *hello)
        return -EPIPE;
    hello->address[sizeof hello->address - 1] = '\0';
    return hello->error;
}

/* It has ended, or will now. */
static void end_process(struct process *p)
{
    if (process_join(p, 0) == -ETIMEDOUT)
        process_kill(p);
    process_join(p, NO_TIMEOUT);
    process_close(p);
}

/* The process runs; the pipe's reader is closed by the caller. */
static int begin(struct manager *m, int reader)
{
    struct manager_hello hello;
    int error = hear(&m->process, reader, &hello);

    if (!error)
        error = set_address(&m->place, hello.address);
    if (error)
        end_process(&m->process);
    m->owned = !error;
    return error;
}

static int start(struct manager *m, enum start_method method,
                 struct parcel *parcel, int reader)
{
    int error;

    process_init(&m->process, "manager_serve", parcel);
    snprintf(m->process.name, sizeof m->process.name, "SyncManager-%s",
             m->process.identity);
    m->process.method = method;
    m->process.daemon = true; /* whoever forgets it does not wait for it */
    error = process_start(&m->process);
    return error ? error : begin(m, reader);
}

int manager_start(struct manager *m, enum start_method method,
                  const struct manager_options *options)
{
    static const struct manager_options plain = {0};
    struct parcel parcel;
    int ends[2], error;

    *m = (struct manager){0};
    if (!options)
        options = &plain;
    error = set_key(&m->place, options->key, options->key_length);
    if (!error && !options->key) {
        m->place.key_length = AUTH_KEY;
        error = auth_random(m->place.key, AUTH_KEY);
    }
    if (!error)
        error = fd_pipe(ends);
    if (error)
        return error;
    parcel_init(&parcel);
    error = manager_pack_server(&parcel, &ends[1], options, &m->place);
    if (!error)
        error = start(m, method, &parcel, ends[0]);
    m->folder = !options->address;
    parcel_free(&parcel);
    fd_close(&ends[1]);
    fd_close(&ends[0]);
    return error;
}

int manager_connect(struct manager *m, const char *address, const void *key,
                    size_t key_length)
{
    int error;

    *m = (struct manager){0};
    error = set_address(&m->place, address);
    if (!error)
        error = set_key(&m->place, key, key_length);
    return error ? error : manager_dummy(m);
}

/* --- ended --- */

/* Is it the name of a socket at which nobody listens?  Another server may have
 * been started there since ours died. */
static bool is_dead(const char *name)
{
    struct connection c;
    struct stat found;
    int error;

    if (lstat(name, &found) < 0 || !S_ISSOCK(found.st_mode))
        return false;
    error = client_open(&c, name, 0);
    connection_close(&c);
    return error == -ECONNREFUSED;
}

/* What a server that could not do it leaves: a name, and the folder where that
 * is of our making. */
static void remove_name(const struct manager *m)
{
    char folder[MANAGER_ADDRESS];

    if (!address_is_name(m->place.address))
        return;
    if (is_dead(m->place.address))
        unlink(m->place.address);
    if (!m->folder)
        return;
    memcpy(folder, m->place.address, sizeof folder);
    rmdir(dirname(folder));
}

/* Does it run, or is that not known?  The latter where the fork server, who
 * would tell, was killed: then it can be asked to end, but not be told to. */
static bool may_run(struct process *p)
{
    int code;

    return process_is_alive(p) == 1 ||
           (process_exitcode(p, &code) == 0 && code == LOST);
}

/* Ask it to end, then tell it, then end it. */
static void end_server(struct manager *m)
{
    struct datum result;

    request_once(&m->place, &result, "shutdown", datum_tuple(""), NULL, SECOND);
    datum_drop(&result);
    if (process_join(&m->process, SECOND) != -ETIMEDOUT)
        return;
    process_terminate(&m->process);
    if (process_join(&m->process, SECOND) != -ETIMEDOUT)
        return;
    process_kill(&m->process);
    process_join(&m->process, NO_TIMEOUT);
}

void manager_close(struct manager *m)
{
    int code = 0;

    if (!m->owned || m->process.generation != fork_generation())
        return;
    m->owned = false;
    if (may_run(&m->process))
        end_server(m);
    if (process_exitcode(&m->process, &code) == 0 && code != 0)
        remove_name(m);
    process_close(&m->process);
    place_end(&m->place);
}

/* --- asked --- */

/* The result, or -errno: there is no proxy that could have raised. */
static int ask(struct manager *m, struct datum *result, const char *function)
{
    int error = request_once(&m->place, result, function, datum_tuple(""), NULL,
                             REQUEST_PATIENCE);

    if (error == -EREMOTEIO)
        datum_drop(result);
    return error;
}

int manager_number_of_objects(struct manager *m, int64_t *n)
{
    struct datum result;
    int error = ask(m, &result, "number_of_objects");

    *n = 0;
    if (!error && datum_to_int(&result, n))
        error = -EBADMSG;
    datum_drop(&result);
    return error;
}

int manager_debug_info(struct manager *m, struct datum *text)
{
    return ask(m, text, "debug_info");
}

int manager_dummy(struct manager *m)
{
    struct datum result;
    int error = ask(m, &result, "dummy");

    datum_drop(&result);
    return error;
}

/* What create returned: (ident, exposed). */
static int take_made(struct manager *m, struct proxy *p, const char *type,
                     const struct datum *made)
{
    const struct datum *items;
    int error;

    if (made->kind != DATUM_TUPLE || made->sequence->length != 2)
        return -EBADMSG;
    items = made->sequence->items;
    if (items[0].kind != DATUM_STR)
        return -EBADMSG;
    error = proxy_open(p, &m->place, datum_str(type), &items[0], &items[1]);
    if (error)
        request_count(&m->place, "decref", &items[0]);
    return error;
}

int manager_create_with(struct manager *m, struct proxy *p,
                        struct datum *raised, const char *type,
                        const struct datum *arguments,
                        const struct datum *keywords)
{
    struct datum whole = datum_tuple("s", type), made;
    int error = datum_error(&whole);

    *p = (struct proxy){0};
    if (raised)
        *raised = (struct datum){0};
    if (!error)
        error = datum_error(arguments);
    for (size_t i = 0; !error && i < arguments->sequence->length; i++)
        error =
            datum_append(&whole, datum_share(&arguments->sequence->items[i]));
    if (error) {
        datum_drop(&whole);
        return error;
    }
    error =
        request_once(&m->place, &made, "create", whole, keywords, NO_TIMEOUT);
    if (!error)
        error = take_made(m, p, type, &made);
    else if (error == -EREMOTEIO && raised)
        *raised = datum_share(&made);
    datum_drop(&made);
    return error;
}

int manager_create(struct manager *m, struct proxy *p, const char *type,
                   const char *format, ...)
{
    struct datum arguments;
    va_list list;
    int error;

    va_start(list, format);
    arguments = datum_tuple_from(format, &list);
    va_end(list);
    error = manager_create_with(m, p, NULL, type, &arguments, NULL);
    datum_drop(&arguments);
    return error;
}
