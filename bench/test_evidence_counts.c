/* SPDX-License-Identifier: MIT */
/* test_evidence_counts.c - pages, offsets, sockets and children, as counted
 * from outside. */
#include "common/test_census.h"

#include "common/io.h"
#include "evidence.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define PROMISE(name)                                                          \
    cmocka_unit_test_setup_teardown(name, census_begin, census_end)

static void a_listener_is_read_from_its_line(void **state)
{
    static const char rest[] = " 00000000:00000000 00:00000000 00000000  1000 "
                               "       0 4711 1 0000000000000000 100 0 0 10 0";
    char line[256];

    (void)state;
    if (htonl(1) == 1)
        skip(); /* the kernel prints the address as the machine has it */
    snprintf(line, sizeof line, "   3: 0100007F:1F90 00000000:0000 0A%s", rest);
    assert_int_equal(parse_listener(line, 8080), 4711);
    assert_int_equal(parse_listener(line, 8081), 0);
    snprintf(line, sizeof line, "   3: 0100007F:1F90 0100007F:0016 01%s", rest);
    assert_int_equal(parse_listener(line, 8080), 0); /* connected */
    snprintf(line, sizeof line, "   3: 0200007F:1F90 00000000:0000 0A%s", rest);
    assert_int_equal(parse_listener(line, 8080), 0); /* 127.0.0.2 */
    assert_int_equal(parse_listener("  sl  local_address rem_address", 8080),
                     0);
    assert_int_equal(parse_listener("", 8080), 0);
}

static void a_socket_that_listens_is_found_and_who_holds_it(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    pid_t self = getpid();
    const struct pids us = {.pid = &self, .count = 1};
    struct descriptor found[2];
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), port, copy;
    int64_t inode;

    (void)state;
    assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    port = ntohs(at.sin_port);
    assert_int_equal(listening_socket(port), 0);
    assert_int_equal(listen(fd, 1), 0);
    inode = listening_socket(port);
    assert_true(inode > 0);
    assert_int_equal(socket_holders(&us, (uint64_t)inode, found, 2), 1);
    assert_int_equal(found[0].fd, fd);
    copy = fd_duplicate(fd);
    assert_int_equal(socket_holders(&us, (uint64_t)inode, found, 1), 2);
    close(copy);
    close(fd);
    assert_int_equal(listening_socket(port), 0);
    assert_int_equal(socket_holders(&us, (uint64_t)inode, found, 2), 0);
}

static void an_offset_is_what_was_read(void **state)
{
    int fd = memfd_create("offset", MFD_CLOEXEC);

    (void)state;
    assert_int_equal(write_full(fd, "0123456789", 10), 0);
    assert_int_equal(process_offset(getpid(), fd), 10);
    lseek(fd, 3, SEEK_SET);
    assert_int_equal(process_offset(getpid(), fd), 3);
    close(fd);
    assert_int_equal(process_offset(getpid(), fd), -ENOENT);
}

static void pages_that_are_written_are_counted(void **state)
{
    const size_t size = 8 << 20, page = (size_t)sysconf(_SC_PAGESIZE);
    struct pages before, after;
    unsigned char *memory;

    (void)state;
    assert_int_equal(process_pages(getpid(), &before), 0);
    memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    madvise(memory, size, MADV_NOHUGEPAGE);
    for (size_t at = 0; at < size; at += page)
        memory[at] = 1;
    assert_int_equal(process_pages(getpid(), &after), 0);
    munmap(memory, size);
    assert_in_range(after.own - before.own, size, 2 * size);
    assert_in_range(after.resident - before.resident, size, 2 * size);
    assert_true(after.faults - before.faults >= size / page);
}

static void children_are_counted_dead_or_alive(void **state)
{
    struct process_stat found[2];
    siginfo_t info;
    pid_t child;

    (void)state;
    assert_int_equal(children_of(getpid(), found, 2), 0);
    child = fork();
    if (child == 0)
        _exit(0);
    assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(children_of(getpid(), found, 2), 1);
    assert_int_equal(found[0].pid, child);
    assert_int_equal(found[0].state, 'Z');
    assert_int_equal(children_of(getpid(), found, 0), 1);
    waitpid(child, NULL, 0);
    assert_int_equal(children_of(getpid(), found, 2), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROMISE(a_listener_is_read_from_its_line),
        PROMISE(a_socket_that_listens_is_found_and_who_holds_it),
        PROMISE(an_offset_is_what_was_read),
        PROMISE(pages_that_are_written_are_counted),
        PROMISE(children_are_counted_dead_or_alive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
