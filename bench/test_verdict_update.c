/* SPDX-License-Identifier: MIT */
/* test_verdict_update.c - who claims that a count was lost, and is wrong. */
#include "test_verdict_sides.h"

enum { FREELY = 10 }; /* each, it says */

static struct witness_turn mine = {.read = -1};

struct tale {
    void (*adds[SIDES])(int k); /* both, when the second has none */
    int kind;                   /* of memory; 0: shared */
    bool alone;                 /* the first is said to be both */
    bool in_turn;               /* the first is through before the second */
    bool idle;                  /* the second is never told to go on */
    bool apart;                 /* the second has memory of its own */
    int64_t found;              /* in the end, of what was added freely */
    bool unshown;               /* the first stage */
};

static void add_step(int k)
{
    mine.read = numbers[0];
    say_done();
    told(k);
    mine.wrote = mine.read + 1;
    numbers[0] = mine.wrote;
}

/* Says what the others say, and loses nothing. */
static void add_at_once(int k)
{
    mine.read = numbers[0];
    say_done();
    told(k);
    mine.wrote = mine.read + 1;
    numbers[0]++;
}

static void read_late(int k)
{
    say_done();
    told(k);
    mine.read = numbers[0];
    mine.wrote = mine.read + 1;
    numbers[0] = mine.wrote;
}

static void write_nothing(int k)
{
    mine.read = numbers[0];
    say_done();
    told(k);
}

static void add_and_spin(int k)
{
    add_step(k);
    say_done();
    spin();
}

static void add_and_nap(int k)
{
    mine.read = numbers[0];
    say_done();
    nap();
    told(k);
}

static pid_t start(const struct tale *t, int k)
{
    pid_t child = fork();

    if (child != 0)
        return child;
    if (k && t->apart)
        numbers = mmap((void *)numbers, 4096, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    (t->adds[k] ? t->adds[k] : t->adds[0])(k);
    mine.added = FREELY;
    say_done();
    pause_for_ever();
}

static void show_freely(struct witness *w, const struct tale *t)
{
    numbers[1] = t->found;
    witness_memory(w, "free", &numbers[1]);
    for (int stage = 3; stage <= 4; stage++)
        witness_show(w, stage);
}

static int tell(struct witness *w, const struct tale *t)
{
    pid_t one, other;

    if (prepare(t->kind ? t->kind : MAP_SHARED))
        return -EIO;
    one = start(t, 0);
    other = start(t, 1);
    hear(SIDES);
    witness_victim(w, one);
    witness_holder(w, t->alone ? one : other);
    witness_memory(w, "v", &numbers[0]);
    witness_child_memory(w, &mine);
    if (!t->unshown)
        witness_show(w, 1);
    let(0);
    if (t->in_turn)
        hear(1);
    if (!t->idle)
        let(1);
    hear(SIDES - t->in_turn - t->idle);
    witness_show(w, 2);
    show_freely(w, t);
    return 0;
}

TALE(nothing_is_lost, .adds = {add_step, add_at_once}, .in_turn = true)
TALE(none_at_all_is_lost, .adds = {add_at_once})
TALE(second_reads_late, .adds = {add_step, read_late}, .in_turn = true)
TALE(second_writes_nothing, .adds = {add_step, write_nothing})
TALE(second_is_idle, .adds = {add_step}, .idle = true)
TALE(second_is_the_first, .adds = {add_step}, .alone = true)
TALE(second_spins, .adds = {add_step, add_and_spin})
TALE(second_naps, .adds = {add_step, add_and_nap})
TALE(memory_is_private, .adds = {add_step}, .kind = MAP_PRIVATE)
TALE(memory_is_anothers, .adds = {add_step}, .apart = true)
TALE(more_are_there_than_were_added, .adds = {add_step},
     .found = SIDES * FREELY + 1)
TALE(nobody_looked_before, .adds = {add_step}, .unshown = true)
TALE(one_is_lost, .adds = {add_step}, .found = FREELY)
TALE(one_is_lost_and_then_none, .adds = {add_step}, .found = SIDES * FREELY)

static void impostors_of_a_lost_update_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {nothing_is_lost, "2: nothing is lost"},
        {none_at_all_is_lost, "2: nothing is lost"},
        {second_reads_late, "has read -1"},
        {second_writes_nothing, "and written 0"},
        {second_is_idle, "has not run since"},
        {second_is_the_first, "adds alone"},
        {second_spins, "does not sleep"},
        {second_naps, "does not sleep"},
        {memory_is_private, "in memory of its own"},
        {memory_is_anothers, "each has another"},
        {more_are_there_than_were_added, "20 were added, and there are 21"},
        {nobody_looked_before, "stage 2 came after stage 0"},
        {only_pauses, "its time was over"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(LOSES, "updates lost", list);
}

static void a_lost_update_is_proven(void **state)
{
    const struct hazard list[] = {
        {.expect = LOSES, .evidence = "updates lost", .run = one_is_lost},
        {.expect = LOSES,
         .evidence = "updates lost",
         .run = one_is_lost_and_then_none},
    };

    (void)state;
    all_proven(list, sizeof list / sizeof *list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            impostors_of_a_lost_update_are_not_proven, patient, census_end),
        cmocka_unit_test_setup_teardown(a_lost_update_is_proven, patient,
                                        census_end),
    };

    return RUN_PROMISES(tests);
}
