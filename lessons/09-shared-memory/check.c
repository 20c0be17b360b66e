/* SPDX-License-Identifier: MIT */
/*
 * check.c - lesson 09: what board.h promises.
 *
 * To see what others find of a write that was not ended, or what who reads
 * makes of what was written meanwhile, a process is left at each instruction of
 * its call.  Then many do it at once, and some are killed.
 */
#include "../check.h"
#include "board.h"
#include "crowd.h"
#include "wall.h"

// points: 10  what was put up last is read, with its number
static void what_was_put_up_last_is_read(void **state)
{
    enum { MANY = 100 };

    (void)state;
    view = board; /* in this test with the right to write */
    begin_board(0);
    put_on(other, 77);
    expect(look("a board on which nothing was put up") == 0,
           "a board on which nothing was put up");
    for (uint64_t i = 1; i <= MANY; i++) {
        put_up(i);
        expect(look("what was written last") == i, "which is up");
        expect(look("who reads twice") == i, "who reads twice");
    }
    expect(put_on(other, 5) == 2, "a second board");
    expect(look("a second board") == MANY, "a second board");
}

/* A process that has the board at another address, and writes there. */
static int write_elsewhere(uint64_t number)
{
    struct board *mine = mmap(NULL, sizeof *mine, PROT_READ | PROT_WRITE,
                              MAP_SHARED, wall.fd, 0);
    uint64_t given = 0;

    munmap(wall.base, wall.size);
    return mine == MAP_FAILED || try_on(mine, number, &given) != 0 ||
           given != number;
}

// points: 10  who reads has no right to write, and another address
static void who_reads_has_no_right_to_write(void **state)
{
    (void)state;
    begin_board(2);
    for (uint64_t i = 3; i < 40; i += 2) {
        pid_t child = begin_child();

        if (child == 0)
            _exit(write_elsewhere(i));
        expect(end_of(child) == 0, "where the board is in another process");
        put_up(i + 1);
        child = begin_child();
        if (child == 0) {
            only_looks();
            reads();
            _exit(0);
        }
        expect(end_of(child) == 0, "what a read needs to write to");
        expect(told->error == 0 && told->number == i + 1 &&
                   told->seen[0] == i + 1 && is_whole(told->seen),
               "what another process sees");
    }
}

// points: 10  who is stopped in a write, wherever, holds up nobody who reads
static void who_is_stopped_holds_up_nobody_who_reads(void **state)
{
    enum { NOTICES = 3 };
    static const char hint[] = "a process that is stopped in a write";
    struct places places = begin_places(count_writing(NOTICES), 1);

    (void)state;
    print_message("(another is stopped in the middle of a write)\n");
    for (long at; (at = next_place(&places)) >= 0;) {
        uint64_t number;
        pid_t child;

        begin_board(NOTICES);
        child = begin_writing(NOTICES + 1, at);
        number = look(hint);
        expect(number == NOTICES || number == NOTICES + 1, hint);
        expect(look(hint) == number, hint);
        go_on(child);
        expect(told->error == 0 && told->given == NOTICES + 1, hint);
        expect(look(hint) == NOTICES + 1, "a write that went on");
    }
}

/* One more of whom nobody knows how far he came. */
static uint64_t look_again(uint64_t before)
{
    static const char hint[] = "a process that was killed in a write";
    uint64_t number = look(hint);

    expect(number == before || number == before + 1, hint);
    return number;
}

// points: 10  who is killed in a write, wherever, holds up nobody
static void who_is_killed_holds_up_nobody(void **state)
{
    struct places places = begin_places(count_writing(1), 1);

    (void)state;
    print_message("(two were killed in the middle of a write)\n");
    for (long at; (at = next_place(&places)) >= 0;) {
        uint64_t number;

        begin_board(1);
        end_steps(begin_writing(2, at));
        number = look_again(1);
        end_steps(begin_writing(number + 1, at));
        number = look_again(number);
        for (int i = 0; i < 8; i++) {
            put_up(++number);
            expect(look("who writes after the dead") == number,
                   "who writes after the dead");
        }
    }
}

/* At each instruction of a read so many others are put up. */
static void put_up_in_a_read(uint64_t many, int n, int parts)
{
    struct places places = begin_places(n, parts);

    print_message("(%d were put up in the middle of a read)\n", (int)many);
    for (long at; (at = next_place(&places)) >= 0;) {
        pid_t child;

        begin_board(1);
        child = begin_reading(at);
        for (uint64_t i = 0; i < many; i++)
            put_up(2 + i);
        ends_reading(child);
        expect(told->number >= 1, "how old a notice may be that is read");
        expect(at || told->number == 1 + many,
               "what was up when the read was begun");
    }
}

// points: 10  however many write in the middle of a read, it is whole
static void however_many_write_it_is_whole(void **state)
{
    static const uint64_t counts[] = {1, 2, 3,  4,  5,   6,
                                      7, 8, 16, 32, 256, 1 << 16};

    enum { PARTS = sizeof counts / sizeof *counts };
    int n = count_reading(1);

    (void)state;
    for (int i = 0; i < PARTS; i++)
        put_up_in_a_read(counts[i], n, PARTS);
}

/* In the middle of a read so many are put up, and of one more a half. */
static void put_up_half_in_a_read(uint64_t many, int reading, int writing)
{
    enum { STOPS = 8, KILLS = 24 };
    struct places places = begin_places(STOPS * KILLS, 8);

    for (long at; (at = next_place(&places)) >= 0;) {
        pid_t child;

        begin_board(1);
        child = begin_reading(reading * (at / KILLS) / STOPS);
        for (uint64_t number = 2; number < 2 + many; number++)
            put_up(number);
        end_steps(begin_writing(2 + many, writing * (at % KILLS) / KILLS));
        ends_reading(child);
    }
}

// points: 10  one in the middle of a write, one in the middle of a read
static void both_are_in_the_middle(void **state)
{
    int reading = count_reading(1), writing = count_writing(1);

    (void)state;
    print_message("(some were put up in the middle of a read, and then who "
                  "put up another was killed)\n");
    for (uint64_t many = 0; many < 8; many++)
        put_up_half_in_a_read(many, reading, writing);
}

// points: 10  of many who write each has a number of its own
static void of_many_each_has_a_number(void **state)
{
    static const char hint[] = "two who write at once";
    struct given *given = map_given();
    pid_t children[WRITERS];

    (void)state;
    meet(given);
    begin_board(0);
    memset(given, 0, sizeof *given);
    for (uint64_t i = 0; i < WRITERS; i++) {
        children[i] = begin_child();
        if (children[i] == 0)
            _exit(write_many(given, i * EACH, EACH));
    }
    for (int i = 0; i < WRITERS; i++)
        expect(end_of(children[i]) == 0, hint);
    for (uint64_t i = 1; i <= given->count; i++)
        expect(atomic_load(&given->times[i]) == 1, hint);
    reads();
    expect(told->error == 0 && is_whole(told->seen) &&
               told->number == given->count &&
               told->seen[0] == given->first[told->number],
           "which of two is up in the end");
}

// points: 10  when many write and some are killed, all goes on, and is whole
static void when_some_are_killed_all_goes_on(void **state)
{
    enum { READERS = 2, BUSY = 3, KILLED = 60 };
    pid_t readers[READERS], writers[BUSY];
    struct places kills = begin_places(KILLED, 1);
    uint64_t target = 100, who = 1;

    (void)state;
    begin_board(0);
    reads();
    expect_begun(told->error);
    for (int i = 0; i < READERS; i++) {
        readers[i] = begin_child();
        if (readers[i] == 0)
            _exit(read_on());
    }
    for (int i = 0; i < BUSY; i++)
        writers[i] = begin_writer(who++);
    print_message("(some who write were killed)\n");
    for (int i = 0; next_place(&kills) >= 0; i++, target += 100) {
        do {
            sched_yield();
            reads();
            expect(told->error == 0 && is_whole(told->seen),
                   "what became of a place while it was read");
        } while (told->number < target);
        kill(writers[i % BUSY], SIGKILL);
        expect(end_of(writers[i % BUSY]) == -SIGKILL,
               "what can fail in a write");
        writers[i % BUSY] = begin_writer(who++);
    }
    atomic_store(&told->enough, 1);
    for (int i = 0; i < BUSY; i++)
        expect(end_of(writers[i]) == 0, "what can fail in a write");
    for (int i = 0; i < READERS; i++)
        is_content(readers[i]);
}

#define CHECK_BOARD(test)                                                      \
    cmocka_unit_test_setup_teardown(test, hang_up, check_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_BOARD(what_was_put_up_last_is_read),
        CHECK_BOARD(who_reads_has_no_right_to_write),
        CHECK_BOARD(who_is_stopped_holds_up_nobody_who_reads),
        CHECK_BOARD(who_is_killed_holds_up_nobody),
        CHECK_BOARD(however_many_write_it_is_whole),
        CHECK_BOARD(both_are_in_the_middle),
        CHECK_BOARD(of_many_each_has_a_number),
        CHECK_BOARD(when_some_are_killed_all_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
