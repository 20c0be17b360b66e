/* SPDX-License-Identifier: MIT */
/*
 * test_order_state.h - a state of the machine of test_order_machine.h: to be
 * kept, told from others, and gone back to.
 *
 * It is all there is: memory, what waits for it, and the two threads with what
 * is live of their stacks.
 */
#ifndef IPCLAB_TEST_ORDER_STATE_H
#define IPCLAB_TEST_ORDER_STATE_H

#include "ring/test_order_machine.h"

#include <stdlib.h>

enum {
    STACK = 1 << 16,
    LIVE = 2048, /* of a stack, at most */
    AREAS = 7,
    AREA = 1024 /* of all of them, at most */
};

struct snapshot {
    ucontext_t contexts[THREADS];
    size_t live[THREADS];
    uint8_t stacks[THREADS][LIVE];
    uint8_t areas[AREA];
    uint8_t world[sizeof world];
};

/* What is shared by the threads. */
static struct area {
    void *base;
    size_t size;
} state_areas[AREAS];

static _Alignas(64) uint8_t state_stacks[THREADS][STACK];

static inline uint8_t *stack_pointer(const ucontext_t *c)
{
#if defined __x86_64__
    return (uint8_t *)c->uc_mcontext.gregs[REG_RSP];
#else
    return (uint8_t *)c->uc_mcontext.sp;
#endif
}

static inline size_t stack_live(int thread)
{
    return (size_t)(state_stacks[thread] + STACK -
                    stack_pointer(&machine.contexts[thread]));
}

static inline void state_save(struct snapshot *s)
{
    uint8_t *to = s->areas;

    for (int i = 0; i < THREADS; i++) {
        s->contexts[i] = machine.contexts[i];
        s->live[i] = stack_live(i);
        if (s->live[i] > LIVE)
            abort();
        memcpy(s->stacks[i], stack_pointer(&s->contexts[i]), s->live[i]);
    }
    for (int i = 0; i < AREAS; to += state_areas[i++].size)
        memcpy(to, state_areas[i].base, state_areas[i].size);
    memcpy(s->world, &world, sizeof world);
}

static inline void state_restore(const struct snapshot *s)
{
    const uint8_t *from = s->areas;

    for (int i = 0; i < THREADS; i++) {
        machine.contexts[i] = s->contexts[i];
        memcpy(stack_pointer(&s->contexts[i]), s->stacks[i], s->live[i]);
    }
    for (int i = 0; i < AREAS; from += state_areas[i++].size)
        memcpy(state_areas[i].base, from, state_areas[i].size);
    memcpy(&world, s->world, sizeof world);
}

static inline uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 32;
}

/* Two at a time: this is where the time goes. */
static inline uint64_t mix_bytes(uint64_t hash, const void *bytes, size_t size)
{
    const uint8_t *at = (const uint8_t *)bytes;
    uint64_t even = hash, odd = mix(hash, 1);

    for (; size > 2 * WORD; size -= 2 * WORD, at += 2 * WORD) {
        even = mix(even, first_bytes(at, WORD));
        odd = mix(odd, first_bytes(at + WORD, WORD));
    }
    if (size > WORD)
        odd = mix(odd, first_bytes(at + WORD, size - WORD));
    even = mix(even, first_bytes(at, size < WORD ? size : WORD));
    return mix(mix(even, 2), odd);
}

static inline uint64_t state_hash_shared(uint64_t hash)
{
    for (int i = 0; i < AREAS; i++)
        hash = mix_bytes(hash, state_areas[i].base, state_areas[i].size);
    return hash;
}

/* What is dead on a stack or in a register is hashed with the rest: at worst
 * one state is taken for several. */
static inline uint64_t state_hash(void)
{
    uint64_t hash = mix_bytes(1, &world, sizeof world);

    for (int i = 0; i < THREADS; i++) {
        const ucontext_t *c = &machine.contexts[i];

        hash = mix_bytes(hash, &c->uc_mcontext, sizeof c->uc_mcontext);
        hash = mix_bytes(hash, stack_pointer(c), stack_live(i));
    }
    hash = state_hash_shared(hash);
    return hash ? hash : 1;
}

/* A thread that begins there, with nothing on its stack; in place, since it
 * refers to itself. */
static inline void state_context(ucontext_t *c, int thread, void (*begin)(void))
{
    if (getcontext(c) < 0)
        abort();
    c->uc_stack.ss_sp = state_stacks[thread];
    c->uc_stack.ss_size = STACK;
    c->uc_link = NULL;
    makecontext(c, begin, 0);
}

#endif
