/* SPDX-License-Identifier: MIT */
/* test_segment.c - SharedMemory: made, attached to, closed, unlinked; its name,
 * its size, and every error. */
#include "shm/test_segments.h"

#include <sys/prctl.h>

static const unsigned char *bytes_of(const struct shared_memory *m)
{
    return m->buf;
}

static void expect_closed(const struct shared_memory *m)
{
    assert_null(m->buf);
    assert_int_equal(m->fd, -1);
}

static void end(struct shared_memory *m)
{
    shared_memory_close(m);
    expect_closed(m);
    assert_int_equal(shared_memory_unlink(m), 0);
}

/* --- the life of one --- */

static void who_attaches_sees_what_was_written(void **state)
{
    const char *name = test_name("seen");
    struct shared_memory m, other;

    (void)state;
    assert_int_equal(shared_memory_create(&m, name, 512), 0);
    assert_true(m.size == 512);
    assert_string_equal(m.name, name);
    for (size_t i = 0; i < 512; i++)
        assert_int_equal(bytes_of(&m)[i], 0);
    assert_int_equal(shared_memory_attach(&other, name), 0);
    assert_true(other.size == 512);
    assert_string_equal(other.name, name);
    assert_ptr_not_equal(other.buf, m.buf);
    memset(m.buf, 42, 512);
    assert_int_equal(bytes_of(&other)[511], 42);
    ((unsigned char *)other.buf)[0] = 43;
    assert_int_equal(bytes_of(&m)[0], 43);
    shared_memory_close(&other);
    shared_memory_close(&other);
    expect_closed(&other);
    assert_int_equal(bytes_of(&m)[1], 42);
    end(&m);
}

/* Its pages come and go with their users, and the name with unlink. */
static void it_stays_while_it_has_its_name(void **state)
{
    struct shared_memory m, other;

    (void)state;
    assert_int_equal(shared_memory_create(&m, test_name("stays"), 100), 0);
    strcpy(m.buf, "kept");
    shared_memory_close(&m);
    assert_true(segment_exists(m.name));
    assert_int_equal(shared_memory_attach(&other, m.name), 0);
    assert_string_equal(other.buf, "kept");
    assert_int_equal(shared_memory_unlink(&m), 0); /* which is closed */
    assert_false(segment_exists(m.name));
    assert_string_equal(other.buf, "kept");
    assert_int_equal(shared_memory_attach(&m, other.name), -ENOENT);
    expect_closed(&m);
    assert_int_equal(shared_memory_unlink(&other), -ENOENT);
    shared_memory_close(&other);
}

static void who_attached_may_unlink_it_and_it_is_done_once(void **state)
{
    struct shared_memory m, other;

    (void)state;
    listen_to_tracker();
    assert_int_equal(shared_memory_create(&m, test_name("once"), 1), 0);
    assert_int_equal(shared_memory_attach(&other, m.name), 0);
    assert_int_equal(shared_memory_unlink(&other), 0);
    assert_false(segment_exists(m.name));
    assert_int_equal(shared_memory_unlink(&m), -ENOENT);
    assert_int_equal(shared_memory_unlink(&other), -ENOENT);
    shared_memory_close(&m);
    shared_memory_close(&other);
    free(tracker_said());
}

/* --- names --- */

static void a_slash_before_a_name_is_no_part_of_it(void **state)
{
    char slashed[80];
    struct shared_memory m, other;

    (void)state;
    snprintf(slashed, sizeof slashed, "/%s", test_name("slash"));
    assert_int_equal(shared_memory_create(&m, slashed, 8), 0);
    assert_string_equal(m.name, slashed + 1);
    assert_true(segment_exists(slashed + 1));
    assert_int_equal(shared_memory_attach(&other, slashed + 1), 0);
    shared_memory_close(&other);
    assert_int_equal(shared_memory_attach(&other, slashed), 0);
    shared_memory_close(&other);
    assert_int_equal(shared_memory_create(&other, slashed + 1, 8), -EEXIST);
    end(&m);
}

static void a_name_that_is_made_up_is_pythons(void **state)
{
    struct shared_memory m[20];

    (void)state;
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(shared_memory_create(&m[i], NULL, 8), 0);
        assert_int_equal(strlen(m[i].name), 4 + 8);
        assert_int_equal(strncmp(m[i].name, "psm_", 4), 0);
        assert_int_equal(strspn(m[i].name + 4, "0123456789abcdef"), 8);
        assert_true(segment_exists(m[i].name));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(m[i].name, m[k].name);
    }
    for (size_t i = 0; i < 20; i++)
        end(&m[i]);
}

static void a_name_that_no_file_can_have_is_an_error(void **state)
{
    const char *bad[] = {"",    "/",   "//",   ".",  "..",  "/.",
                         "/..", "a/b", "/a/b", "a/", "//a", "a\nb"};
    char long_name[NAME_MAX + 3];
    struct shared_memory m;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(shared_memory_create(&m, bad[i], 8), -EINVAL);
        expect_closed(&m);
        assert_int_equal(shared_memory_attach(&m, bad[i]), -EINVAL);
        expect_closed(&m);
    }
    memset(long_name, 'n', sizeof long_name);
    long_name[NAME_MAX + 1] = '\0';
    assert_int_equal(shared_memory_create(&m, long_name, 8), -ENAMETOOLONG);
    assert_int_equal(shared_memory_attach(&m, long_name), -ENAMETOOLONG);
    long_name[0] = '/'; /* it is one less so */
    assert_int_equal(shared_memory_create(&m, long_name, 8), 0);
    end(&m);
}

static void a_name_may_hold_what_the_trackers_lines_are_parted_by(void **state)
{
    struct shared_memory m;
    char name[80];

    (void)state;
    listen_to_tracker();
    snprintf(name, sizeof name, "%s:a b:c", test_name("odd"));
    assert_int_equal(shared_memory_create(&m, name, 8), 0);
    end(&m);
    expect_struck_out(&m);
}

/* --- what is there already --- */

static void one_that_is_taken_is_eexist_and_left_alone(void **state)
{
    struct shared_memory m, other;

    (void)state;
    assert_int_equal(shared_memory_create(&m, test_name("taken"), 100), 0);
    strcpy(m.buf, "mine");
    assert_int_equal(shared_memory_create(&other, m.name, 200), -EEXIST);
    expect_closed(&other);
    assert_string_equal(m.buf, "mine");
    assert_int_equal(shared_memory_attach(&other, m.name), 0);
    assert_true(other.size == 100);
    assert_string_equal(other.buf, "mine");
    shared_memory_close(&other);
    end(&m);
}

/* Who lost its name to another must not take that from it. */
static void a_name_that_is_anothers_now_is_not_unlinked(void **state)
{
    struct shared_memory old, new, other;

    (void)state;
    listen_to_tracker();
    assert_int_equal(shared_memory_create(&old, test_name("passed"), 8), 0);
    assert_int_equal(shared_memory_attach(&other, old.name), 0);
    assert_int_equal(shared_memory_unlink(&other), 0);
    assert_int_equal(shared_memory_create(&new, old.name, 8), 0);
    assert_int_equal(shared_memory_unlink(&old), -ENOENT);
    assert_int_equal(shared_memory_unlink(&other), -ENOENT);
    assert_true(segment_exists(new.name));
    shared_memory_close(&old);
    shared_memory_close(&other);
    end(&new);
    free(tracker_said());
}

/* What is no segment by that name is not mapped, and not followed. */
static void what_is_no_segment_is_not_attached_to(void **state)
{
    const char *name = test_name("other");
    char path[128];
    struct shared_memory m;

    (void)state;
    snprintf(path, sizeof path, "/dev/shm/%s", name);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(shared_memory_attach(&m, name), -EISDIR);
    rmdir(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(shared_memory_attach(&m, name), -EINVAL);
    unlink(path);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(shared_memory_attach(&m, name), -ELOOP);
    assert_int_equal(shared_memory_create(&m, name, 8), -EEXIST);
    unlink(path);
    expect_closed(&m);
    assert_int_equal(shared_memory_attach(&m, name), -ENOENT);
}

/* Python's, between its shm_open and its ftruncate. */
static void one_that_has_no_size_yet_is_enodata(void **state)
{
    const char *name = test_name("empty");
    struct shared_memory m;
    int fd = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(shared_memory_attach(&m, name), -ENODATA);
    expect_closed(&m);
    assert_int_equal(ftruncate(fd, 12345), 0);
    assert_int_equal(shared_memory_attach(&m, name), 0);
    assert_true(m.size == 12345);
    close(fd);
    end(&m);
}

/* --- sizes --- */

static void it_is_as_large_as_was_asked_for(void **state)
{
    const size_t sizes[] = {1,
                            2,
                            test_page() - 1,
                            test_page(),
                            test_page() + 1,
                            (size_t)3 << 20,
                            ((size_t)65 << 20) + 1};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct shared_memory m, other;
        struct stat file;

        assert_int_equal(shared_memory_create(&m, NULL, sizes[i]), 0);
        assert_int_equal(fstat(m.fd, &file), 0);
        assert_true(m.size == sizes[i] && (size_t)file.st_size == sizes[i]);
        assert_true((size_t)file.st_blocks * 512 >= sizes[i]); /* it is there */
        assert_int_equal(file.st_mode & 07777, 0600);
        assert_int_equal(fcntl(m.fd, F_GETFD), FD_CLOEXEC);
        assert_int_equal(shared_memory_attach(&other, m.name), 0);
        assert_true(other.size == sizes[i]);
        ((unsigned char *)m.buf)[sizes[i] - 1] = 9;
        assert_int_equal(bytes_of(&other)[sizes[i] - 1], 9);
        shared_memory_close(&other);
        end(&m);
    }
}

static void a_size_that_cannot_be_is_an_error_and_leaves_nothing(void **state)
{
    const size_t much[] = {SIZE_MAX, SIZE_MAX / 2 + 1, PTRDIFF_MAX,
                           PTRDIFF_MAX - 4096, (size_t)1 << 50};
    const char *name = test_name("size");
    struct shared_memory m;

    (void)state;
    assert_int_equal(shared_memory_create(&m, name, 0), -EINVAL);
    expect_closed(&m);
    for (size_t i = 0; i < sizeof much / sizeof *much; i++) {
        assert_int_equal(shared_memory_create(&m, name, much[i]), -ENOMEM);
        expect_closed(&m);
        assert_int_equal(shared_memory_create(&m, NULL, much[i]), -ENOMEM);
        assert_false(segment_exists(name));
    }
    assert_int_equal(shared_memory_attach(&m, name), -ENOENT);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(who_attaches_sees_what_was_written),
        TEST(it_stays_while_it_has_its_name),
        TEST(who_attached_may_unlink_it_and_it_is_done_once),
        TEST(a_slash_before_a_name_is_no_part_of_it),
        TEST(a_name_that_is_made_up_is_pythons),
        TEST(a_name_that_no_file_can_have_is_an_error),
        TEST(a_name_may_hold_what_the_trackers_lines_are_parted_by),
        TEST(one_that_is_taken_is_eexist_and_left_alone),
        TEST(a_name_that_is_anothers_now_is_not_unlinked),
        TEST(what_is_no_segment_is_not_attached_to),
        TEST(one_that_has_no_size_yet_is_enodata),
        TEST(it_is_as_large_as_was_asked_for),
        TEST(a_size_that_cannot_be_is_an_error_and_leaves_nothing),
    };

    mechanisms_init(argc, argv);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
