/* SPDX-License-Identifier: MIT */
/* test_verdict_manager.c - who claims that its server was killed, or that one
 * obeys anybody, and is wrong. */
#include "test_verdict_clients.h"

#include <stddef.h>
#include <sys/un.h>

/* --- "manager killed" --- */

struct tale {
    bool alone;    /* it is said to wait itself; */
    bool idle;     /* nobody waits for an answer; */
    bool lives;    /* the server is not killed, */
    int number;    /* or not by SIGKILL; */
    bool again;    /* another listens there; */
    bool succeeds; /* a call of it is answered after all */
};

static volatile int64_t answers[2], waited;

static void be_waiter(const struct tale *t)
{
    struct datum result = {0};

    if (t->idle)
        call_plain("__repr__");
    else
        waited = proxy_call(&object, &result, "get", "");
    say_done();
    pause_for_ever();
}

static int listen_at(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    unlink(name);
    snprintf(at.sun_path, sizeof at.sun_path, "%.100s", name);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 1) < 0)
        _exit(9);
    return fd;
}

static int tell(struct witness *w, const struct tale *t)
{
    pid_t child;

    if (prepare(w, "Queue"))
        return -EIO;
    call_plain("empty");
    child = fork();
    if (child == 0)
        be_waiter(t);
    witness_victim(w, getpid());
    witness_child(w, t->alone ? getpid() : child);
    witness_child_memory(w, &waited);
    witness_memory(w, "answers", answers);
    witness_show(w, 1);
    if (!t->lives)
        end_by(server.process.pid, t->number ? t->number : SIGKILL);
    if (t->again)
        listen_at(server.place.address);
    witness_show(w, 2);
    for (int k = 0; k < 2; k++)
        answers[k] = manager_dummy(&server);
    if (t->succeeds)
        answers[1] = 0;
    hear(1);
    witness_show(w, 3);
    return 0;
}

TALE(it_waits_for_itself, .alone = true)
TALE(nobody_waits, .idle = true)
TALE(its_server_lives, .lives = true)
TALE(its_server_was_asked_to_go, .number = SIGTERM)
TALE(its_server_ended_otherwise, .number = SIGUSR1)
TALE(another_listens, .again = true)
TALE(it_was_answered, .succeeds = true)
TALE(it_was_killed, .lives = false)

static void impostors_of_a_killed_manager_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {it_waits_for_itself, "waits for itself"},
        {nobody_waits, "not where it was said to be"},
        {its_server_lives, "is not seen to be dead"},
        {its_server_was_asked_to_go, "was not killed"},
        {its_server_ended_otherwise, "was not killed"},
        {another_listens, "somebody listens"},
        {it_was_answered, "has succeeded"},
        {only_pauses, "its time was over"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(LOSES, "manager killed", list);
}

/* --- "obeys a stranger" --- */

struct story {
    bool full;      /* its queue of who has connected is */
    bool named;     /* its name is in the file system; */
    bool no_socket; /* it listens nowhere, */
    bool no_listener;
    bool asks;    /* or asks for the key; */
    bool deaf;    /* or does not do it */
    bool forgets; /* what it does it does to another number */
};

static volatile int64_t limit, other;

static void obey(int fd, const struct story *s)
{
    char message[4 + sizeof limit];
    int64_t number;

    if (s->asks) {
        write_full(fd, "#CHALLENGE#", 11);
        return;
    }
    if (read_full(fd, message, sizeof message) != sizeof message || s->deaf)
        return;
    memcpy(&number, message + 4, sizeof number);
    *(s->forgets ? &other : &limit) = number;
}

/* As many as it lets wait connect; the next one waits. */
static void fill(const struct sockaddr_un *at, socklen_t size)
{
    while (connect(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0),
                   (const struct sockaddr *)at, size) == 0)
        ;
}

static void serve(int listener, const struct story *s)
{
    if (s->full)
        pause_for_ever();
    for (;;) {
        int fd = accept(listener, NULL, NULL);

        if (fd < 0)
            pause_for_ever();
        obey(fd, s);
        close(fd);
    }
}

static int open_listener(const struct story *s)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    socklen_t size = sizeof at.sun_family;
    const char *folder = getenv("TMPDIR");
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    if (s->named)
        size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
                           (size_t)snprintf(at.sun_path, sizeof at.sun_path,
                                            "%s/control", folder));
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, size) < 0 ||
        (!s->no_listener && listen(fd, 4) < 0))
        _exit(9);
    size = sizeof at;
    if (s->full && getsockname(fd, (struct sockaddr *)&at, &size) == 0)
        fill(&at, size);
    return fd;
}

static int tell_story(struct witness *w, const struct story *s)
{
    int listener = open_listener(s);
    pid_t child = fork();

    if (child == 0)
        serve(listener, s);
    witness_victim(w, child);
    witness_memory(w, "limit", &limit);
    w->fd = s->no_socket ? 0 : listener;
    witness_show(w, 1);
    return 0;
}

#define STORY(name, ...)                                                       \
    static int name(struct witness *w, int cure)                               \
    {                                                                          \
        (void)cure;                                                            \
        return tell_story(w, &(struct story){__VA_ARGS__});                    \
    }

STORY(it_has_no_socket, .no_socket = true)
STORY(it_does_not_listen, .no_listener = true)
STORY(it_asks_for_the_key, .asks = true)
STORY(it_is_deaf, .deaf = true)
STORY(it_takes_no_more, .full = true)
STORY(it_does_something_else, .forgets = true)
STORY(it_obeys_at_an_abstract_name, .named = false)
STORY(it_obeys_at_a_name, .named = true)

static void impostors_of_an_open_server_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {it_has_no_socket, "is no socket"},
        {it_does_not_listen, "nobody listens at descriptor"},
        {it_asks_for_the_key, "it wants to hear the key first"},
        {it_is_deaf, "it has not obeyed us"},
        {it_takes_no_more, "cannot give it an order: Resource temp"},
        {it_does_something_else, "it has not obeyed us"},
        {only_pauses, "its time was over"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(CORRUPTS, "obeys a stranger", list);
}

static void what_is_so_is_proven(void **state)
{
    const struct hazard list[] = {
        {.expect = LOSES, .evidence = "manager killed", .run = it_was_killed},
        {.expect = CORRUPTS,
         .evidence = "obeys a stranger",
         .run = it_obeys_at_an_abstract_name},
        {.expect = CORRUPTS,
         .evidence = "obeys a stranger",
         .run = it_obeys_at_a_name},
    };

    (void)state;
    all_proven(list, sizeof list / sizeof *list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            impostors_of_a_killed_manager_are_not_proven, patient, census_end),
        cmocka_unit_test_setup_teardown(
            impostors_of_an_open_server_are_not_proven, patient, census_end),
        cmocka_unit_test_setup_teardown(what_is_so_is_proven, patient,
                                        census_end),
    };

    return RUN_PROMISES(tests);
}
