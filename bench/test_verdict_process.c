/* SPDX-License-Identifier: MIT */
/* test_verdict_process.c - who leaves zombies or a taken port, and who only
 * says so. */
#include "test_verdict.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>

enum { SEVERAL = 4 };

static int exits_and_claims_zombies(struct witness *w, int cure)
{
    (void)cure;
    witness_victim(w, getpid());
    witness_count(w, SEVERAL);
    return 0;
}

/* --- "zombies" --- */

/* Wait until the child has ended, and leave it as it is. */
static void leave_dead(pid_t child)
{
    siginfo_t info;

    waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
}

/* Of several children the first `dead` end, the others live on. */
static int leave(struct witness *w, int dead, int count)
{
    for (int k = 0; k < count; k++) {
        pid_t child = fork_to(k < dead ? do_nothing : pause_for_ever);

        if (k < dead)
            leave_dead(child);
    }
    witness_count(w, count);
    witness_victim(w, getpid());
    witness_show(w, 1);
    return 0;
}

static int its_children_live(struct witness *w, int cure)
{
    (void)cure;
    return leave(w, 0, SEVERAL);
}

static int one_of_them_lives(struct witness *w, int cure)
{
    (void)cure;
    return leave(w, SEVERAL - 1, SEVERAL);
}

static int there_is_only_one(struct witness *w, int cure)
{
    (void)cure;
    return leave(w, 1, 1);
}

static int they_are_reaped(struct witness *w, int cure)
{
    (void)cure;
    for (int k = 0; k < SEVERAL; k++)
        waitpid(fork_to(do_nothing), NULL, 0);
    witness_count(w, SEVERAL);
    witness_victim(w, getpid());
    witness_show(w, 1);
    return 0;
}

/* Its child has the zombies. */
static int they_are_anothers(struct witness *w, int cure)
{
    pid_t self = getpid(), child = fork();

    (void)cure;
    if (child == 0) {
        for (int k = 0; k < SEVERAL; k++)
            leave_dead(fork_to(do_nothing));
        witness_count(w, SEVERAL);
        witness_victim(w, self);
        witness_show(w, 1);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    return 0;
}

/* The victim is a zombie itself; nobody could ask it to reap. */
static int the_parent_has_ended(struct witness *w, int cure)
{
    pid_t child = fork_to(do_nothing);

    (void)cure;
    leave_dead(child);
    witness_count(w, SEVERAL);
    witness_victim(w, child);
    witness_show(w, 1);
    return 0;
}

static void impostors_of_zombies_are_not_proven(void **state)
{
    static const struct impostor impostors[] = {
        {its_children_live, "0 children of process"},
        {one_of_them_lives, "3 children of process"},
        {there_is_only_one, "1 children of process"},
        {they_are_reaped, "0 children of process"},
        {they_are_anothers, "0 children of process"},
        {the_parent_has_ended, "has ended"},
        {only_pauses, "its time was over"},
        {exits_and_claims_zombies, "it ended with exit status 0"},
        {NULL, NULL},
    };

    (void)state;
    all_refused(LEAKS, "zombies", impostors);
}

/* --- "listener outlives" --- */

/* A socket bound to a free port of 127.0.0.1, which w->port becomes. */
static int bound(struct witness *w, bool listens)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, size) < 0 ||
        (listens && listen(fd, 1) < 0) ||
        getsockname(fd, (struct sockaddr *)&at, &size) < 0)
        _exit(9);
    w->port = ntohs(at.sin_port);
    return fd;
}

/* How the story of a port is told. */
struct story {
    bool listens;
    bool server_lives;    /* at stage 2 */
    bool server_is_asked; /* for its end: it is no zombie */
    bool worker_closes;
    bool root_has_it; /* the socket was made before the server was forked */
    bool worker_is_not_it;
    bool other_socket; /* the worker makes one of its own, at another port */
};

/* The worker says when it is there, and stays. */
static _Noreturn void be_worker(struct witness *w, const struct story *s,
                                int fd, int news)
{
    pid_t self = getpid();

    if (s->worker_closes)
        close(fd);
    if (s->other_socket)
        bound(w, true);
    write_full(news, &self, sizeof self);
    pause_for_ever();
}

static _Noreturn void be_server(struct witness *w, const struct story *s,
                                int fd, int news)
{
    if (fd < 0)
        fd = bound(w, s->listens);
    witness_victim(w, getpid());
    witness_show(w, 1);
    if (fork() == 0)
        be_worker(w, s, fd, news);
    if (s->server_lives)
        pause_for_ever();
    _exit(0);
}

static int tell(struct witness *w, const struct story *s)
{
    int fd = s->root_has_it ? bound(w, s->listens) : -1;
    pid_t server, worker;
    int news[2];

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (fd_pipe(news) < 0)
        return -EMFILE;
    server = fork();
    if (server == 0)
        be_server(w, s, fd, news[1]);
    if (read_full(news[0], &worker, sizeof worker) != sizeof worker)
        return -EIO;
    if (s->server_is_asked)
        waitpid(server, NULL, 0);
    witness_holder(w, s->worker_is_not_it ? getpid() : worker);
    witness_show(w, 2);
    return 0;
}

static int its_server_lives(struct witness *w, int cure)
{
    (void)cure;
    return tell(w, &(struct story){.listens = true, .server_lives = true});
}

static int its_port_is_given_back(struct witness *w, int cure)
{
    (void)cure;
    return tell(w, &(struct story){.listens = true,
                                   .server_is_asked = true,
                                   .worker_closes = true});
}

static int it_never_listened(struct witness *w, int cure)
{
    (void)cure;
    return tell(w, &(struct story){.server_is_asked = true});
}

static int another_holds_it_from_the_start(struct witness *w, int cure)
{
    (void)cure;
    return tell(w, &(struct story){.listens = true,
                                   .server_is_asked = true,
                                   .root_has_it = true});
}

static int its_holder_is_another(struct witness *w, int cure)
{
    (void)cure;
    return tell(w, &(struct story){.listens = true,
                                   .server_is_asked = true,
                                   .worker_is_not_it = true});
}

static int its_worker_listens_elsewhere(struct witness *w, int cure)
{
    (void)cure;
    return tell(w, &(struct story){.listens = true,
                                   .server_is_asked = true,
                                   .worker_closes = true,
                                   .other_socket = true});
}

static void impostors_of_an_inherited_port_are_not_proven(void **state)
{
    static const struct impostor impostors[] = {
        {its_server_lives, "still lives"},
        {its_port_is_given_back, "nobody listens on port"},
        {it_never_listened, "nobody listens on port"},
        {another_holds_it_from_the_start, "holds socket"},
        {its_holder_is_another, "holds socket"},
        {its_worker_listens_elsewhere, "has another listener"},
        {only_pauses, "its time was over"},
        {exits_and_claims_zombies, "it ended with exit status 0"},
        {NULL, NULL},
    };

    (void)state;
    all_refused(LEAKS, "listener outlives", impostors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROMISE(impostors_of_zombies_are_not_proven),
        PROMISE(impostors_of_an_inherited_port_are_not_proven),
    };

    return RUN_PROMISES(tests);
}
