/* SPDX-License-Identifier: MIT */
/* check.c - lesson 04: what zygote.h promises. */
// wrap: write send sendmsg
#include "stage.h"

enum { BURST = 16 };

static const char in_order[] = "which replies a request has, and in what order";

// points: 10  a job runs in a child of the zygote, and its exit code comes back
static void a_job_runs_and_its_exit_code_comes_back(void **state)
{
    static const struct {
        const char *job;
        int code;
    } asked[] = {{"zero", 0}, {"seven", 7}, {"kill itself", -SIGKILL}};
    struct found found;
    int ends[2], pid;

    (void)state;
    for (uint32_t id = 0; id < 3; id++) {
        ask(id, asked[id].job, NULL);
        get(id, ZYGOTE_STARTED, in_order);
        expect(get(id, ZYGOTE_ENDED, in_order) == asked[id].code,
               "what siginfo_t says of an exit, and of a signal");
    }
    assert_int_equal(fd_pipe(ends), 0);
    ask(3, "look", &ends[1]);
    pid = get(3, ZYGOTE_STARTED, in_order);
    expect(read_full(ends[0], &found, sizeof found) == sizeof found,
           "the descriptor that came, and its number in the child");
    expect(found.pid == pid && found.parent == notes->zygote,
           "who forks, and whose pid the client is told");
    expect(get(3, ZYGOTE_ENDED, in_order) == 0, "the exit code of a job");
}

// points: 10  jobs run at the same time, and ends are told as they come
static void ends_are_told_as_they_come(void **state)
{
    int gate[4][2];

    (void)state;
    print_message("(the first to start is the last to end)\n");
    for (uint32_t id = 0; id < 4; id++) {
        assert_int_equal(fd_pipe(gate[id]), 0);
        ask(id, "wait for a byte", &gate[id][0]);
        get(id, ZYGOTE_STARTED, in_order);
    }
    ask(4, "seven", NULL);
    get(4, ZYGOTE_STARTED, in_order);
    get(4, ZYGOTE_ENDED, "a zygote that waits for one child alone");
    for (uint32_t id = 4; id-- > 0;) {
        close(gate[id][1]); /* the job's read ends */
        get(id, ZYGOTE_ENDED,
            "whose the other ends of the pipes are, and which child ended");
    }
}

/* After whatever came before, the next request is served. */
static void expect_service(void)
{
    ask(50, "seven", NULL);
    get(50, ZYGOTE_STARTED, "the request after one that was refused");
    get(50, ZYGOTE_ENDED, "the request after one that was refused");
}

/* No request, with this descriptor: refused, and not kept. */
static void send_bad(const void *bytes, size_t n, int copies)
{
    int ends[2], fds[2];
    char byte;

    assert_int_equal(fd_pipe(ends), 0);
    fds[0] = fds[1] = ends[1];
    send_bytes(bytes, n, fds, (size_t)copies);
    fd_close(&ends[1]);
    expect(get(0, ZYGOTE_REFUSED, "what a message must be to be a request") < 0,
           "the value of a refusal");
    expect(read_some(ends[0], &byte, 1) == 0,
           "the descriptors of a message that is refused");
    close(ends[0]);
    expect_service();
}

// points: 10  a bad request is refused, and the next is served
static void a_bad_request_is_refused(void **state)
{
    struct zygote_request r = {.id = 7, .job = "seven"};
    char larger[200] = {0};
    struct rlimit old, few;
    int ends[2];

    (void)state;
    memcpy(larger, &r, sizeof r);
    send_bad(&r, 1, 1);
    send_bad(&r, sizeof r - 1, 1);
    send_bad(larger, sizeof r + 1, 1);
    send_bad(larger, sizeof larger, 1);
    send_bad(&r, sizeof r, 2);
    memset(r.job, 's', sizeof r.job);
    send_bad(&r, sizeof r, 1);
    assert_int_equal(fd_pipe(ends), 0);
    ask(8, "no such job", &ends[1]);
    expect(get(8, ZYGOTE_REFUSED, "a job that is not there") == -ENOENT,
           "the errno of a name that nobody has");
    expect(read_some(ends[0], larger, 1) == 0,
           "the descriptor of a job that is not there");
    expect_service();
    print_message("(the zygote has no room for a descriptor)\n");
    prlimit(notes->zygote, RLIMIT_NOFILE, NULL, &old);
    few = old;
    few.rlim_cur = 3;
    prlimit(notes->zygote, RLIMIT_NOFILE, &few, NULL);
    ask(9, "wait for a byte", &ends[0]);
    get(0, ZYGOTE_REFUSED, "a descriptor that was sent and did not arrive");
    prlimit(notes->zygote, RLIMIT_NOFILE, &old, NULL);
    expect_service();
}

// points: 10  what came with a request is the job's alone
static void a_descriptor_is_the_jobs_alone(void **state)
{
    int kept[2], gate[2], sibling[2];
    struct found found;

    (void)state;
    assert_int_equal(fd_pipe(kept), 0);
    assert_int_equal(fd_pipe(gate), 0);
    assert_int_equal(fd_pipe(sibling), 0);
    ask(0, "look", &kept[1]);
    get(0, ZYGOTE_STARTED, in_order);
    get(0, ZYGOTE_ENDED, in_order);
    ask(1, "wait for a byte", &gate[0]);
    get(1, ZYGOTE_STARTED, in_order);
    print_message("(the writer has ended; does the reader see the end?)\n");
    expect(read_full(kept[0], &found, sizeof found) == sizeof found &&
               read_some(kept[0], &found, 1) == 0,
           "who else has a copy of the descriptor");
    ask(2, "look", &sibling[1]);
    get(2, ZYGOTE_STARTED, in_order);
    get(2, ZYGOTE_ENDED, in_order);
    expect(read_full(sibling[0], &found, sizeof found) == sizeof found,
           "the descriptor of a job");
    expect(found.descriptors == notes->descriptors,
           "what a child has that is another child's, or the zygote's alone");
    close(gate[1]);
    get(1, ZYGOTE_ENDED, in_order);
}

// points: 10  a child is as its zygote's caller was, and holds not the client
static void a_child_is_clean(void **state)
{
    int ends[2], gate[2];
    struct found found;
    char byte;

    (void)state;
    assert_int_equal(fd_pipe(ends), 0);
    assert_int_equal(fd_pipe(gate), 0);
    ask(0, "look", &ends[1]);
    get(0, ZYGOTE_STARTED, in_order);
    expect(read_full(ends[0], &found, sizeof found) == sizeof found,
           "the descriptor of a job");
    get(0, ZYGOTE_ENDED, in_order);
    expect(!found.blocked && !found.ignored,
           "what a child inherits of the zygote's signals");
    ask(1, "wait for a byte", &gate[0]);
    get(1, ZYGOTE_STARTED, in_order);
    print_message("(the zygote is killed, and its child lives)\n");
    kill(zygote, SIGKILL);
    zygote_status();
    expect(recv(client, &byte, 1, 0) <= 0, "who has the zygote's socket");
    close(gate[1]);
}

// points: 10  an end is told before the child is reaped
static void an_end_is_told_before_the_child_is_reaped(void **state)
{
    (void)state;
    for (uint32_t id = 0; id < 20; id++) {
        ask(id, id % 2 ? "seven" : "zero", NULL);
        get(id, ZYGOTE_STARTED, in_order);
        get(id, ZYGOTE_ENDED, in_order);
    }
    assert_true(notes->told);
    expect(!notes->reaped_before,
           "whose a pid is after waitpid, and a client that still uses it");
}

/* Until a pid is nobody's any more, or for two seconds. */
static bool goes_away(pid_t pid)
{
    const struct timespec moment = {0, 1000000};

    for (int looks = 0; looks < 2000 && kill(pid, 0) == 0; looks++)
        nanosleep(&moment, NULL);
    return kill(pid, 0) < 0;
}

/* Many requests before a reply is read, every second one for nothing. */
static void ask_in_a_burst(uint32_t id)
{
    for (uint32_t i = 0; i < BURST; i++) {
        ask(id + i, "zero", NULL);
        ask(id + i, "no such job", NULL);
    }
    for (int replies = 0; replies < 3 * BURST; replies++) {
        struct zygote_reply r;

        if (recv(client, &r, sizeof r, 0) <= 0)
            get(0, 0, in_order);
    }
}

// points: 10  no zombie and no descriptor is left, and it ends with its client
static void nothing_is_left(void **state)
{
    int last[2], status;
    char byte = 0;

    (void)state;
    for (uint32_t id = 0; id < KEPT; id += BURST)
        ask_in_a_burst(id);
    for (int id = 0; id < KEPT; id++)
        expect(notes->pids[id] && goes_away(notes->pids[id]),
               "how many deaths one SIGCHLD stands for");
    assert_int_equal(fd_socket_pair(last), 0);
    ask(1, "echo", &last[1]);
    get(1, ZYGOTE_STARTED, in_order);
    print_message("(the client closes, while a job still runs)\n");
    fd_close(&client);
    status = zygote_status();
    expect(status == 0 || status == NOT_AS_BEFORE,
           "what a zygote does at the end of its client");
    expect(status == 0, "what zygote_serve leaves behind in its caller");
    expect(write_full(last[0], "x", 1) == 0 &&
               read_some(last[0], &byte, 1) == 1 && byte == 'x',
           "a job whose client has gone");
    close(last[0]);
}

static int end_zygote(void **state)
{
    fd_close(&client);
    if (zygote)
        kill(zygote, SIGKILL);
    return check_end(state);
}

#define CHECK_ZYGOTE(test)                                                     \
    cmocka_unit_test_setup_teardown(test, begin_zygote, end_zygote)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_ZYGOTE(a_job_runs_and_its_exit_code_comes_back),
        CHECK_ZYGOTE(ends_are_told_as_they_come),
        CHECK_ZYGOTE(a_bad_request_is_refused),
        CHECK_ZYGOTE(a_descriptor_is_the_jobs_alone),
        CHECK_ZYGOTE(a_child_is_clean),
        CHECK_ZYGOTE(an_end_is_told_before_the_child_is_reaped),
        CHECK_ZYGOTE(nothing_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
