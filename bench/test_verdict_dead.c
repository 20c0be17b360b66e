/* SPDX-License-Identifier: MIT */
/* test_verdict_dead.c - who claims that a lock of a pipe's readers, or of its
 * writers, is a dead one's, and does not tell the truth. */
#include "test_verdict_pipes.h"

#include "sync/sync.h"

#include <fcntl.h>
#include <sys/socket.h>

static struct lock lock, other;
static int done[2]; /* who has the lock writes a byte */
static struct witness *witness;

enum { MUCH = 1 << 20, GROWTH = 1 << 22 };

static int prepare(struct witness *w)
{
    witness = w;
    return open_both() || fd_pipe(done) < 0 ||
                   lock_open(&lock, LOCK_PLAIN) < 0 ||
                   lock_open(&other, LOCK_PLAIN) < 0
               ? -EIO
               : 0;
}

/* --- the holder: it has both locks, and is killed --- */

static void take(void)
{
    lock_acquire(&lock, NO_TIMEOUT);
    lock_acquire(&other, NO_TIMEOUT);
    write_full(done[1], "", 1);
}

static void take_and_read(void)
{
    char byte;

    take();
    read_some(one[0], &byte, 1);
    pause_for_ever();
}

static void take_and_write(void)
{
    static char much[MUCH];

    take();
    write_full(one[1], much, sizeof much);
    pause_for_ever();
}

static void take_and_pause(void)
{
    take();
    pause_for_ever();
}

static void take_and_read_a_socket(void)
{
    int ends[2];
    char byte;

    take();
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0)
        read_some(ends[0], &byte, 1);
}

/* --- the victim --- */

static void want(void)
{
    lock_acquire(&lock, NO_TIMEOUT);
}

static volatile char memory[GROWTH];

static void grow(size_t bytes)
{
    witness_victim(witness, getpid());
    witness_show(witness, 2);
    for (size_t k = 0; k < bytes; k += 512)
        memory[k] = 'x';
    want();
}

static void grow_and_want(void)
{
    grow(GROWTH);
}

static void hardly_grow_and_want(void)
{
    grow(512);
}

static void grow_and_pause(void)
{
    lock_release(&lock);
    grow(GROWTH);
    pause_for_ever();
}

static void want_the_other(void)
{
    lock_acquire(&other, NO_TIMEOUT);
}

/* --- the tale --- */

struct tale {
    void (*holder)(void);
    bool lives;
    bool fills; /* somebody puts something into the pipe, at the end */
    bool keeps; /* nobody takes out what is in it */
    bool elsewhere;
    void (*victim)(void);
    void (*child)(void); /* who is said to wait for the other lock */
};

static void drain(void)
{
    char bytes[4096];

    fcntl(one[0], F_SETFL, O_NONBLOCK);
    while (read_some(one[0], bytes, sizeof bytes) > 0)
        ;
    fcntl(one[0], F_SETFL, 0);
}

static int tell(struct witness *w, const struct tale *t)
{
    pid_t holder = prepare(w) ? -1 : fork_to(t->holder), victim;
    char byte;

    if (holder < 0 || read_some(done[0], &byte, 1) != 1)
        return -EIO;
    witness_holder(w, holder);
    witness_memory(w, "lock", &lock.state->word);
    witness_fd(w, "lock", t->elsewhere ? two[0] : one[0]);
    witness_count(w, GROWTH);
    if (t->child)
        witness_child_memory(w, &other.state->word);
    witness_show(w, 1);
    if (!t->lives) {
        kill(holder, SIGKILL);
        waitpid(holder, NULL, 0);
    }
    if (!t->keeps)
        drain();
    if (t->fills)
        write_full(one[1], "item", 4);
    victim = fork_to(t->victim);
    witness_victim(w, victim);
    if (t->child)
        witness_child(w, fork_to(t->child));
    witness_ready(w);
    waitpid(victim, NULL, 0);
    return 0;
}

/* --- "dead reader" --- */

TALE(reader_pauses, .holder = take_and_pause, .fills = true, .victim = want)
TALE(reads_a_socket, .holder = take_and_read_a_socket, .fills = true,
     .victim = want)
TALE(reader_lives, .holder = take_and_read, .lives = true, .victim = want)
TALE(nothing_is_put, .holder = take_and_read, .victim = want)
TALE(is_put_elsewhere, .holder = take_and_read, .fills = true,
     .elsewhere = true, .victim = want)
TALE(next_naps, .holder = take_and_read, .fills = true, .victim = nap)
TALE(next_ends, .holder = take_and_read, .fills = true, .victim = do_nothing)
TALE(the_other_pauses, .holder = take_and_read, .fills = true, .victim = want,
     .child = wait_for_ever)
TALE(reader_is_dead, .holder = take_and_read, .fills = true, .victim = want)
TALE(reader_of_two_is_dead, .holder = take_and_read, .fills = true,
     .victim = want, .child = want_the_other)

static void impostors_of_a_dead_reader_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {reader_pauses, "the owner, thread"},
        {reads_a_socket, "sleeps at no pipe"},
        {reader_lives, "lives"},
        {nothing_is_put, "is empty"},
        {is_put_elsewhere, "is not pipe"},
        {next_naps, "not where it was said to be"},
        {the_other_pauses, "not where it was said to be"},
        {next_ends, "it ended with exit status 0"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(HANGS, "dead reader", list);
}

/* --- "dead writer" --- */

TALE(writer_reads, .holder = take_and_read, .victim = grow_and_want)
TALE(writer_lives, .holder = take_and_write, .lives = true, .keeps = true,
     .victim = grow_and_want)
TALE(pipe_is_full, .holder = take_and_write, .keeps = true,
     .victim = grow_and_want)
TALE(hardly_grows, .holder = take_and_write, .victim = hardly_grow_and_want)
TALE(grows_and_pauses, .holder = take_and_write, .victim = grow_and_pause)
TALE(shows_one_stage, .holder = take_and_write, .victim = want)
TALE(writer_is_dead, .holder = take_and_write, .victim = grow_and_want)

static void impostors_of_a_dead_writer_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {writer_reads, "the owner, thread"},
        {writer_lives, "lives"},
        {pipe_is_full, "is not empty"},
        {hardly_grows, "has not grown"},
        {grows_and_pauses, "not where it was said to be"},
        {shows_one_stage, "its time was over"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(HANGS, "dead writer", list);
}

static void proven(const char *evidence,
                   int (*run)(struct witness *w, int cure))
{
    const struct hazard h = {
        .name = "dead", .expect = HANGS, .evidence = evidence, .run = run};

    assert_int_equal(observe(&h, 0, 10 * SECOND).verdict.ruling, PROVEN);
}

static void dead_readers_and_writers_are_proven(void **state)
{
    (void)state;
    proven("dead reader", reader_is_dead);
    proven("dead reader", reader_of_two_is_dead);
    proven("dead writer", writer_is_dead);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            impostors_of_a_dead_reader_are_not_proven, patient, census_end),
        cmocka_unit_test_setup_teardown(
            impostors_of_a_dead_writer_are_not_proven, patient, census_end),
        cmocka_unit_test_setup_teardown(dead_readers_and_writers_are_proven,
                                        patient, census_end),
    };

    return RUN_PROMISES(tests);
}
