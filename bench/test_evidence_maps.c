/* SPDX-License-Identifier: MIT */
/* test_evidence_maps.c - what is at an address, and who uses a file. */
#include "common/test_census.h"

#include "common/io.h"
#include "evidence.h"

#include <sys/mman.h>

static uint64_t address_of(const void *memory)
{
    return (uint64_t)(uintptr_t)memory;
}

static void an_address_is_of_a_file_and_shared_or_not(void **state)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    int fd = memfd_create("test", MFD_CLOEXEC);
    struct mapping m;
    struct stat file;
    char *memory;

    (void)state;
    assert_int_equal(ftruncate(fd, 3 * (off_t)page), 0);
    assert_int_equal(process_file(getpid(), fd, &file), 0);
    assert_int_equal(file.st_size, 3 * page);
    memory = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, (off_t)page);
    assert_int_equal(process_mapping(getpid(), address_of(memory + 5), &m), 0);
    assert_true(m.shared);
    assert_int_equal(m.begin, address_of(memory));
    assert_int_equal(m.end, address_of(memory + page));
    assert_int_equal(m.offset, page);
    assert_int_equal(m.file, file.st_ino);
    assert_int_equal(m.device, file.st_dev);
    munmap(memory, page);

    assert_int_equal(process_mapping(getpid(), address_of(&page), &m), 0);
    assert_false(m.shared);
    assert_int_equal(m.file, 0);
    assert_int_equal(process_mapping(getpid(), 0, &m), -EFAULT);
    close(fd);
    assert_int_equal(process_file(getpid(), fd, &file), -ENOENT);
}

static void a_file_is_used_while_it_is_open_or_mapped(void **state)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    struct stat file;
    void *memory;

    (void)state;
    assert_int_equal(ftruncate(fd, 1), 0);
    assert_int_equal(fstat(fd, &file), 0);
    assert_true(process_uses(getpid(), &file));
    assert_false(process_uses(1, &file));
    assert_true(file_is_used(&file));
    memory = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    assert_true(process_uses(getpid(), &file));
    assert_true(file_is_used(&file));
    munmap(memory, 1);
    assert_false(process_uses(getpid(), &file));
    assert_false(file_is_used(&file));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            an_address_is_of_a_file_and_shared_or_not, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(
            a_file_is_used_while_it_is_open_or_mapped, census_begin,
            census_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
