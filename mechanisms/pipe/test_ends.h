/* SPDX-License-Identifier: MIT */
/*
 * test_ends.h - what the tests of pipe/ share: both kinds of Pipe, messages
 * that can be told from each other, and a child that echoes.
 */
#ifndef IPCLAB_TEST_ENDS_H
#define IPCLAB_TEST_ENDS_H

#include "common/test_census.h"

#include "common/hooks.h"
#include "common/io.h"
#include "pipe/pipe.h"
#include "start/start.h"

/* A receiving and a sending end: of a pipe, or of a socket pair. */
static inline void test_open(bool duplex, struct connection *in,
                             struct connection *out)
{
    assert_int_equal(duplex ? pipe_open_duplex(in, out) : pipe_open(in, out),
                     0);
}

static inline void test_close(struct connection *in, struct connection *out)
{
    connection_close(in);
    connection_close(out);
}

/* Fill size bytes with what only message `number` has. */
static inline void test_fill(unsigned char *data, size_t size, uint64_t number)
{
    uint64_t word = (number + 1) * UINT64_C(0x9e3779b97f4a7c15);

    for (size_t i = 0; i < size; i++) {
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        data[i] = (unsigned char)(word >> 24);
    }
}

/* Is it, to the byte, that message? */
static inline bool test_is(const unsigned char *data, size_t size,
                           uint64_t number)
{
    uint64_t word = (number + 1) * UINT64_C(0x9e3779b97f4a7c15);

    for (size_t i = 0; i < size; i++) {
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        if (data[i] != (unsigned char)(word >> 24))
            return false;
    }
    return true;
}

/* In a child: send back whatever comes, until the end; 0, or the line. */
static inline int test_echo(struct connection *in, struct connection *out)
{
    for (;;) {
        void *message;
        ssize_t got = connection_recv_new(in, &message, SIZE_MAX);
        int error;

        if (got == -EPIPE)
            return 0;
        if (got < 0)
            return test_line(__LINE__);
        error = connection_send(out, message, (size_t)got);
        free(message);
        if (error)
            return test_line(__LINE__);
    }
}

/*
 * An echoing child, forked without start/.  *in and *out become the ends of
 * this side: the same connection where duplex.  Its pid.
 */
static inline pid_t test_fork_echo(bool duplex, struct connection ends[4],
                                   struct connection **in,
                                   struct connection **out)
{
    pid_t pid;

    if (duplex) {
        test_open(true, &ends[0], &ends[2]);
        ends[1].fd = ends[3].fd = -1;
        ends[1].buffer = ends[3].buffer = NULL;
    } else {
        test_open(false, &ends[0], &ends[3]);
        test_open(false, &ends[2], &ends[1]);
    }
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        alarm(CENSUS_SECONDS);
        test_close(&ends[0], &ends[1]);
        _exit(test_echo(&ends[2], duplex ? &ends[2] : &ends[3]));
    }
    assert_true(pid > 0);
    test_close(&ends[2], &ends[3]);
    *in = &ends[0];
    *out = duplex ? &ends[0] : &ends[1];
    return pid;
}

/* Close this side; the child must have seen nothing wrong. */
static inline void test_end_echo(pid_t pid, struct connection ends[4])
{
    int status;

    test_close(&ends[0], &ends[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* One message, sent and received. */
static inline void echo_one(bool duplex, size_t size, uint64_t number,
                            struct connection *in, struct connection *out)
{
    unsigned char *data = malloc(size + 1), *back = malloc(size + 1);

    (void)duplex;
    test_fill(data, size, number);
    assert_int_equal(connection_send(out, data, size), 0);
    assert_int_equal(connection_poll(in, NO_TIMEOUT), 1);
    assert_int_equal(connection_recv(in, back, size), size);
    assert_memory_equal(back, data, size);
    free(data);
    free(back);
}

#endif
