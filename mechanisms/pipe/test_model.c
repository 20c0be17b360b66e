/* SPDX-License-Identifier: MIT */
/*
 * test_model.c - a Connection against a model of it, for long.
 *
 * The model is a list of the numbers and sizes of messages that an echoing
 * child owes us.  Random operations must find what it says, to the byte.  The
 * seed is printed; IPCLAB_TEST_SEED=N runs the same again.
 */
#include "pipe/test_ends.h"

#include <inttypes.h>

enum {
    OPERATIONS = 10000,
    OWED = 64,        /* messages under way at most */
    UNDER_WAY = 32768 /* bytes of them, so that nobody waits for room */
};

static uint64_t seed;

static struct {
    struct connection *in, *out;
    size_t sizes[OWED]; /* of messages first to next - 1, modulo OWED */
    uint64_t first, next;
    size_t bytes;
} model;

static size_t below(size_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (size_t)(seed % n);
}

/* Small ones most often, and those around where the code takes a turn. */
static size_t any_size(void)
{
    const size_t turns[] = {4088, 4150, 16380, 65530, 300000};

    switch (below(8)) {
    case 0:
        return turns[below(5)] + below(16);
    case 1:
        return below(10000);
    case 2:
        return 0;
    default:
        return below(200);
    }
}

static size_t size_owed(void)
{
    return model.sizes[model.first % OWED];
}

static void send_one(void)
{
    static unsigned char data[400000];
    size_t size = any_size(), offset = below(2) ? below(100) : 0;

    /* A large one goes alone: the child reads all of it before it echoes. */
    if (model.next - model.first == OWED ||
        (model.bytes && model.bytes + size > UNDER_WAY))
        return;
    test_fill(data + offset, size, model.next);
    if (offset)
        assert_int_equal(connection_send_part(model.out, data, sizeof data,
                                              (int64_t)offset, (int64_t)size),
                         0);
    else
        assert_int_equal(connection_send(model.out, data, size), 0);
    model.sizes[model.next++ % OWED] = size;
    model.bytes += size;
}

static void is_received(const void *data, ssize_t got)
{
    assert_int_equal(got, size_owed());
    assert_true(test_is(data, (size_t)got, model.first));
    model.bytes -= size_owed();
    model.first++;
}

static void receive_one(void)
{
    static unsigned char back[400000];
    size_t size = size_owed();
    void *message;

    if (below(3) == 0) {
        assert_int_equal(connection_poll(model.in, NO_TIMEOUT), 1);
        is_received(back, connection_recv(model.in, back,
                                          size + below(sizeof back - size)));
        return;
    }
    if (size && below(3) == 0) {
        assert_int_equal(connection_recv(model.in, back, below(size)),
                         -EMSGSIZE);
        assert_int_equal(connection_pending(model.in), size);
        assert_true(connection_is_ahead(model.in));
    }
    if (below(2)) {
        is_received(back, connection_recv(model.in, back, size));
        return;
    }
    assert_int_equal(connection_recv_new(model.in, &message, size), size);
    is_received(message, (ssize_t)size);
    free(message);
}

static void look(void)
{
    struct waitable it = {.connection = model.in};
    bool owed = model.next > model.first;

    if (!owed) {
        assert_false(connection_is_ahead(model.in));
        assert_int_equal(connection_poll(model.in, 0), 0);
        assert_int_equal(wait_ready(&it, 1, -1), 0);
        return;
    }
    assert_int_equal(connection_poll(model.in, NO_TIMEOUT), 1);
    assert_int_equal(wait_ready(&it, 1, 0), 1);
    assert_true(it.ready);
}

/* Only an empty buffer may be changed or handed on. */
static void change(void)
{
    const size_t lengths[] = {0, 1, 10, 100, 4160, 70000};
    int expected = connection_is_ahead(model.in) ? -EBUSY : 0;
    struct parcel parcel;

    assert_int_equal(connection_set_read_ahead(model.in, lengths[below(6)]),
                     expected);
    parcel_init(&parcel);
    assert_int_equal(connection_pack(model.in, &parcel), expected);
    parcel_free(&parcel);
}

static void run(bool duplex)
{
    struct connection ends[4];
    pid_t pid;

    memset(&model, 0, sizeof model);
    pid = test_fork_echo(duplex, ends, &model.in, &model.out);
    for (int i = 0; i < OPERATIONS; i++)
        switch (below(8)) {
        case 0:
            look();
            break;
        case 1:
            change();
            break;
        case 2:
        case 3:
        case 4:
            send_one();
            break;
        default:
            if (model.next > model.first)
                receive_one();
        }
    while (model.next > model.first)
        receive_one();
    look();
    assert_true(model.bytes == 0);
    assert_true(model.next > OPERATIONS / 8);
    test_end_echo(pid, ends);
}

static void random_operations_on_two_pipes_agree_with_the_model(void **state)
{
    (void)state;
    run(false);
}

static void random_operations_on_a_socket_pair_agree_with_the_model(void **s)
{
    (void)s;
    run(true);
}

int main(int argc, char **argv)
{
    const char *given = getenv("IPCLAB_TEST_SEED");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            random_operations_on_two_pipes_agree_with_the_model, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(
            random_operations_on_a_socket_pair_agree_with_the_model,
            census_begin, census_end),
    };

    mechanisms_init(argc, argv);
    seed = given ? strtoull(given, NULL, 10) : (uint64_t)clock_now();
    if (seed == 0)
        seed = 1; /* the generator would stay at 0 */
    print_message("seed %" PRIu64 "\n", seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
