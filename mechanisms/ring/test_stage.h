/* SPDX-License-Identifier: MIT */
/*
 * test_stage.h - what the tests share in which a user of a ring does one
 * instruction at a time: the scene, the others on it, and what must come of it.
 */
#ifndef IPCLAB_TEST_STAGE_H
#define IPCLAB_TEST_STAGE_H

#include "ring/test_rings.h"

#include "sync/test_paths.h"

/* Who acts at which end, and what the others do meanwhile. */
struct scene {
    enum ring_end end; /* of the one who is stepped */
    enum ring_wait wait;
    uint32_t maxsize, before; /* items in it, at first */
    bool claimed; /* it has claimed that end, and releases it, too */
    bool faced;   /* another is asleep at the other end */
    bool wanted;  /* another is asleep for the lock, as soon as that
                     is taken */
    bool held;    /* the lock is taken at first: it sleeps for it */
    bool woken;   /* it has been asleep and was woken */
};

enum who { CHILD, WAITER, FACING, PARENT, EVERYBODY };

struct stage {
    struct scene scene;
    struct ring ring;
    pid_t pids[EVERYBODY];           /* 0: not there, or has ended */
    _Atomic bool ended;              /* the steps were all done */
    _Atomic bool let_go;             /* and it is not stepped any more */
    _Atomic uint32_t got[EVERYBODY]; /* the number of an item */
    uint32_t items[2 * EVERYBODY];   /* numbers: what must be in the ring */
    uint32_t first, behind;          /* of these */
    uint32_t begun;                  /* items that had gone by at its end */
    bool acted;                      /* the child has published its own */
};

/* --- items ---------------------------------------------------------------- */

struct item {
    uint64_t number, again, once_more;
};

/* Put an item of one's own, or get one: 0 or a line. */
static inline int act(struct stage *s, enum ring_end end, enum who who)
{
    uint64_t number = 100 + (uint64_t)who;
    struct item item = {number, number, number};

    if (end == RING_PUT)
        return ring_put(&s->ring, &item, sizeof item, NO_TIMEOUT)
                   ? test_line(__LINE__)
                   : 0;
    if (ring_get(&s->ring, &item, sizeof item, NO_TIMEOUT) != sizeof item)
        return test_line(__LINE__);
    s->got[who] = (uint32_t)item.number;
    return item.number == item.again && item.number == item.once_more
               ? 0
               : test_line(__LINE__);
}

static inline enum ring_end other(enum ring_end end)
{
    return end == RING_PUT ? RING_GET : RING_PUT;
}

static inline enum ring_end end_of(const struct stage *s, enum who who)
{
    return who == FACING || who == PARENT ? other(s->scene.end) : s->scene.end;
}

/* --- what must be in it --- */

static inline bool can(const struct stage *s, enum who who)
{
    uint32_t items = s->behind - s->first;

    return end_of(s, who) == RING_PUT ? items < s->scene.maxsize : items > 0;
}

/* It has put its item, or got the first: which must it be? */
static inline uint32_t has_acted(struct stage *s, enum who who)
{
    if (end_of(s, who) == RING_GET)
        return s->items[s->first++];
    s->items[s->behind++] = 100 + (uint32_t)who;
    return 0;
}

/* --- those on it ---------------------------------------------------------- */

static inline int acts_once(struct stage *s, enum who who)
{
    return act(s, end_of(s, who), who);
}

static inline int waiter_acts(void *stage)
{
    return acts_once(stage, WAITER);
}

static inline int facing_acts(void *stage)
{
    return acts_once(stage, FACING);
}

/* It learns who it is first: that would be many steps. */
static inline bool gets_ready(struct stage *s)
{
    struct lock own;

    if (lock_open(&own, LOCK_ROBUST) || lock_acquire(&own, 0) ||
        lock_release(&own))
        return false;
    lock_close(&own);
    return !s->scene.claimed ||
           ring_claim(&s->ring, s->scene.end, NO_TIMEOUT) == 0;
}

/* What is stepped through. */
static inline int child_acts(void *stage)
{
    struct stage *s = stage;
    int line;

    if (!gets_ready(s) || !stepping_begins())
        return test_line(__LINE__);
    line = acts_once(s, CHILD);
    if (s->scene.claimed && ring_release(&s->ring, s->scene.end))
        return test_line(__LINE__);
    s->ended = true;
    if (!s->let_go)
        stepping_ends();
    return line;
}

static inline void start_waiter(struct stage *s)
{
    s->pids[WAITER] = test_fork(waiter_acts, s);
    assert_true(
        test_sleeps(s->pids[WAITER], lock_word(&s->ring, s->scene.end)));
}

/* The other end is used, until it sleeps there. */
static inline void start_facing(struct stage *s)
{
    s->pids[FACING] = test_fork(facing_acts, s);
    assert_true(
        test_sleeps(s->pids[FACING], gate_word(&s->ring, other(s->scene.end))));
}

/* Who is stepped, before the first of the steps. */
static inline void start_child(struct stage *s)
{
    s->pids[CHILD] = stepping_fork(child_acts, s);
}

/* --- the steps ------------------------------------------------------------ */

/*
 * What a scene comes to: where its steps lead, and after which of them the
 * child has published its own.  While it has the lock nobody else goes on at
 * its end; later that cannot be told any more.
 */
struct course {
    struct path path;
    bool acted[STEPS_MOST];
    int locked;        /* steps until it has the lock */
    enum stepped last; /* it sleeps at the end, or all is done */
};

static inline bool has_lock(struct stage *s)
{
    return lock_owner(&s->ring.locks[s->scene.end]) == s->pids[CHILD];
}

/* Who wants the lock comes when it has it: is its item there, or gone? */
static inline void look_at_child(struct stage *s)
{
    const struct end *e = &s->ring.state->ends[s->scene.end];

    if (!has_lock(s))
        return;
    s->acted = place_items(e->place) != s->begun;
    if (s->scene.wanted && !s->pids[WAITER])
        start_waiter(s);
}

/* Where it may fall asleep, or NULL. */
static inline const volatile void *bed(struct stage *s)
{
    if (s->scene.held)
        return lock_word(&s->ring, s->scene.end);
    return can(s, CHILD) ? NULL : gate_word(&s->ring, s->scene.end);
}

static inline enum stepped step(struct stage *s)
{
    enum stepped stepped = stepping_step(s->pids[CHILD], bed(s));

    return s->ended ? STOPPED : stepped;
}

/* Step through all of it. */
static inline void follow(struct stage *s, struct course *c)
{
    c->path.n = 0;
    c->locked = -1;
    do {
        look_at_child(s);
        if (has_lock(s) && c->locked < 0)
            c->locked = c->path.n;
        c->acted[c->path.n] = s->acted;
        path_add(&c->path, s->pids[CHILD]);
        c->last = step(s);
    } while (c->last == STEPPED);
    look_at_child(s);
    c->acted[c->path.n] = s->acted;
}

/* Before it has the lock it is alone in the world. */
static inline int course_begin(const struct course *c)
{
    return c->locked > 0 ? c->locked - 1 : 0;
}

/* As far as the n-th, or until it sleeps: what the clock does, whom a wait
 * asks first, is not always as long. */
static inline enum stepped go_from(struct stage *s, const struct course *c,
                                   int from, int n)
{
    enum stepped stepped = STEPPED;

    from = path_follow(&c->path, s->pids[CHILD], from, n);
    for (; from < n && stepped == STEPPED; from++)
        stepped = step(s);
    return stepped;
}

/* n of its steps. */
static inline enum stepped go(struct stage *s, const struct course *c, int n)
{
    enum stepped stepped;
    int from = 0;

    if (c->locked >= 0 && n > c->locked) {
        from = c->locked;
        go_from(s, c, 0, from);
        look_at_child(s);
    }
    stepped = go_from(s, c, from, n);
    s->acted = c->acted[n];
    look_at_child(s);
    return stepped;
}

/* As the scene begins: with those asleep who are before the first step. */
static inline struct stage *stage_open(const struct scene *scene)
{
    struct stage *s = test_memory(sizeof *s);

    s->scene = *scene;
    test_open_ring(&s->ring, scene->maxsize, 4096, scene->wait);
    for (uint32_t i = 0; i < scene->before; i++) {
        struct item item = {i, i, i};

        assert_int_equal(ring_put(&s->ring, &item, sizeof item, 0), 0);
        s->items[s->behind++] = i;
    }
    s->begun = place_items(s->ring.state->ends[scene->end].place);
    if (scene->held)
        assert_int_equal(ring_claim(&s->ring, scene->end, 0), 0);
    if (scene->faced)
        start_facing(s);
    return s;
}

static inline void stage_close(struct stage *s)
{
    ring_close(&s->ring);
    munmap(s, sizeof *s);
}

#endif
