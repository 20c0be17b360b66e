/* SPDX-License-Identifier: MIT */
/*
 * test_served.c - the fork server and those who come to its door: strangers,
 * the silent, other users, and clients that talk nonsense.
 *
 * Each test runs a server of its own, of which it knows the key.
 */
#include "start/image.h"
#include "start/served.h"
#include "start/test_children.h"

#include <pthread.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

static unsigned char key[AUTH_KEY] = "thirty-two bytes that are known";

/* A server as reach.c would start it. */
static struct {
    int address, alive;
    pid_t pid;
} server;

static int begin(void **state)
{
    char listener[24], alive[24], its_key[24], tracker[24], address[24];
    char what[] = IMAGE_FORKSERVER, name[] = "server", preload[] = "preload=";
    char *argv[] = {name,    what,    listener, alive, its_key,
                    tracker, address, preload,  NULL};
    int socket, ends[2], keys[2], failed = census_begin(state);

    socket = served_socket();
    server.address = served_bind(socket);
    if (failed || server.address < 0 || listen(socket, 8) < 0 ||
        fd_pipe(ends) || fd_pipe(keys) || write_full(keys[1], key, AUTH_KEY))
        return -1;
    image_argument(listener, sizeof listener, "listener", socket);
    image_argument(alive, sizeof alive, "alive", ends[0]);
    image_argument(its_key, sizeof its_key, "key", keys[0]);
    image_argument(tracker, sizeof tracker, "tracker",
                   tracker_ensure_running());
    image_argument(address, sizeof address, "address", server.address);
    failed = image_run("/proc/self/exe", argv,
                       (int[]){socket, ends[0], keys[0],
                               tracker_ensure_running(), server.address},
                       5, &server.pid, NULL);
    server.alive = ends[1];
    close(socket);
    close(ends[0]);
    close(keys[0]);
    close(keys[1]);
    return failed;
}

static int end(void **state)
{
    int status = -1;

    fd_close(&server.address);
    fd_close(&server.alive);
    waitpid(server.pid, &status, 0);
    return children_end(state) || status != 0 ? -1 : 0;
}

/* Connect as a client would: the descriptor, or -errno. */
static int connect_to(int address)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = served_socket();

    snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d", address);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) < 0) {
        int error = -errno;

        close(fd);
        return error;
    }
    return fd;
}

static int shake_hands(int fd, const void *with)
{
    struct auth_wire wire = served_wire(&fd);
    int error = auth_answer(&wire, with, AUTH_KEY);

    return error ? error : auth_deliver(&wire, with, AUTH_KEY);
}

/* A client that is admitted and has said hello. */
static int admitted(void)
{
    int fd = connect_to(server.address);
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
    struct iovec piece = {(char[]){HELLO}, 1};

    assert_true(fd >= 0);
    assert_int_equal(shake_hands(fd, key), 0);
    assert_int_equal(fds_send(fd, &piece, 1, &self, 1), 0);
    close(self);
    return fd;
}

/* Has the other side closed it?  Whatever it said before is passed over. */
static bool is_closed(int fd)
{
    char said[AUTH_MESSAGE];
    ssize_t got;

    while ((got = recv(fd, said, sizeof said, 0)) > 0)
        ;
    return got == 0 || errno == ECONNRESET;
}

/* A request of n bytes with count descriptors, its status pipe first: what
 * comes back there, or else the reason that comes over the connection. */
static int64_t ask(int fd, const void *bytes, size_t n, size_t count)
{
    struct iovec piece = {(void *)bytes, n};
    int fds[8], status[2];
    int64_t answer = 0;

    assert_int_equal(fd_pipe(status), 0);
    for (size_t i = 0; i < count; i++)
        fds[i] = status[1];
    assert_int_equal(fds_send(fd, &piece, 1, fds, count), 0);
    close(status[1]);
    if (read_full(status[0], &answer, sizeof answer) != sizeof answer &&
        recv(fd, &answer, sizeof answer, 0) != sizeof answer)
        answer = 0; /* nothing came, and the connection has ended */
    close(status[0]);
    return answer;
}

/* A right request for a target without arguments: its length. */
static size_t request_for(const char *target, struct preparation_head *head)
{
    struct process p;
    ssize_t n;

    process_init(&p, target, NULL);
    p.method = START_FORKSERVER;
    n = preparation_pack(head, &p, NULL, false);
    assert_true(n > 0);
    return (size_t)n;
}

/* Whoever came before, a client of good faith is served. */
static void expect_service(void)
{
    struct preparation_head head;
    size_t n = request_for("do_nothing", &head);
    int fd = admitted();

    assert_true(ask(fd, &head, n, SERVED_FDS) > 0);
    close(fd);
}

/* ---- the door -------------------------------------------------------------
 */

static void who_has_not_the_key_is_sent_away(void **state)
{
    unsigned char wrong[AUTH_KEY] = "thirty-two bytes that were tried";

    (void)state;
    for (int i = 0; i < 3; i++) {
        int fd = connect_to(server.address);

        assert_true(fd >= 0);
        assert_int_equal(shake_hands(fd, wrong), -EACCES);
        assert_true(is_closed(fd));
        close(fd);
        expect_service();
    }
}

static void who_does_not_prove_it_is_served_nothing(void **state)
{
    struct preparation_head head;
    size_t n = request_for("do_nothing", &head);
    int fd = connect_to(server.address), fds[SERVED_FDS];
    struct iovec piece = {&head, n};

    (void)state;
    for (int i = 0; i < SERVED_FDS; i++)
        fds[i] = STDERR_FILENO;
    assert_int_equal(fds_send(fd, &piece, 1, fds, SERVED_FDS), 0);
    assert_true(is_closed(fd));
    close(fd);
    expect_service();
}

/* If it kept anybody waiting, the alarm would end the test. */
static void the_silent_keep_nobody_waiting(void **state)
{
    int silent[5];

    (void)state;
    for (int i = 0; i < 5; i++)
        silent[i] = connect_to(server.address);
    for (int i = 0; i < 5; i++)
        expect_service();
    for (int i = 0; i < 5; i++)
        close(silent[i]);
    expect_service();
}

/* 0, or the line at which another user got further than he may. */
static int come_as_another(void *unused)
{
    int fd;

    (void)unused;
    if (setgid(65534) || setuid(65534))
        return test_line(__LINE__);
    fd = connect_to(server.address);
    if (fd >= 0 && !is_closed(fd))
        return test_line(__LINE__);
    return fd >= 0 || fd == -EACCES ? 0 : test_line(__LINE__);
}

static void another_user_is_not_let_in(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: only root can be another user\n");
        skip();
    }
    test_expect_in_fork(come_as_another, NULL);
    expect_service();
}

/* ---- requests --------------------------------------------------------------
 */

static void a_target_that_it_does_not_know_is_enoent(void **state)
{
    struct preparation_head head;
    size_t n = request_for("nobody", &head);
    int fd = admitted();

    (void)state;
    assert_int_equal(ask(fd, &head, n, SERVED_FDS), -ENOENT);
    /* And the connection stands. */
    n = request_for("do_nothing", &head);
    assert_true(ask(fd, &head, n, SERVED_FDS) > 0);
    close(fd);
}

/* Each is answered by the end of the connection, and by nothing worse. */
static void nonsense_is_answered_by_the_end_of_the_connection(void **state)
{
    struct preparation_head head, wrong;
    size_t n = request_for("do_nothing", &head);

    (void)state;
    for (int i = 0; i < 8; i++) {
        int fd = admitted();
        size_t size = n, count = SERVED_FDS;

        wrong = head;
        switch (i) {
        case 0: /* cut off in the fixed part, and in the rest */
            size = 20;
            break;
        case 1:
            size = n - 1;
            break;
        case 2: /* another build's */
            wrong.fixed.size++;
            break;
        case 3: /* descriptors are missing */
            count = SERVED_FDS - 1;
            break;
        case 4: /* lengths that would lead elsewhere */
            wrong.fixed.target_size = UINT32_MAX;
            break;
        case 5:
            wrong.fixed.length = UINT64_MAX;
            break;
        case 6: /* a name without its end */
            wrong.more[wrong.fixed.target_size - 1] = 'x';
            break;
        default: /* numbers of descriptors, which have no place here */
            wrong.fixed.fd_count = 1;
        }
        assert_int_equal(ask(fd, &wrong, size, count), 0);
        close(fd);
    }
    expect_service();
}

/* A starter that waited long enough has closed its end of the status pipe: for
 * nobody nobody is forked. */
static void a_start_that_was_given_up_is_not_carried_out(void **state)
{
    struct preparation_head head;
    struct iovec piece = {&head, request_for("do_nothing", &head)};
    int fd = admitted(), status[2], fds[SERVED_FDS];
    int64_t reason = 0;

    (void)state;
    assert_int_equal(fd_pipe(status), 0);
    for (int i = 0; i < SERVED_FDS; i++)
        fds[i] = status[1];
    close(status[0]);
    assert_int_equal(fds_send(fd, &piece, 1, fds, SERVED_FDS), 0);
    close(status[1]);
    assert_int_equal(recv(fd, &reason, sizeof reason, 0), sizeof reason);
    assert_int_equal(reason, -ECANCELED);
    close(fd);
    expect_service();
}

/* The parcel's file is shorter than was said: the child ends, and nobody else.
 */
static void a_parcel_aside_that_is_not_there_ends_the_child_alone(void **state)
{
    struct preparation_head head;
    size_t n = request_for("do_nothing", &head);
    int fd = admitted();

    (void)state;
    head.fixed.aside = true;
    head.fixed.length = 1 << 20; /* of a pipe, which cannot be mapped */
    assert_true(ask(fd, &head, n, SERVED_FDS) > 0);
    close(fd);
    expect_service();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_has_not_the_key_is_sent_away, begin,
                                        end),
        cmocka_unit_test_setup_teardown(who_does_not_prove_it_is_served_nothing,
                                        begin, end),
        cmocka_unit_test_setup_teardown(the_silent_keep_nobody_waiting, begin,
                                        end),
        cmocka_unit_test_setup_teardown(another_user_is_not_let_in, begin, end),
        cmocka_unit_test_setup_teardown(
            a_target_that_it_does_not_know_is_enoent, begin, end),
        cmocka_unit_test_setup_teardown(
            nonsense_is_answered_by_the_end_of_the_connection, begin, end),
        cmocka_unit_test_setup_teardown(
            a_start_that_was_given_up_is_not_carried_out, begin, end),
        cmocka_unit_test_setup_teardown(
            a_parcel_aside_that_is_not_there_ends_the_child_alone, begin, end),
    };

    mechanisms_init(argc, argv);
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* of doorkeepers that wait on */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
