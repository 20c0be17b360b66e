/* SPDX-License-Identifier: MIT */
/* test_verdict_asked.c - who claims that a server was told nothing, or lost a
 * count, and is wrong; and who is no server. */
#include "test_verdict_clients.h"

/* --- "copy changed" --- */

struct tale {
    bool alone;     /* it is said to be its own server, ... */
    bool elsewhere; /* or its server is a process without a socket of it, ... */
    bool stopped;   /* or one that does not answer, ... */
    const char *junk; /* or answers so; */
    size_t junk_size;
    bool unknown;  /* there is no such object; */
    bool idle;     /* nothing is changed; */
    bool tells;    /* or the server is told; */
    bool replaced; /* or asked is another, in the end */
};

static int64_t items;

/* At the other end of a socket of ours, one that answers everything so. */
static pid_t fork_oracle(const struct tale *t)
{
    char bytes[256];
    int ends[2];
    pid_t child;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
        _exit(9);
    child = fork();
    if (child == 0) {
        close(ends[0]);
        while (read(ends[1], bytes, sizeof bytes) > 0)
            write_full(ends[1], t->junk, t->junk_size);
        _exit(0);
    }
    close(ends[1]);
    return child;
}

static void choose_server(struct witness *w, const struct tale *t)
{
    if (t->alone)
        w->server = getpid();
    if (t->elsewhere)
        w->server = fork_to(pause_for_ever);
    if (t->stopped)
        kill(server.process.pid, SIGSTOP);
    if (t->junk)
        w->server = fork_oracle(t);
    if (t->unknown)
        witness_server(w, w->server, "0");
}

static int tell(struct witness *w, const struct tale *t)
{
    if (prepare(w, "dict"))
        return -EIO;
    call("__setitem__", "k", 1);
    witness_victim(w, getpid());
    witness_child_memory(w, &items);
    choose_server(w, t);
    witness_show(w, 1);
    items += !t->idle;
    if (t->tells)
        call("__setitem__", "k", 2);
    if (t->replaced)
        w->server = getppid();
    witness_show(w, 2);
    return 0;
}

TALE(nothing_is_changed, .idle = true)
TALE(its_server_is_told, .tells = true)
TALE(its_server_is_itself, .alone = true)
TALE(its_server_is_elsewhere, .elsewhere = true)
TALE(its_server_is_stopped, .stopped = true)
TALE(its_server_is_another_then, .replaced = true)
TALE(its_object_is_unknown, .unknown = true)
TALE(its_server_says_nothing_known, .junk = "\0\0\0\2N.", .junk_size = 6)
TALE(its_server_never_ends, .junk = "\377\377\377\377", .junk_size = 4)
TALE(its_server_stops_within, .junk = "\0\0\0\2N", .junk_size = 5)
TALE(it_is_a_copy, .idle = false)

static void impostors_of_a_copy_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {nothing_is_changed, "has changed nothing"},
        {its_server_is_told, "it was told"},
        {its_server_is_itself, "is its own server"},
        {its_server_is_elsewhere, "has no connection to process"},
        {its_server_is_stopped, "says nothing of its object: Connection timed"},
        {its_server_is_another_then, "these are other processes"},
        {its_object_is_unknown, "says nothing of its object: Remote I/O"},
        {its_server_says_nothing_known, "of its object: Bad message"},
        {its_server_never_ends, "of its object: Bad message"},
        {its_server_stops_within, "of its object: Connection timed out"},
        {only_pauses, "its time was over"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(LOSES, "copy changed", list);
}

/* --- "updates lost in a server" --- */

static struct witness_turn mine = {.read = -1};

static void add_by_two_calls(int k)
{
    mine.read = get("n");
    say_done();
    told(k);
    mine.wrote = mine.read + 1;
    call("__setitem__", "n", mine.wrote);
}

/* Says what the others say, and loses nothing. */
static void add_late(int k)
{
    int64_t n = mine.read = get("n");

    say_done();
    told(k);
    mine.wrote = n + 1;
    call("__setitem__", "n", get("n") + 1);
}

static void read_late(int k)
{
    get("n");
    say_done();
    told(k);
    add_late(k);
}

static void write_nothing(int k)
{
    mine.read = get("n");
    say_done();
    told(k);
}

static void add_and_spin(int k)
{
    add_by_two_calls(k);
    say_done();
    spin();
}

/* It has the number by other means. */
static void do_without(int k)
{
    mine.read = 0;
    say_done();
    told(k);
    mine.wrote = 1;
}

struct story {
    void (*adds[CLIENTS])(int k); /* both, when the second has none */
    bool alone, in_turn, idle, odd, unshown;
};

static pid_t start(const struct story *s, int k)
{
    pid_t child = fork();

    if (child != 0)
        return child;
    (s->adds[k] ? s->adds[k] : s->adds[0])(k);
    say_done();
    pause_for_ever();
}

static int tell_story(struct witness *w, const struct story *s)
{
    pid_t one, other;

    if (prepare(w, "dict"))
        return -EIO;
    call("__setitem__", "n", 0);
    if (s->odd)
        call("__setitem__", "m", 0);
    one = start(s, 0);
    other = start(s, 1);
    hear(CLIENTS);
    witness_victim(w, one);
    witness_holder(w, s->alone ? one : other);
    witness_child_memory(w, &mine);
    if (!s->unshown)
        witness_show(w, 1);
    let(0);
    if (s->in_turn)
        hear(1);
    if (!s->idle)
        let(1);
    hear(CLIENTS - s->in_turn - s->idle);
    witness_show(w, 2);
    return 0;
}

#define STORY(name, ...)                                                       \
    static int name(struct witness *w, int cure)                               \
    {                                                                          \
        (void)cure;                                                            \
        return tell_story(w, &(struct story){__VA_ARGS__});                    \
    }

STORY(nothing_is_lost, .adds = {add_by_two_calls, add_late}, .in_turn = true)
STORY(second_reads_late, .adds = {add_by_two_calls, read_late}, .in_turn = true)
STORY(second_writes_nothing, .adds = {add_by_two_calls, write_nothing})
STORY(second_is_idle, .adds = {add_by_two_calls}, .idle = true)
STORY(second_is_the_first, .adds = {add_by_two_calls}, .alone = true)
STORY(second_spins, .adds = {add_by_two_calls, add_and_spin})
STORY(second_is_no_client, .adds = {add_by_two_calls, do_without})
STORY(it_is_no_number, .adds = {add_by_two_calls}, .odd = true)
STORY(nobody_looked_before, .adds = {add_by_two_calls}, .unshown = true)
STORY(one_is_lost, .adds = {add_by_two_calls})

static void impostors_of_a_lost_call_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {nothing_is_lost, "2: nothing is lost"},
        {second_reads_late, "has read -1"},
        {second_writes_nothing, "and written 0"},
        {second_is_idle, "has not run since"},
        {second_is_the_first, "adds alone"},
        {second_spins, "does not sleep"},
        {second_is_no_client, "has no connection to process"},
        {it_is_no_number, "what the server has is {'n': 0, 'm': 0}"},
        {nobody_looked_before, "stage 2 came after stage 0"},
        {only_pauses, "its time was over"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(LOSES, "updates lost in a server", list);
}

static void what_is_so_is_proven(void **state)
{
    const struct hazard list[] = {
        {.expect = LOSES, .evidence = "copy changed", .run = it_is_a_copy},
        {.expect = LOSES,
         .evidence = "updates lost in a server",
         .run = one_is_lost},
    };

    (void)state;
    all_proven(list, sizeof list / sizeof *list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(impostors_of_a_copy_are_not_proven,
                                        patient, census_end),
        cmocka_unit_test_setup_teardown(impostors_of_a_lost_call_are_not_proven,
                                        patient, census_end),
        cmocka_unit_test_setup_teardown(what_is_so_is_proven, patient,
                                        census_end),
    };

    return RUN_PROMISES(tests);
}
