/* SPDX-License-Identifier: MIT */
/* test_matrix_pipe.h - the ends of a Pipe, of each kind. */
#ifndef IPCLAB_TEST_MATRIX_PIPE_H
#define IPCLAB_TEST_MATRIX_PIPE_H

#include "start/test_matrix.h"

#include "pipe/pipe.h"

static inline int matrix_pack_end(void *thing, struct parcel *parcel)
{
    return connection_pack(thing, parcel);
}

static inline int matrix_unpack_end(void *thing, struct parcel *parcel)
{
    return connection_unpack(thing, parcel);
}

static inline void matrix_close_end(void *thing)
{
    connection_close(thing);
}

/* --- what a child sends, and what it receives --- */

static inline int matrix_send(void *thing)
{
    return connection_send(thing, "used", 4) ? test_line(__LINE__) : 0;
}

static inline int matrix_receive(struct connection *c, const char *right)
{
    char text[8] = "";

    if (connection_recv(c, text, sizeof text - 1) != (ssize_t)strlen(right))
        return test_line(__LINE__);
    return strcmp(text, right) == 0 ? 0 : test_line(__LINE__);
}

static inline int matrix_make_writer(void *thing, void *kept)
{
    return pipe_open(kept, thing);
}

static inline int matrix_check_writer(void *thing, void *kept)
{
    (void)thing;
    return matrix_receive(kept, "used");
}

static const struct shareable matrix_writer = {.name = "Connection that writes",
                                               .make = matrix_make_writer,
                                               .pack = matrix_pack_end,
                                               .unpack = matrix_unpack_end,
                                               .use = matrix_send,
                                               .check = matrix_check_writer,
                                               .close = matrix_close_end,
                                               .close_kept = matrix_close_end};

/* The message is there before the child is: nobody need read at once. */
static inline int matrix_make_reader(void *thing, void *kept)
{
    int error = pipe_open(thing, kept);

    return error ? error : connection_send(kept, "told", 4);
}

static inline int matrix_use_reader(void *thing)
{
    return matrix_receive(thing, "told");
}

/* The child has taken it. */
static inline int matrix_check_reader(void *thing, void *kept)
{
    (void)kept;
    return connection_poll(thing, 0) == 0 ? 0 : test_line(__LINE__);
}

static const struct shareable matrix_reader = {.name = "Connection that reads",
                                               .make = matrix_make_reader,
                                               .pack = matrix_pack_end,
                                               .unpack = matrix_unpack_end,
                                               .use = matrix_use_reader,
                                               .check = matrix_check_reader,
                                               .close = matrix_close_end,
                                               .close_kept = matrix_close_end};

static inline int matrix_make_duplex(void *thing, void *kept)
{
    int error = pipe_open_duplex(thing, kept);

    return error ? error : connection_send(kept, "told", 4);
}

static inline int matrix_use_duplex(void *thing)
{
    int line = matrix_receive(thing, "told");

    return line ? line : matrix_send(thing);
}

static const struct shareable matrix_duplex = {.name =
                                                   "Connection that does both",
                                               .make = matrix_make_duplex,
                                               .pack = matrix_pack_end,
                                               .unpack = matrix_unpack_end,
                                               .use = matrix_use_duplex,
                                               .check = matrix_check_writer,
                                               .close = matrix_close_end,
                                               .close_kept = matrix_close_end};

#endif
