/* SPDX-License-Identifier: MIT */
/* test_verdict_image.c - who claims that images of its program came without
 * end, or without its values, and is no such thing. */
#include "test_verdict.h"

#include "common/hooks.h"
#include "start/start.h"

/* --- "generations" --- */

/* What the images of this program are called, and each has as its stderr a pipe
 * by which it says that it is there. */
static const char stays[] = "stays", starts_two[] = "starts two";

static pid_t run_image(const char *path, const char *role, int news)
{
    pid_t child = fork();

    if (child == 0) {
        dup2(news, STDERR_FILENO);
        execl(path, role, "1000", NULL);
        _exit(127);
    }
    return child;
}

/* Be what the program is called; return where it is none of these. */
static void play(const char *role)
{
    if (strcmp(role, stays) != 0 && strcmp(role, starts_two) != 0)
        return;
    for (int k = 0; k < 2 && strcmp(role, starts_two) == 0; k++)
        run_image("/proc/self/exe", stays, STDERR_FILENO);
    write_full(STDERR_FILENO, "", 1);
    pause_for_ever();
}

/* Show ourselves as one that wanted two, when so many have come. */
static int show_images(struct witness *w, const int *news, size_t count)
{
    char said[8];

    if (read_full(news[0], said, count) != (ssize_t)count)
        return -EIO;
    witness_victim(w, getpid());
    witness_count(w, 2);
    witness_show(w, 1);
    return 0;
}

static int run_images(struct witness *w, const char *one, const char *other,
                      size_t count)
{
    int news[2];

    if (fd_pipe(news) < 0)
        return -EMFILE;
    run_image("/proc/self/exe", one, news[1]);
    if (other)
        run_image("/proc/self/exe", other, news[1]);
    return show_images(w, news, count);
}

static int its_two_children_have_none(struct witness *w, int cure)
{
    (void)cure;
    return run_images(w, stays, stays, 2);
}

static int it_has_one(struct witness *w, int cure)
{
    (void)cure;
    return run_images(w, starts_two, NULL, 3);
}

static int one_of_them_has_children(struct witness *w, int cure)
{
    (void)cure;
    return run_images(w, starts_two, stays, 4);
}

static int it_has_none(struct witness *w, int cure)
{
    (void)cure;
    witness_victim(w, getpid());
    witness_count(w, 2);
    witness_show(w, 1);
    return 0;
}

static int nobody_was_wanted(struct witness *w, int cure)
{
    (void)cure;
    witness_victim(w, getpid());
    witness_show(w, 1);
    return 0;
}

static int news_of_forks[2];

static void fork_two(void)
{
    fork_to(pause_for_ever);
    fork_to(pause_for_ever);
    write_full(news_of_forks[1], "", 1);
    pause_for_ever();
}

static int they_are_forks(struct witness *w, int cure)
{
    (void)cure;
    if (fd_pipe(news_of_forks) < 0)
        return -EMFILE;
    fork_to(fork_two);
    fork_to(fork_two);
    return show_images(w, news_of_forks, 2);
}

/* A descriptor that the exec closes says when it has been. */
static int they_run_another_program(struct witness *w, int cure)
{
    int news[2];
    char byte;

    (void)cure;
    if (fd_pipe(news) < 0)
        return -EMFILE;
    run_image("/bin/sleep", "sleep", STDERR_FILENO);
    run_image("/bin/sleep", "sleep", STDERR_FILENO);
    fd_close(&news[1]);
    read_some(news[0], &byte, 1);
    return show_images(w, news, 0);
}

static void impostors_of_a_storm_are_not_proven(void **state)
{
    static const struct impostor impostors[] = {
        {its_two_children_have_none, "has 2 children, and no more came"},
        {it_has_one, "has 1 children, not 2"},
        {one_of_them_has_children, "only some of them have children"},
        {it_has_none, "has 0 children, and no more came"},
        {nobody_was_wanted, "nobody was wanted"},
        {they_are_forks, "is a fork, and no image of its own"},
        {they_run_another_program, "runs another program"},
        {only_pauses, "its time was over"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL},
    };

    (void)state;
    all_refused(COSTS, "generations", impostors);
}

/* --- "first value" --- */

static volatile int64_t scale = 1, other = 1;

/* Show that there is something of ours, and stay. */
static int show(struct parcel *arguments, volatile int64_t *variable,
                int64_t value)
{
    struct witness *w = witness_unpack(arguments);

    if (!w)
        return -EIO;
    scale = value;
    witness_child(w, getpid());
    witness_child_memory(w, variable);
    witness_show(w, 2);
    return 0;
}

static int shows_its_own(struct parcel *arguments)
{
    return show(arguments, &scale, 1);
}
TARGET(shows_its_own)

static int shows_what_it_was_told(struct parcel *arguments)
{
    return show(arguments, &scale, 7);
}
TARGET(shows_what_it_was_told)

static int shows_another(struct parcel *arguments)
{
    return show(arguments, &other, 1);
}
TARGET(shows_another)

/* Ours is shown, set, and a child started that shows its own. */
static int start(struct witness *w, const char *target,
                 enum start_method method, int64_t value)
{
    struct parcel arguments;
    struct process p;
    int error;

    witness_victim(w, getpid());
    witness_memory(w, "scale", &scale);
    witness_show(w, 1);
    scale = value;
    parcel_init(&arguments);
    process_init(&p, target, &arguments);
    p.method = method;
    error = witness_pack(w, &arguments);
    if (!error)
        error = process_start(&p);
    return error ? error : process_join(&p, NO_TIMEOUT);
}

static int it_sets_nothing(struct witness *w, int cure)
{
    (void)cure;
    return start(w, "shows_its_own", START_SPAWN, 1);
}

static int its_child_was_told(struct witness *w, int cure)
{
    (void)cure;
    return start(w, "shows_what_it_was_told", START_SPAWN, 7);
}

static int its_child_shows_another(struct witness *w, int cure)
{
    (void)cure;
    return start(w, "shows_another", START_SPAWN, 7);
}

static int its_child_is_a_fork(struct witness *w, int cure)
{
    (void)cure;
    return start(w, "shows_its_own", START_FORK, 7);
}

/* The server's child, and not its own. */
static int its_child_is_anothers(struct witness *w, int cure)
{
    (void)cure;
    return start(w, "shows_its_own", START_FORKSERVER, 7);
}

static int it_was_not_seen_before(struct witness *w, int cure)
{
    (void)cure;
    witness_victim(w, getpid());
    witness_show(w, 2);
    return 0;
}

static void impostors_of_a_lost_global_are_not_proven(void **state)
{
    static const struct impostor impostors[] = {
        {it_sets_nothing, "has set nothing"},
        {its_child_was_told, "it is 7"},
        {its_child_shows_another, "that is something else"},
        {its_child_is_a_fork, "is a fork, and no image of its own"},
        {its_child_is_anothers, "is no child of process"},
        {it_was_not_seen_before, "stage 2 came after stage 0"},
        {only_pauses, "its time was over"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL},
    };

    (void)state;
    all_refused(CORRUPTS, "first value", impostors);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(impostors_of_a_storm_are_not_proven,
                                        patient, census_end),
        cmocka_unit_test_setup_teardown(
            impostors_of_a_lost_global_are_not_proven, patient, census_end),
    };

    play(argv[0]);
    mechanisms_init(argc, argv);
    return RUN_PROMISES(tests);
}
