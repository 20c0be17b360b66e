/* SPDX-License-Identifier: MIT */
/* test_verdict_answers.c - who claims that answers were crossed, and is wrong.
 */
#include "test_verdict_clients.h"

#include "manager/connections.h"
#include "manager/pickle.h"

struct tale {
    bool alone;             /* the other one is itself; */
    bool elsewhere;         /* it is another descriptor; */
    bool reconnected;       /* the child has a connection of its own; */
    bool same_name;         /* both ask for the same; */
    bool knows;             /* one has its answer before it asks; */
    bool in_turn;           /* one reads before the other asks; */
    bool parent_first;      /* the parent asks first; */
    bool child_reads_first; /* as it should */
    bool unread;            /* one is not read */
};

static struct witness_answer mine;
static struct wire wire;

static int connect_once(void)
{
    struct datum none = datum_none(), result = {0}, name = datum_tuple("s", "");
    bool usable;
    int error = wire_open(&wire, &server.place, 5 * SECOND);

    if (!error)
        error = wire_request(&wire, &result, &none, "accept_connection", &name,
                             NULL, 5 * SECOND, &usable);
    datum_drop(&name);
    datum_drop(&result);
    return error ? error : connection_set_read_ahead(&wire.connection, 0);
}

static void ask(void)
{
    struct datum request =
        datum_tuple("OsOO", datum_share(&object.token.record->fields[2]), "get",
                    datum_tuple("ss", "nobody", mine.asked), datum_dict());
    struct buffer out = {0};

    if (pickle_dump(&out, &request) < 0 ||
        connection_send(&wire.connection, out.bytes, out.length) < 0)
        _exit(1);
    datum_drop(&request);
    buffer_free(&out);
}

static void take_answer(void)
{
    char message[512];
    struct datum reply = {0};
    ssize_t n = connection_recv(&wire.connection, message, sizeof message);

    if (n < 0 || pickle_load(message, (size_t)n, NULL, &reply, NULL) < 0)
        _exit(1);
    snprintf(mine.got, sizeof mine.got, "%s",
             (char *)reply.sequence->items[1].text->bytes);
    datum_drop(&reply);
}

static void name_oneself(const struct tale *t)
{
    snprintf(mine.asked, sizeof mine.asked, "process %d",
             t->same_name ? 0 : getpid());
}

static void be_child(const struct tale *t)
{
    if (t->reconnected) {
        wire_close(&wire);
        if (connect_once() < 0)
            _exit(1);
    }
    name_oneself(t);
    say_done();
    told(0);
    ask();
    say_done();
    told(0);
    take_answer();
    say_done();
    pause_for_ever();
}

/* Each asks, and then each reads. */
static void use_both(struct witness *w, const struct tale *t)
{
    if (t->parent_first)
        ask();
    let(0);
    hear(1);
    if (t->in_turn)
        let(0);
    if (!t->parent_first)
        ask();
    witness_show(w, 2);
    if (t->child_reads_first) {
        let(0);
        hear(1);
        take_answer();
        return;
    }
    take_answer();
    if (t->unread)
        return;
    let(0);
    hear(1);
}

static int tell(struct witness *w, const struct tale *t)
{
    pid_t child;

    if (prepare(w, "dict") || connect_once())
        return -EIO;
    name_oneself(t);
    child = fork();
    if (child == 0)
        be_child(t);
    hear(1);
    witness_victim(w, getpid());
    witness_holder(w, t->alone ? getpid() : child);
    witness_fd(w, "names", t->elsewhere ? done[0] : wire.connection.fd);
    witness_child_memory(w, &mine);
    if (t->knows)
        snprintf(mine.got, sizeof mine.got, "process %d", child);
    witness_show(w, 1);
    use_both(w, t);
    witness_show(w, 3);
    return 0;
}

TALE(it_is_alone, .alone = true)
TALE(its_descriptor_is_another, .elsewhere = true)
TALE(they_have_a_connection_each, .reconnected = true)
TALE(they_ask_for_the_same, .same_name = true)
TALE(it_knew_before, .knows = true)
TALE(they_take_turns, .in_turn = true)
TALE(the_parent_asks_first, .parent_first = true)
TALE(each_has_its_own, .child_reads_first = true)
TALE(one_is_unread, .unread = true)
TALE(they_are_crossed, .alone = false)

static void impostors_of_crossed_answers_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {it_is_alone, "is alone"},
        {its_descriptor_is_another, "is no connection to process"},
        {they_have_a_connection_each, "has another connection"},
        {they_ask_for_the_same, "both ask for the same"},
        {it_knew_before, "has an answer"},
        {they_take_turns, "does not hold both answers"},
        {the_parent_asks_first, "is first"},
        {each_has_its_own, "has got \"process"},
        {one_is_unread, "an answer is unread"},
        {only_pauses, "its time was over"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(CORRUPTS, "answers crossed", list);
}

static void crossed_answers_are_proven(void **state)
{
    const struct hazard it = {.expect = CORRUPTS,
                              .evidence = "answers crossed",
                              .run = they_are_crossed};

    (void)state;
    all_proven(&it, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            impostors_of_crossed_answers_are_not_proven, patient, census_end),
        cmocka_unit_test_setup_teardown(crossed_answers_are_proven, patient,
                                        census_end),
    };

    return RUN_PROMISES(tests);
}
