/* SPDX-License-Identifier: MIT */
/* test_verdict_held.c - who claims to wait for a lock that a dead client had,
 * and is wrong. */
#include "test_verdict_clients.h"

struct tale {
    const char *type; /* of the object; or a Lock */
    bool alone;       /* the holder is itself */
    bool stranger;    /* or no client */
    bool taken;       /* it was so before */
    bool never;       /* it is never taken */
    bool by_another;  /* but by the victim */
    bool by_maker;    /* or by somebody else, */
    bool meanwhile;   /* while the holder did something else */
    bool lives;       /* the holder does not die */
    int number;       /* or not of SIGKILL */
    bool given_back;
    void (*waits)(void); /* in place of acquire() */
};

static void acquire_for_ever(void)
{
    call_plain("acquire");
}

static void acquire_for_a_time(void)
{
    struct datum result = {0};

    proxy_call(&object, &result, "acquire", "bd", true, 1000.0);
    datum_drop(&result);
}

static void be_holder(const struct tale *t)
{
    if (!t->stranger)
        call_plain("__repr__");
    say_done();
    told(0);
    if (!t->never)
        call_plain("acquire");
    say_done();
    pause_for_ever();
}

static void be_victim(const struct tale *t)
{
    call_plain("__repr__");
    say_done();
    told(1);
    if (t->by_another) {
        call_plain("acquire");
        say_done();
        told(1);
    }
    (t->waits ? t->waits : acquire_for_ever)();
    _exit(0);
}

static pid_t start(void (*what)(const struct tale *), const struct tale *t)
{
    pid_t child = fork();

    if (child == 0)
        what(t);
    return child;
}

static void take(const struct tale *t)
{
    if (t->by_maker)
        call_plain("acquire");
    else
        let(t->by_another);
    if (t->meanwhile)
        let(0);
    if (!t->by_maker || t->meanwhile)
        hear(1);
}

static int tell(struct witness *w, const struct tale *t)
{
    pid_t holder, victim;

    if (prepare(w, t->type ? t->type : "Lock"))
        return -EIO;
    holder = start(be_holder, t);
    victim = start(be_victim, t);
    hear(CLIENTS);
    witness_victim(w, victim);
    witness_holder(w, t->alone ? victim : holder);
    if (t->taken)
        call_plain("acquire");
    witness_show(w, 1);
    if (!t->taken)
        take(t);
    witness_show(w, 2);
    if (!t->lives)
        end_by(holder, t->number ? t->number : SIGKILL);
    if (t->given_back)
        call_plain("release");
    witness_show(w, 3);
    witness_ready(w);
    let(1);
    waitpid(victim, NULL, 0);
    return 0;
}

TALE(it_is_no_lock, .type = "list", .taken = false, .never = true)
TALE(its_holder_is_itself, .alone = true)
TALE(its_holder_is_no_client, .stranger = true)
TALE(it_was_taken_before, .taken = true)
TALE(it_is_never_taken, .never = true)
TALE(the_victim_has_it, .by_another = true)
TALE(somebody_else_has_it, .by_maker = true)
TALE(somebody_has_it_meanwhile, .by_maker = true, .meanwhile = true,
     .never = true)
TALE(its_holder_lives, .lives = true)
TALE(its_holder_was_asked_to_go, .number = SIGTERM)
TALE(it_is_given_back, .given_back = true)
TALE(it_waits_for_a_time, .waits = acquire_for_a_time)
TALE(it_waits_elsewhere, .waits = wait_for_ever)
TALE(it_naps, .waits = nap)
TALE(it_waits_for_the_dead, .alone = false)

static void impostors_of_a_held_lock_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {it_is_no_lock, "it is no lock: []"},
        {its_holder_is_itself, "is alone"},
        {its_holder_is_no_client, "has no connection to process"},
        {it_was_taken_before, "it was taken before"},
        {it_is_never_taken, "nobody has taken the lock"},
        {the_victim_has_it, "has run meanwhile"},
        {somebody_else_has_it, "has not run"},
        {somebody_has_it_meanwhile, "is a client as well"},
        {its_holder_lives, "is not seen to be dead"},
        {its_holder_was_asked_to_go, "was not killed"},
        {it_is_given_back, "the lock was given back"},
        {it_waits_for_a_time, "which may end"},
        {it_waits_elsewhere, "not where it was said to be"},
        {it_naps, "not where it was said to be"},
        {only_pauses, "its time was over"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(HANGS, "lock of a dead client", list);
}

static void a_lock_of_the_dead_is_proven(void **state)
{
    const struct hazard it = {.expect = HANGS,
                              .evidence = "lock of a dead client",
                              .run = it_waits_for_the_dead};

    (void)state;
    all_proven(&it, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(impostors_of_a_held_lock_are_not_proven,
                                        patient, census_end),
        cmocka_unit_test_setup_teardown(a_lock_of_the_dead_is_proven, patient,
                                        census_end),
    };

    return RUN_PROMISES(tests);
}
