/* SPDX-License-Identifier: MIT */
/*
 * test_strangers.h - what the tests of Listener and Client share: a folder for
 * names, both families, and children that wait in a system call and are
 * interrupted there.
 */
#ifndef IPCLAB_TEST_STRANGERS_H
#define IPCLAB_TEST_STRANGERS_H

#include "common/test_census.h"

#include "common/clock.h"
#include "common/hooks.h"
#include "common/io.h"
#include "pipe/listener.h"

#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* How long anybody waits for what must come: its end is a failure. */
#define TEST_BOUND (10 * SECOND)

/* How long one waits for what must not come. */
#define TEST_PATIENCE (50 * SECOND / 1000)

static char test_folder[80];

static inline int strangers_begin(void **state)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(test_folder, sizeof test_folder, "%s/ipclab-test.XXXXXX",
             tmp && *tmp && strlen(tmp) < 40 ? tmp : "/tmp");
    return mkdtemp(test_folder) ? census_begin(state) : -1;
}

/* No name may stay either. */
static inline int strangers_end(void **state)
{
    int left = census_end(state);

    if (rmdir(test_folder) == 0)
        return left;
    print_error("left behind: a name in %s\n", test_folder);
    return -1;
}

#define TEST(f)                                                                \
    cmocka_unit_test_setup_teardown(f, strangers_begin, strangers_end)

/* The name of a socket in the folder. */
static inline const char *test_name(const char *last)
{
    static char name[LISTENER_ADDRESS];

    snprintf(name, sizeof name, "%s/%s", test_folder, last);
    return name;
}

/* Where the tests of a family listen. */
static inline const char *test_address(bool port)
{
    return port ? "127.0.0.1:0" : test_name("socket");
}

static inline void test_listen(struct listener *l, bool port, int backlog)
{
    assert_int_equal(listener_open(l, test_address(port), backlog), 0);
}

/* Both ends of a connection through a listener, in one process. */
static inline void test_meet(struct listener *l, struct connection *client,
                             struct connection *server)
{
    assert_int_equal(client_open(client, l->address, TEST_BOUND), 0);
    assert_int_equal(listener_accept(l, server, TEST_BOUND), 0);
}

static inline bool test_is_word(struct connection *c, const char *word)
{
    char text[64];
    ssize_t got = connection_recv(c, text, sizeof text);

    return got == (ssize_t)strlen(word) &&
           memcmp(text, word, strlen(word)) == 0;
}

static inline int test_say(struct connection *c, const char *word)
{
    return connection_send(c, word, strlen(word));
}

/* --- children --- */

/* What it ended with. */
static inline int test_result(pid_t pid)
{
    int status = test_reap(pid);

    if (!WIFEXITED(status))
        fail_msg("a child was ended by signal %d", WTERMSIG(status));
    return WEXITSTATUS(status);
}

/* Does it wait in that call?  Where /proc does not show the call, its state
 * must do. */
static inline bool test_is_in(pid_t pid, long call)
{
    char path[64], text[512] = "", *at;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/syscall", pid);
    file = fopen(path, "re");
    at = file ? fgets(text, sizeof text, file) : NULL;
    if (file)
        fclose(file);
    if (at)
        return text[0] != 'r' && strtol(text, NULL, 10) == call;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    file = fopen(path, "re");
    at = file && fgets(text, sizeof text, file) ? strrchr(text, ')') : NULL;
    if (file)
        fclose(file);
    return at && at[1] == ' ' && at[2] == 'S';
}

static inline void test_await(pid_t pid, long call)
{
    int64_t deadline = clock_deadline(TEST_BOUND);

    while (!test_is_in(pid, call)) {
        assert_true(clock_now() < deadline);
        sched_yield();
    }
}

/* --- signals --- */

enum { INTERRUPTIONS = 20 };

static int test_caught[2]; /* a pipe: a byte for each signal */

static inline void test_on_signal(int signal)
{
    int error = errno;

    (void)signal;
    if (write(test_caught[1], "", 1) != 1)
        _exit(111);
    errno = error;
}

/* From here on this process and its children can be interrupted. */
static inline void test_catch(void)
{
    struct sigaction action = {.sa_handler = test_on_signal};

    assert_int_equal(fd_pipe(test_caught), 0);
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
}

static inline void test_catch_no_more(void)
{
    signal(SIGUSR1, SIG_DFL);
    fd_close(&test_caught[0]);
    fd_close(&test_caught[1]);
}

/* Again and again, in that call, each time that it waits there. */
static inline void test_interrupt(pid_t pid, long call)
{
    char byte;

    for (int i = 0; i < INTERRUPTIONS; i++) {
        test_await(pid, call);
        assert_int_equal(kill(pid, SIGUSR1), 0);
        assert_int_equal(read_full(test_caught[0], &byte, 1), 1);
    }
    test_await(pid, call);
}

#endif
