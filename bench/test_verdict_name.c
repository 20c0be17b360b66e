/* SPDX-License-Identifier: MIT */
/* test_verdict_name.c - who claims that a name in /dev/shm has outlived its
 * maker, and is wrong. */
#include "test_verdict.h"

#include <fcntl.h>
#include <sys/mman.h>

struct tale {
    bool before;   /* the name was there */
    bool other;    /* the maker has another file than it says */
    bool lives;    /* nobody kills it */
    bool used;     /* somebody else has it mapped */
    bool removed;  /* the name is, at once */
    bool replaced; /* and is another's */
    bool tidied;   /* it is removed when all has been seen */
    bool fails;    /* and the end is not as it should be */
};

static int made_it[2];

/* Make that name: the descriptor. */
static int make(const char *name)
{
    int fd = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600);

    if (fd < 0 || ftruncate(fd, 4096) < 0)
        _exit(9);
    return fd;
}

static _Noreturn void be_maker(const char *name, const struct tale *t)
{
    int fd = t->before ? shm_open(name, O_RDWR, 0600) : make(name);

    if (t->other)
        fd = made_it[0];
    write_full(made_it[1], &fd, sizeof fd);
    pause_for_ever();
}

/* What becomes of it, when the maker has been seen. */
static void change(const char *name, pid_t maker, const struct tale *t)
{
    siginfo_t ended;

    if (t->used && mmap(NULL, 4096, PROT_READ, MAP_SHARED,
                        shm_open(name, O_RDWR, 0600), 0) == MAP_FAILED)
        _exit(9);
    if (!t->lives) {
        kill(maker, SIGKILL);
        waitid(P_PID, (id_t)maker, &ended, WEXITED | WNOWAIT);
    }
    if (t->removed || t->replaced)
        shm_unlink(name);
    if (t->replaced)
        close(make(name));
}

static int tell(struct witness *w, const struct tale *t)
{
    char name[sizeof w->name];
    pid_t maker;
    int fd;

    if (fd_pipe(made_it) < 0)
        return -EMFILE;
    witness_segment(w, "test");
    memcpy(name, w->name, sizeof name);
    if (t->before)
        close(make(name));
    witness_show(w, 1);
    maker = fork();
    if (maker == 0)
        be_maker(name, t);
    witness_victim(w, maker);
    if (read_full(made_it[0], &fd, sizeof fd) != sizeof fd)
        return -EIO;
    witness_fd(w, name, fd);
    witness_show(w, 2);
    change(name, maker, t);
    witness_show(w, 3);
    if (t->tidied)
        shm_unlink(name);
    return t->fails ? -EIO : 0;
}

/* The maker lives until the second stage has been seen, and exits then. */
static int exits_by_itself(struct witness *w, int cure)
{
    char name[sizeof w->name];
    siginfo_t ended;
    pid_t maker;

    (void)cure;
    witness_segment(w, "test");
    memcpy(name, w->name, sizeof name);
    witness_show(w, 1);
    maker = fork();
    if (maker == 0) {
        witness_victim(w, getpid());
        witness_fd(w, name, make(name));
        witness_show(w, 2);
        _exit(0);
    }
    waitid(P_PID, (id_t)maker, &ended, WEXITED | WNOWAIT);
    witness_show(w, 3);
    return 0;
}

TALE(was_there_before, .before = true)
TALE(is_another_file, .other = true)
TALE(maker_lives, .lives = true)
TALE(somebody_has_it, .used = true)
TALE(is_removed_at_once, .removed = true)
TALE(is_replaced, .replaced = true)
TALE(is_removed_in_the_end, .tidied = true)
TALE(is_left, .lives = false)
TALE(is_left_and_fails, .fails = true)

static void impostors_of_a_leaked_name_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {was_there_before, "was there before"},
        {is_another_file, "is another file"},
        {maker_lives, "has not ended"},
        {exits_by_itself, "was not killed"},
        {somebody_has_it, "somebody has it still"},
        {is_removed_at_once, "No such file"},
        {is_replaced, "is another file now"},
        {is_removed_in_the_end, "was removed in the end"},
        {only_pauses, "its time was over"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(LEAKS, "name outlives", list);
}

static void a_leaked_name_is_proven_counted_and_removed(void **state)
{
    const struct hazard list[] = {
        {.expect = LEAKS, .evidence = "name outlives", .run = is_left},
        {.expect = LEAKS,
         .evidence = "name outlives",
         .run = is_left_and_fails},
    };

    (void)state;
    for (size_t k = 0; k < sizeof list / sizeof *list; k++) {
        struct observation o = observe(&list[k], 0, 10 * SECOND);

        assert_int_equal(o.verdict.ruling, PROVEN);
        assert_int_equal(o.ended.files, 1);
        assert_true(o.ended.segments >= 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            impostors_of_a_leaked_name_are_not_proven, patient, census_end),
        PROMISE(a_leaked_name_is_proven_counted_and_removed),
    };

    return RUN_PROMISES(tests);
}
