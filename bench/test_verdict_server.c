/* SPDX-License-Identifier: MIT */
/* test_verdict_server.c - whose fork server was killed or has threads, and
 * whose has not. */
#include "test_verdict.h"

#include "common/hooks.h"
#include "start/forkserver.h"
#include "start/start.h"

#include <pthread.h>
#include <signal.h>

/* --- "server killed" --- */

enum { RESULT = 7 };

static int go[2], said[2];

static volatile int64_t done, told;

/* How the story of a server and its child is told. */
struct tale {
    enum start_method method;
    bool works_not;      /* the child does nothing ... */
    bool ends_early;     /* or ends with the server */
    bool server_lives;   /* or is the server not killed, ... */
    bool server_is_told; /* but ends by another signal? */
    bool is_told;        /* how it ended, after all */
    bool blames_another; /* is its server another process? */
    bool keeps_writing;  /* has somebody the write end of the status? */
};

/* The child: shows what it is, and when it is told to go on what it has done.
 */
static int tell_of_itself(struct parcel *arguments)
{
    struct witness *w = witness_unpack(arguments);
    struct tale t;
    char byte;

    if (!w || parcel_take(arguments, &t, sizeof t) < 0 ||
        parcel_take_fd(arguments, &go[0]) < 0 ||
        parcel_take_fd(arguments, &said[1]) < 0)
        return -EIO;
    witness_child(w, getpid());
    witness_child_memory(w, &done);
    witness_holder(w, t.blames_another ? getpid() : getppid());
    witness_show(w, 1);
    write_full(said[1], "", 1);
    if (t.ends_early)
        return 0;
    read_some(go[0], &byte, 1);
    done = t.works_not ? 0 : RESULT;
    witness_show(w, 2);
    return RESULT;
}
TARGET(tell_of_itself)

static int start_child(struct witness *w, const struct tale *t,
                       struct process *p)
{
    struct parcel arguments;
    char byte;
    int error;

    parcel_init(&arguments);
    process_init(p, "tell_of_itself", &arguments);
    p->method = t->method;
    error = witness_pack(w, &arguments);
    if (!error)
        error = parcel_put(&arguments, t, sizeof *t);
    if (!error)
        error = parcel_put_fd(&arguments, go[0]);
    if (!error)
        error = parcel_put_fd(&arguments, said[1]);
    if (!error)
        error = process_start(p);
    if (!error && read_some(said[0], &byte, 1) != 1)
        error = -EIO;
    return error;
}

/* Let the server end, so that its zombie stays. */
static void end_server(const struct tale *t)
{
    siginfo_t ended;

    if (t->server_lives)
        return;
    kill(forkserver_pid(), t->server_is_told ? SIGTERM : SIGKILL);
    waitid(P_PID, (id_t)forkserver_pid(), &ended, WEXITED | WNOWAIT);
}

static int tell(struct witness *w, const struct tale *t)
{
    struct process p;
    int own[2];

    if (fd_pipe(go) < 0 || fd_pipe(said) < 0 || fd_pipe(own) < 0)
        return -EMFILE;
    witness_victim(w, getpid());
    if (start_child(w, t, &p))
        return -EIO;
    witness_fd(w, "status", t->keeps_writing ? own[0] : process_sentinel(&p));
    end_server(t);
    if (t->ends_early)
        witness_show(w, 2);
    write_full(go[1], "", 1);
    /* With the child the pipe ends by which it was to speak. */
    fd_close(&said[1]);
    read_some(said[0], &(char){0}, 1);
    told = t->is_told ? RESULT : 255;
    witness_memory(w, "exit code", &told);
    witness_show(w, 3);
    return 0;
}

TALE(its_child_ends_too, .method = START_FORKSERVER, .ends_early = true)
TALE(its_child_does_nothing, .method = START_FORKSERVER, .works_not = true)
TALE(its_server_lives, .method = START_FORKSERVER, .server_lives = true)
TALE(its_server_is_asked_to_go, .method = START_FORKSERVER,
     .server_is_told = true)
TALE(its_starter_knows, .method = START_FORKSERVER, .is_told = true)
TALE(its_server_is_another, .method = START_FORKSERVER, .blames_another = true)
TALE(its_status_may_yet_come, .method = START_FORKSERVER, .keeps_writing = true)
TALE(its_server_is_its_starter, .method = START_SPAWN, .server_lives = true)

static int said_of_forks[2];

/* A fork that forks is no fork server: it is a copy of its starter. */
static void fork_one(void)
{
    pid_t child = fork_to(pause_for_ever);

    write_full(said_of_forks[1], &child, sizeof child);
    pause_for_ever();
}

static int its_server_is_a_fork(struct witness *w, int cure)
{
    pid_t child;

    (void)cure;
    if (fd_pipe(said_of_forks) < 0)
        return -EMFILE;
    witness_victim(w, getpid());
    witness_holder(w, fork_to(fork_one));
    read_full(said_of_forks[0], &child, sizeof child);
    witness_child(w, child);
    witness_child_memory(w, &done);
    witness_show(w, 1);
    return 0;
}

static void impostors_of_a_killed_server_are_not_proven(void **state)
{
    static const struct impostor impostors[] = {
        {its_child_ends_too, "has ended too"},
        {its_child_does_nothing, "has done nothing"},
        {its_server_lives, "is not seen to be dead"},
        {its_server_is_asked_to_go, "was not killed"},
        {its_starter_knows, "it is told 7 after all"},
        {its_server_is_another, "is no child of process"},
        {its_status_may_yet_come, "somebody can still write"},
        {its_server_is_its_starter, "is no child of process"},
        {its_server_is_a_fork, "is a fork, and no image of its own"},
        {only_pauses, "its time was over"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL},
    };

    (void)state;
    all_refused(LOSES, "server killed", impostors);
}

/* --- "futex of a server" --- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* The server has it, in the one thread that forks. */
static void lock_it(void)
{
    pthread_mutex_lock(&mutex);
}
PRELOAD(lock_it)

static void *lock_and_stay(void *unused)
{
    pthread_mutex_lock(&mutex);
    write_full(said[1], "", 1);
    pause_for_ever();
    return unused;
}

static void let_a_thread_lock_it(void)
{
    pthread_t thread;
    char byte;

    if (fd_pipe(said) == 0 &&
        pthread_create(&thread, NULL, lock_and_stay, NULL) == 0)
        read_some(said[0], &byte, 1);
}
PRELOAD(let_a_thread_lock_it)

/* Say that it is stuck at the lock, and be stuck there, or not. */
static int claim_it(struct parcel *arguments, bool renew, bool lock)
{
    struct witness *w = witness_unpack(arguments);

    if (!w)
        return -EIO;
    if (renew)
        pthread_mutex_init(&mutex, NULL);
    witness_mutex(w, "log", &mutex);
    witness_victim(w, getpid());
    witness_holder(w, getppid());
    witness_ready(w);
    if (lock)
        pthread_mutex_lock(&mutex);
    else
        pause_for_ever();
    return 0;
}

static int locks_it(struct parcel *arguments)
{
    return claim_it(arguments, false, true);
}
TARGET(locks_it)

static int locks_a_new_one(struct parcel *arguments)
{
    return claim_it(arguments, true, true);
}
TARGET(locks_a_new_one)

static int never_locks_it(struct parcel *arguments)
{
    return claim_it(arguments, false, false);
}
TARGET(never_locks_it)

static int run_child(struct witness *w, const char *preload, const char *target,
                     enum start_method method)
{
    const char *names[] = {preload, NULL};
    struct parcel arguments;
    struct process p;
    int error = forkserver_set_preload(names);

    parcel_init(&arguments);
    process_init(&p, target, &arguments);
    p.method = method;
    if (!error)
        error = witness_pack(w, &arguments);
    if (!error)
        error = process_start(&p);
    return error ? error : process_join(&p, NO_TIMEOUT);
}

static int its_server_has_one_thread(struct witness *w, int cure)
{
    (void)cure;
    return run_child(w, "lock_it", "locks_it", START_FORKSERVER);
}

static int it_never_locks(struct witness *w, int cure)
{
    (void)cure;
    return run_child(w, "let_a_thread_lock_it", "never_locks_it",
                     START_FORKSERVER);
}

static int its_lock_is_new(struct witness *w, int cure)
{
    (void)cure;
    return run_child(w, "let_a_thread_lock_it", "locks_a_new_one",
                     START_FORKSERVER);
}

/* The same wait, of a fork of its starter. */
static int it_is_no_servers_child(struct witness *w, int cure)
{
    (void)cure;
    let_a_thread_lock_it();
    return run_child(w, NULL, "locks_it", START_FORK);
}

static void impostors_of_a_servers_lock_are_not_proven(void **state)
{
    static const struct impostor impostors[] = {
        {its_server_has_one_thread, "has 1 thread, and forks"},
        {it_never_locks, "not where it was said to be"},
        {its_lock_is_new, "it ended with exit status 0"},
        {it_is_no_servers_child, "is a fork, and no image of its own"},
        {only_pauses, "not where it was said to be"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL},
    };

    (void)state;
    all_refused(HANGS, "futex of a server", impostors);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            impostors_of_a_killed_server_are_not_proven, patient, census_end),
        cmocka_unit_test_setup_teardown(
            impostors_of_a_servers_lock_are_not_proven, patient, census_end),
    };

    mechanisms_init(argc, argv);
    return RUN_PROMISES(tests);
}
