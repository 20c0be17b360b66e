/* SPDX-License-Identifier: MIT */
// wrap: server_serve server_stop server_close
/*
 * test_cmd_manager.c - `ipclab manager` is told to end when it does so already.
 * (All else that it does is in scripts/test_manager.)
 */
#include "cmd.h"

#include "common/hooks.h"
#include "manager/server.h"
#include "sync/test_sharing.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

static bool is_closed, stopped_late;

void __real_server_close(struct server *s);
int __wrap_server_serve(struct server *s);
void __wrap_server_stop(struct server *s);
void __wrap_server_close(struct server *s);

int __wrap_server_serve(struct server *s)
{
    (void)s;
    return 0;
}

void __wrap_server_stop(struct server *s)
{
    (void)s;
    stopped_late = is_closed;
}

/* Ctrl-C twice: the second comes when the server is gone. */
void __wrap_server_close(struct server *s)
{
    __real_server_close(s);
    is_closed = true;
    kill(getpid(), SIGINT);
    kill(getpid(), SIGTERM);
}

static int serve_and_end(void *folder)
{
    char socket[64], key[64];
    char *argv[] = {"manager",        "--address", socket,
                    "--authkey-file", key,         NULL};

    snprintf(socket, sizeof socket, "%s/socket", (const char *)folder);
    snprintf(key, sizeof key, "%s/key", (const char *)folder);
    if (dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 1) < 0 ||
        cmd_manager(5, argv))
        return test_line(__LINE__);
    return !is_closed || stopped_late ? test_line(__LINE__) : 0;
}

static void who_has_ended_is_not_stopped(void **state)
{
    char folder[] = "/tmp/ipclab-test-XXXXXX", key[64];
    int fd;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(key, sizeof key, "%s/key", folder);
    fd = open(key, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "sixteen bytes or more", 21), 21);
    close(fd);
    test_expect(test_fork(serve_and_end, folder));
    assert_int_equal(unlink(key), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_has_ended_is_not_stopped,
                                        census_begin, census_end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
