/* SPDX-License-Identifier: MIT */
/* test_verdict_visit.c - who claims that a visitor's tracker took a name away,
 * and is wrong. */
#include "test_verdict.h"

#include "common/hooks.h"
#include "common/tracker.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>

struct tale {
    const char *registers; /* the visitor: this name; NULL: the segment's */
    bool silent;           /* it has a tracker, and tells it nothing */
    bool forks;            /* it has none, but a child */
    bool owners;           /* the owner's tracker is said to be the child */
    bool stays_away;       /* it does not attach */
    bool removes;          /* the name itself, before it ends */
    bool stays;            /* it does not end */
    void (*helper)(void);  /* somebody else, who waits for the tracker's end */
    bool other;            /* the owner has another file */
    bool unshown;
};

static char segment[32], tracked[33]; /* "name", and "/name" */
static int full[2], begin[2], told[2];

static int make(void)
{
    int fd = shm_open(segment, O_CREAT | O_EXCL | O_RDWR, 0600);

    return fd < 0 || ftruncate(fd, 4096) < 0 ? -EIO : fd;
}

static int fill_pipe(void)
{
    static const char page[4096];

    fcntl(full[1], F_SETPIPE_SZ, (int)sizeof page);
    fcntl(full[1], F_SETFL, O_NONBLOCK);
    while (write(full[1], page, sizeof page) > 0)
        ;
    return fcntl(full[1], F_SETFL, 0);
}

/* --- a visitor --- */

static pid_t start_tracker(const struct tale *t)
{
    if (t->forks)
        return fork_to(wait_for_ever);
    if (t->silent)
        tracker_ensure_running();
    else
        tracker_register("shared_memory",
                         t->registers ? t->registers : tracked);
    return tracker_pid();
}

static _Noreturn void visit(struct witness *w, const struct tale *t)
{
    char byte;
    pid_t tracker;

    dup2(full[1], STDERR_FILENO);
    if (read_some(begin[0], &byte, 1) != 1)
        _exit(1);
    if (!t->stays_away && shm_open(segment, O_RDWR, 0600) < 0)
        _exit(1);
    tracker = start_tracker(t);
    if (!t->owners)
        witness_child(w, tracker);
    if (!t->unshown)
        witness_show(w, 1);
    if (t->removes)
        shm_unlink(segment);
    write_full(told[1], &tracker, sizeof tracker);
    if (t->stays)
        pause_for_ever();
    _exit(0);
}

/* --- somebody else --- */

/* When the visitor's tracker has ended. */
static void remove_after_it(void)
{
    struct pollfd ended = {.events = POLLIN};
    pid_t tracker;

    if (read_full(told[0], &tracker, sizeof tracker) != sizeof tracker)
        _exit(1);
    ended.fd = (int)syscall(SYS_pidfd_open, tracker, 0);
    poll(&ended, 1, -1);
    shm_unlink(segment);
    pause_for_ever();
}

static void come_later(void)
{
    struct pollfd ended = {.events = POLLIN};
    pid_t tracker;

    if (read_full(told[0], &tracker, sizeof tracker) != sizeof tracker)
        _exit(1);
    ended.fd = (int)syscall(SYS_pidfd_open, tracker, 0);
    poll(&ended, 1, -1);
    fork_to(wait_for_ever);
    pause_for_ever();
}

/* --- the owner --- */

static int prepare(struct witness *w)
{
    int error = fd_pipe(full);

    witness_segment(w, "test");
    snprintf(segment, sizeof segment, "%s", w->name);
    snprintf(tracked, sizeof tracked, "/%s", segment);
    if (!error)
        error = fd_pipe(begin);
    if (!error)
        error = fd_pipe(told);
    return error ? error : fill_pipe();
}

static int tell(struct witness *w, const struct tale *t)
{
    int error = prepare(w), fd;
    siginfo_t ended;
    pid_t visitor;

    if (error)
        return error;
    visitor = fork();
    if (visitor == 0)
        visit(w, t);
    if (t->helper)
        fork_to(t->helper);
    fd = make();
    if (fd < 0)
        return fd;
    if (t->owners) {
        tracker_ensure_running();
        witness_child(w, tracker_pid());
    }
    witness_victim(w, getpid());
    witness_holder(w, visitor);
    witness_fd(w, segment, t->other ? begin[0] : fd);
    write_full(begin[1], "", 1);
    if (!t->stays)
        waitid(P_PID, (id_t)visitor, &ended, WEXITED | WNOWAIT);
    else
        read_full(told[0], &visitor, sizeof visitor);
    witness_show(w, 2);
    return 0;
}

TALE(it_tells_nothing, .silent = true)
TALE(it_tells_of_another, .registers = "/ipclab-no-such-name")
TALE(its_child_is_a_fork, .forks = true)
TALE(it_has_the_owners_tracker, .owners = true)
TALE(it_does_not_attach, .stays_away = true)
TALE(it_removes_it_itself, .removes = true)
TALE(it_does_not_end, .stays = true)
TALE(somebody_else_removes_it, .registers = "/ipclab-no-such-name",
     .helper = remove_after_it)
TALE(somebody_else_comes, .helper = come_later)
TALE(the_owner_has_another, .other = true)
TALE(nobody_looked_before, .unshown = true)
TALE(it_is_taken_away, .silent = false)

static void impostors_of_a_name_taken_away_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {it_tells_nothing, "had nothing to do"},
        {it_tells_of_another, "is still there"},
        {its_child_is_a_fork, "is a fork, and no image of its own"},
        {it_has_the_owners_tracker, "is no child of process"},
        {it_does_not_attach, "has not attached"},
        {it_removes_it_itself, "No such file"},
        {it_does_not_end, "has not ended"},
        {somebody_else_removes_it, "has run meanwhile"},
        {somebody_else_comes, "has run meanwhile"},
        {the_owner_has_another, "is another file"},
        {nobody_looked_before, "stage 2 came after stage 0"},
        {only_pauses, "its time was over"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(LOSES, "name taken away", list);
}

static void a_name_taken_away_is_proven(void **state)
{
    const struct hazard taken = {.expect = LOSES,
                                 .evidence = "name taken away",
                                 .run = it_is_taken_away};

    (void)state;
    all_proven(&taken, 1);
}

/* The trackers are images of this program. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            impostors_of_a_name_taken_away_are_not_proven, patient, census_end),
        PROMISE(a_name_taken_away_is_proven),
    };

    mechanisms_init(argc, argv);
    return RUN_PROMISES(tests);
}
