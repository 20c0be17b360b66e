/* SPDX-License-Identifier: MIT */
/*
 * hazards_spawn.c - a fresh image has the program, and nothing of its state.
 *
 * Every global of a spawned child is as the program begins with it.  One that
 * the parent has set since is not there, and one that is made at the top of the
 * program is made once more, another one under the same name.
 */
#include "start/hazards.h"

#include "pipe/pipe.h"

#include <sys/wait.h>

/* --- spawn-lost-globals --- */

enum { VALUE = 6, SCALE = 7, CURE_PARCEL = 1, CURE_REGION };

/* region: spawn-lost-globals */
static volatile int64_t scale = 1; /* what the program begins with */

/* The child: works with the global that its parent has set. */
static int scale_by_global(struct parcel *arguments)
{
    struct witness *w = witness_unpack(arguments);
    int scaled;

    if (!w)
        return -EIO;
    scaled = (int)(VALUE * scale);
    witness_child(w, getpid());
    witness_child_memory(w, &scale);
    witness_show(w, 2);
    return scaled;
}
TARGET(scale_by_global)
/* end: spawn-lost-globals */

/* region: spawn-lost-globals-cures */
/* The child is handed what it is to work with ... */
static int scale_by_argument(struct parcel *arguments)
{
    uint64_t handed;
    int error = parcel_take_u64(arguments, &handed);

    return error ? error : (int)(VALUE * handed);
}
TARGET(scale_by_argument)

/* ... or memory in which both have it. */
static int scale_by_region(struct parcel *arguments)
{
    struct region shared;
    int error = region_unpack(&shared, arguments), scaled;

    if (error)
        return error;
    scaled = (int)(VALUE * *(int64_t *)shared.base);
    region_close(&shared);
    return scaled;
}
TARGET(scale_by_region)
/* end: spawn-lost-globals-cures */

/* A region that is handed over, and set by the parent. */
static int run_with_region(struct parcel *arguments)
{
    struct region shared;
    int result = region_open(&shared, sizeof(int64_t));

    if (!result) {
        *(int64_t *)shared.base = scale;
        result = region_pack(&shared, arguments);
    }
    if (!result)
        result = run_target("scale_by_region", arguments, START_SPAWN);
    region_close(&shared);
    return result;
}

static int run_with_argument(struct parcel *arguments)
{
    int error = parcel_put_u64(arguments, (uint64_t)scale);

    return error ? error
                 : run_target("scale_by_argument", arguments, START_SPAWN);
}

static int run_with_global(struct witness *w, struct parcel *arguments)
{
    int error = witness_pack(w, arguments);

    return error ? error
                 : run_target("scale_by_global", arguments, START_SPAWN);
}

int spawn_lost_globals(struct witness *w, int cure)
{
    struct parcel arguments;
    int result, error;

    witness_expect(w, VALUE * SCALE);
    witness_victim(w, getpid());
    witness_memory(w, "scale", &scale);
    witness_show(w, 1);
    scale = SCALE;
    parcel_init(&arguments);
    result = cure == CURE_PARCEL   ? run_with_argument(&arguments)
             : cure == CURE_REGION ? run_with_region(&arguments)
                                   : run_with_global(w, &arguments);
    parcel_free(&arguments);
    error = leave_nobody();
    if (result < 0 || error)
        return result < 0 ? result : error;
    witness_got(w, result);
    return 0;
}

/* --- spawn-rebuilt-pipe, and -queue --- */

int start_and_be_seen(struct witness *w, const char *target,
                      struct parcel *arguments, enum start_method method)
{
    struct process p;
    siginfo_t ended;
    int error, code = -1;

    process_init(&p, target, arguments);
    p.method = method;
    error = process_start(&p);
    if (!error && method == START_SPAWN &&
        waitid(P_PID, (id_t)p.pid, &ended, WEXITED | WNOWAIT) < 0)
        error = -ECHILD;
    witness_show(w, 2);
    if (!error)
        error = process_join(&p, NO_TIMEOUT);
    if (!error)
        error = process_exitcode(&p, &code);
    process_close(&p);
    return error ? error : code;
}

enum { CURE_ARGUMENT = 1, CURE_ARGUMENT_SERVED };

/* The notes' own program:
 *
 *     parent_conn, child_conn = Pipe()
 *
 *     def f():
 *         child_conn.send("helloworld")
 */
static const char hello[] = "helloworld";

enum { HELLO = sizeof hello - 1 };

/* region: spawn-rebuilt-pipe */
static struct connection parent_conn, child_conn;

/* The top of the module.  Python runs it in every image: a spawned child
 * imports the module, to find the target. */
static int run_module(void)
{
    return pipe_open(&parent_conn, &child_conn);
}

/* The child: sends into the global pipe.  Into which? */
static int send_by_global(struct parcel *arguments)
{
    struct witness *w = witness_unpack(arguments);
    int error = w ? run_module() : -EIO;

    if (!error)
        error = connection_send(&child_conn, hello, HELLO);
    if (error)
        return error;
    witness_child(w, getpid());
    witness_child_fd(w, child_conn.fd);
    witness_show(w, 1);
    return 0;
}
TARGET(send_by_global)
/* end: spawn-rebuilt-pipe */

/* region: spawn-rebuilt-pipe-cure */
/* The child: sends into the pipe that it was handed. */
static int send_by_argument(struct parcel *arguments)
{
    struct connection writer;
    int error = connection_unpack(&writer, arguments);

    if (error)
        return error;
    error = connection_send(&writer, hello, HELLO);
    connection_close(&writer);
    return error;
}
TARGET(send_by_argument)
/* end: spawn-rebuilt-pipe-cure */

/* print(parent_conn.recv()) */
static int receive_hello(struct witness *w)
{
    char text[16];
    ssize_t n;

    witness_ready(w);
    n = connection_recv(&parent_conn, text, sizeof text);
    connection_close(&parent_conn);
    connection_close(&child_conn);
    return (int)n;
}

int spawn_rebuilt_pipe(struct witness *w, int cure)
{
    struct parcel arguments;
    int error = run_module(), received;

    witness_expect(w, HELLO);
    witness_victim(w, getpid());
    witness_holder(w, getpid());
    if (error)
        return error;
    witness_fd(w, "parent_conn", parent_conn.fd);
    parcel_init(&arguments);
    error = cure ? connection_pack(&child_conn, &arguments)
                 : witness_pack(w, &arguments);
    if (!error)
        error = start_and_be_seen(
            w, cure ? "send_by_argument" : "send_by_global", &arguments,
            cure == CURE_ARGUMENT_SERVED ? START_FORKSERVER : START_SPAWN);
    parcel_free(&arguments);
    if (error)
        return error;
    received = receive_hello(w);
    error = leave_nobody();
    if (received < 0 || error)
        return received < 0 ? received : error;
    witness_got(w, received);
    return 0;
}
