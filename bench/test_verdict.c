/* SPDX-License-Identifier: MIT */
/*
 * test_verdict.c - every hazard is proven and cured; gates open; and a cure
 * that does not do the work is none.  Impostors of each kind of evidence are
 * in test_verdict_*.c.
 */
#include "test_verdict.h"

#include "common/hooks.h"

#include <fcntl.h>

extern const struct hazard start_hazards[], pipe_hazards[], sync_hazards[],
    queue_hazards[], shm_hazards[];

static void all_proven_and_cured(const struct hazard *h)
{
    for (; h->name; h++) {
        struct observation o = observe(h, 0, 10 * SECOND);
        int64_t expected = o.witness.expected;
        char reason[160];

        if (o.verdict.ruling == NOT_SHOWN)
            skip();
        if (o.verdict.ruling != PROVEN)
            fail_msg("%s: %s", h->name, o.verdict.reason);
        assert_true(o.verdict.count > 0);
        for (int cure = 1; h->cures && h->cures[cure - 1]; cure++) {
            const char *fault;

            o = observe(h, cure, 10 * SECOND);
            fault = cure_fault(&o.witness, &o.ended, expected, reason,
                               sizeof reason);
            if (fault)
                fail_msg("%s, cure %d: %s, %s", h->name, cure, fault, reason);
        }
    }
}

static void the_hazards_of_start_are_proven_and_cured(void **state)
{
    (void)state;
    if (scenario_sanitizer())
        skip();
    all_proven_and_cured(start_hazards);
}

static void the_hazards_of_pipe_are_proven_and_cured(void **state)
{
    (void)state;
    if (scenario_sanitizer())
        skip();
    all_proven_and_cured(pipe_hazards);
}

static void the_hazards_of_sync_are_proven_and_cured(void **state)
{
    (void)state;
    if (scenario_sanitizer())
        skip();
    all_proven_and_cured(sync_hazards);
}

static void the_hazards_of_queue_are_proven_and_cured(void **state)
{
    (void)state;
    if (scenario_sanitizer())
        skip();
    all_proven_and_cured(queue_hazards);
}

static void the_hazards_of_shm_are_proven_and_cured(void **state)
{
    (void)state;
    if (scenario_sanitizer())
        skip();
    all_proven_and_cured(shm_hazards);
}

static void evidence_of_an_unknown_kind_proves_nothing(void **state)
{
    static const struct impostor impostor = {only_pauses,
                                             "nobody knows how to find"};

    (void)state;
    refused(HANGS, "circle 2", &impostor);
    refused(HANGS, "cycle", &impostor);
    refused(HANGS, "cycle ", &impostor);
    refused(HANGS, "cycle 2a", &impostor);
}

/* --- gates --- */

/* Through a thousand gates: each would hold it for seconds, were it closed. */
static int passes_gates(struct witness *w, int cure)
{
    (void)cure;
    witness_expect(w, 1000);
    for (int stage = 1; stage <= 1000; stage++)
        witness_show(w, stage);
    witness_got(w, 1000);
    return 0;
}

static void without_a_judge_every_gate_is_open(void **state)
{
    static const struct hazard h = {.name = "gates", .run = passes_gates};
    struct observation o = observe(&h, 1, 10 * SECOND);
    char reason[160];

    (void)state;
    assert_null(cure_fault(&o.witness, &o.ended, 1000, reason, sizeof reason));
}

/* Opens its gate itself, and shows the last stage only. */
static int opens_its_own_gate(struct witness *w, int cure)
{
    (void)cure;
    witness_open(w, 2);
    witness_show(w, 2);
    pause_for_ever();
}

static int shows_too_much(struct witness *w, int cure)
{
    (void)cure;
    witness_show(w, 77);
    return 0;
}

static void who_passes_a_closed_gate_is_not_believed(void **state)
{
    static const struct impostor impostors[] = {
        {opens_its_own_gate, "stage 2 came after stage 0"},
        {shows_too_much, "stage 77 came after stage 0"},
        {NULL, NULL},
    };

    (void)state;
    all_refused(LOSES, "shared offset", impostors);
}

/* What hangs has no stages: nobody looks at this one. */
static int shows_where_nobody_looks(struct witness *w, int cure)
{
    (void)cure;
    witness_show(w, 1);
    return 3;
}

static void a_judge_who_never_looks_keeps_nobody_for_ever(void **state)
{
    static const struct hazard h = {.name = "gate",
                                    .expect = HANGS,
                                    .evidence = "read pipe",
                                    .run = shows_where_nobody_looks};
    struct observation o = observe(&h, 0, 15 * SECOND);

    (void)state;
    assert_int_equal(o.ended.how, ENDED);
    assert_int_equal(WEXITSTATUS(o.ended.status), 3);
}

/* --- cures that are none --- */

enum {
    RIGHT,
    WRONG_RESULT,
    LESS_WORK,
    NO_RESULT,
    FAILS,
    HANGS_STILL,
    LEAVES,
    LITTERS
};

static int cure(struct witness *w, int kind)
{
    char path[128];

    witness_expect(w, kind == LESS_WORK ? 1 : 2);
    if (kind == HANGS_STILL)
        pause_for_ever();
    if (kind == LEAVES && fork() == 0)
        pause_for_ever();
    snprintf(path, sizeof path, "%s/litter", getenv("TMPDIR"));
    if (kind == LITTERS)
        close(open(path, O_CREAT | O_WRONLY, 0600));
    if (kind != NO_RESULT)
        witness_got(w, kind == LESS_WORK || kind == WRONG_RESULT ? 1 : 2);
    return kind == FAILS ? -EPIPE : 0;
}

static void only_a_cure_that_does_the_work_is_one(void **state)
{
    static const struct hazard h = {.name = "cure", .run = cure};
    static const char *const faults[] = {
        [WRONG_RESULT] = "WRONG", [LESS_WORK] = "WRONG",
        [NO_RESULT] = "WRONG",    [FAILS] = "FAILS",
        [HANGS_STILL] = "HANGS",  [LEAVES] = "LEAVES",
        [LITTERS] = "LEAVES"};

    (void)state;
    for (int kind = RIGHT; kind <= LITTERS; kind++) {
        /* scenario 0 would be judged as the hazard: RIGHT is run as 8. */
        struct observation o =
            observe(&h, kind == RIGHT ? 8 : kind,
                    kind == HANGS_STILL ? SECOND / 5 : 10 * SECOND);
        char reason[160];
        const char *fault =
            cure_fault(&o.witness, &o.ended, 2, reason, sizeof reason);

        if (kind == RIGHT)
            assert_null(fault);
        else
            assert_string_equal(fault ? fault : "none", faults[kind]);
    }
}

/* Hazards start images of this program. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            the_hazards_of_start_are_proven_and_cured, patient, census_end),
        cmocka_unit_test_setup_teardown(
            the_hazards_of_pipe_are_proven_and_cured, patient, census_end),
        cmocka_unit_test_setup_teardown(
            the_hazards_of_sync_are_proven_and_cured, patient, census_end),
        cmocka_unit_test_setup_teardown(
            the_hazards_of_queue_are_proven_and_cured, patient, census_end),
        cmocka_unit_test_setup_teardown(the_hazards_of_shm_are_proven_and_cured,
                                        patient, census_end),
        PROMISE(evidence_of_an_unknown_kind_proves_nothing),
        PROMISE(without_a_judge_every_gate_is_open),
        PROMISE(who_passes_a_closed_gate_is_not_believed),
        PROMISE(a_judge_who_never_looks_keeps_nobody_for_ever),
        PROMISE(only_a_cure_that_does_the_work_is_one),
    };

    mechanisms_init(argc, argv);
    return RUN_PROMISES(tests);
}
