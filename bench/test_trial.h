/* SPDX-License-Identifier: MIT */
/*
 * test_trial.h - a mechanism that does what a test of the harness needs.
 *
 * The fake counts in shared memory what each side was asked to do, so that a
 * test can hold one against the other.  Its peers are of this program, under
 * every start method: a fresh image of it knows the fake before main.
 */
#ifndef IPCLAB_TEST_TRIAL_H
#define IPCLAB_TEST_TRIAL_H

#include "trial.h"

#include "common/hooks.h"
#include "common/test_census.h"
#include "registry.h"

#include <sys/prctl.h>

static struct region tallies;
static enum start_method method; /* of the peers */
static int cores[2] = {-1, -1};  /* of the timed side, of the first peer */

static struct tally {
    _Atomic uint64_t opened, joined, done, served, closed;
    _Atomic int killed;    /* children of the timed side, by itself */
    _Atomic pid_t blocked; /* a peer, in what stands for the channel */

    /* Together: of all participants in this window, and of each. */
    _Atomic uint64_t inside, left, checked;
    _Atomic int64_t begin[PEERS_MOST + 1], end[PEERS_MOST + 1];
    _Atomic int core[PEERS_MOST + 1];
} * tally;

static inline int fake_open(struct trial *t)
{
    t->state = tally;
    tally->opened++;
    return 0;
}

static inline int fake_pack(struct trial *t, int role, struct parcel *parcel)
{
    int error = parcel_put_u64(parcel, (uint64_t)role + 77);

    (void)t;
    return error ? error : region_pack(&tallies, parcel);
}

static inline int fake_join(struct trial *t, int role, struct parcel *parcel)
{
    static struct region mine; /* of the same memory */
    uint64_t mark = 0;
    int error = parcel_take_u64(parcel, &mark);

    if (!error)
        error = region_unpack(&mine, parcel);
    if (error)
        return error;
    t->state = tally = mine.base;
    tally->joined++;
    return mark == (uint64_t)role + 77 ? 0 : -EBADMSG;
}

static inline void fake_close(struct trial *t)
{
    if (t->state)
        tally->closed++;
    t->state = NULL;
}

static inline int fake_op(struct trial *t, unsigned n)
{
    (void)t;
    tally->done += n;
    return 0;
}

static inline int fake_serve(struct trial *t, int role, unsigned n)
{
    (void)t;
    (void)role;
    tally->served += n;
    return 0;
}

/* Samples of its own: 1000, 2000, 3000 ns and so on. */
static inline int own_op(struct trial *t, unsigned n)
{
    for (; n; n--)
        trial_sample(t, (int64_t)(++t->sequence * 1000));
    return 0;
}

static inline int wait_op(struct trial *t, unsigned n)
{
    (void)t;
    for (; n; n++) /* for ever */
        pause();
    return 0;
}

#define SIDES(open_it, join_it, op_it, serve_it, how_many)                     \
    .unit = "op", .peers = (how_many), .open = (open_it), .pack = fake_pack,   \
    .join = (join_it), .op = (op_it), .serve = (serve_it), .close = fake_close

/* The fake of these workloads; before main, where a fresh image turns off. */
#define FAKE(fakes)                                                            \
    static const struct mechanism fake = {.name = "fake",                      \
                                          .workloads = (fakes)};               \
    __attribute__((constructor)) static void add_fake(void)                    \
    {                                                                          \
        registry_add(&fake);                                                   \
    }

static volatile sig_atomic_t stop;

/* Run one trial; what it found lies in *found until the next. */
static inline int run(const char *workload, struct findings **found, char *why)
{
    static struct region shared;
    struct trial_spec spec = {.mechanism = "fake",
                              .workload = workload_find("fake", workload),
                              .start = method,
                              .timed_cpu = cores[0],
                              .peer_cpu = cores[1],
                              .clock_cost = 30,
                              .warm = SECOND / 100,
                              .window = SECOND / 100,
                              .patience = 3 * SECOND};
    int error;

    assert_non_null(spec.workload);
    for (size_t i = 0; spec.workload->grid && spec.workload->grid[i].name; i++)
        spec.settings[i] = spec.workload->grid[i];
    if (!shared.base)
        assert_int_equal(region_open(&shared, sizeof(struct findings)), 0);
    memset(tally, 0, sizeof *tally);
    strcpy(why, "");
    *found = shared.base;
    error = trial_run(&spec, &shared, &stop, why, 160);
    return error;
}

/* Run a test's part with peers of every start method. */
static inline void with_each_method(void (*part)(void))
{
    for (method = START_FORK; start_method_names[method]; method++)
        part();
    method = START_FORK;
}

/* The trial fails with this error, says this, and is over soon. */
static inline void fails(const char *workload, int error, const char *text)
{
    struct findings *f;
    char why[160];

    assert_int_equal(run(workload, &f, why), error);
    if (!strstr(why, text))
        fail_msg("'%s' does not say '%s'", why, text);
    assert_int_not_equal(f->stage, DONE);
}

/* Before the first test: open what all share, or the census would see it. */
static inline int trial_begin(int argc, char **argv)
{
    struct findings *f;
    char why[160];

    mechanisms_init(argc, argv);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (region_open(&tallies, sizeof *tally) < 0)
        return -1;
    tally = tallies.base;
    return run("own", &f, why);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, census_begin, census_end)

#endif
