/* SPDX-License-Identifier: MIT */
/* test_waits_server.c - a client that waits for an answer: of whom? */
#include "test_waits.h"

static const struct sockaddr any = {.sa_family = AF_UNIX};

static int connect_to(int listener)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    getsockname(listener, (struct sockaddr *)&address, &size);
    return connect(fd, (struct sockaddr *)&address, size) == 0 ? fd : -1;
}

/* A server and a client at a name, each of which waits for the other. */
static void be_server(void)
{
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), fd;
    char byte;

    (void)!bind(listener, &any, sizeof(sa_family_t));
    listen(listener, 1);
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        fd = connect_to(listener);
        close(listener);
        (void)!recv(fd, &byte, 1, 0);
        _exit(1);
    }
    fd = accept(listener, NULL, NULL);
    close(listener);
    (void)!read(fd, &byte, 1);
}

static void a_client_waits_for_its_server(void **state)
{
    char text[80];
    const struct waiter *client = NULL, *server = NULL;

    (void)state;
    begin_stage(be_server);
    shows(WAIT_DATA, "waits for data in socket", 2);
    for (size_t i = 0; i < graph.waiters; i++)
        if (graph.waiter[i].task.process == stage)
            server = &graph.waiter[i];
        else
            client = &graph.waiter[i];
    if (!client || !server) {
        fail_msg("there is no client, or no server");
        return;
    }
    snprintf(text, sizeof text, "it waits for process %d, the server at @",
             stage);
    assert_non_null(strstr(client->want[0].note, text));
    assert_null(strstr(server->want[0].note, "it waits for"));
    end_stage();
}

static void read_one_end(void)
{
    char byte;

    (void)!socketpair(AF_UNIX, SOCK_STREAM, 0, one);
    (void)!read(one[0], &byte, 1);
}

static void a_pair_without_a_name_has_no_server(void **state)
{
    const struct waiter *w;

    (void)state;
    begin_stage(read_one_end);
    w = shows(WAIT_DATA, "waits for data in socket", 1);
    assert_null(strstr(w->want[0].note, "server"));
    end_stage();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_client_waits_for_its_server),
        TEST(a_pair_without_a_name_has_no_server),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
