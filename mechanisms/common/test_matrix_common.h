/* SPDX-License-Identifier: MIT */
/* test_matrix_common.h - what a parcel carries by itself: bytes, descriptors,
 * regions. */
#ifndef IPCLAB_TEST_MATRIX_COMMON_H
#define IPCLAB_TEST_MATRIX_COMMON_H

#include "start/test_matrix.h"

#include "common/region.h"

#include <sys/mman.h>

static inline void matrix_close_nothing(void *thing)
{
    (void)thing;
}

/* --- bytes: a copy, of which the parent sees nothing more --- */

static inline int matrix_make_bytes(void *thing, void *kept)
{
    (void)kept;
    strcpy(thing, "a text that is not this long in every process");
    return 0;
}

static inline int matrix_pack_bytes(void *thing, struct parcel *parcel)
{
    return parcel_put_text(parcel, thing);
}

static inline int matrix_unpack_bytes(void *thing, struct parcel *parcel)
{
    const char *text;
    int error = parcel_take_text(parcel, &text);

    if (!error)
        snprintf(thing, SHAREABLE_SIZE, "%s", text);
    return error;
}

static inline int matrix_use_bytes(void *thing)
{
    char right[SHAREABLE_SIZE];

    matrix_make_bytes(right, NULL);
    return strcmp(thing, right) == 0 ? 0 : test_line(__LINE__);
}

static inline int matrix_check_bytes(void *thing, void *kept)
{
    (void)kept;
    return matrix_use_bytes(thing);
}

static const struct shareable matrix_bytes = {.name = "bytes",
                                              .make = matrix_make_bytes,
                                              .pack = matrix_pack_bytes,
                                              .unpack = matrix_unpack_bytes,
                                              .use = matrix_use_bytes,
                                              .check = matrix_check_bytes,
                                              .close = matrix_close_nothing};

/* --- a descriptor: one open file for all --- */

static inline int matrix_make_fd(void *thing, void *kept)
{
    (void)kept;
    *(int *)thing = memfd_create("shared", MFD_CLOEXEC);
    return *(int *)thing < 0 ? test_line(__LINE__) : 0;
}

static inline int matrix_pack_fd(void *thing, struct parcel *parcel)
{
    return parcel_put_fd(parcel, *(int *)thing);
}

static inline int matrix_unpack_fd(void *thing, struct parcel *parcel)
{
    return parcel_take_fd(parcel, thing);
}

/* Each moves the one offset on. */
static inline int matrix_use_fd(void *thing)
{
    return write_full(*(int *)thing, "used", 4) ? test_line(__LINE__) : 0;
}

static inline int matrix_check_fd(void *thing, void *kept)
{
    char text[8] = "";
    int fd = *(int *)thing;

    (void)kept;
    if (pread(fd, text, sizeof text, 0) != 4 || strcmp(text, "used") != 0)
        return test_line(__LINE__);
    return lseek(fd, 0, SEEK_CUR) == 4 ? 0 : test_line(__LINE__);
}

static inline void matrix_close_fd(void *thing)
{
    fd_close(thing);
}

static const struct shareable matrix_fd = {.name = "descriptor",
                                           .make = matrix_make_fd,
                                           .pack = matrix_pack_fd,
                                           .unpack = matrix_unpack_fd,
                                           .use = matrix_use_fd,
                                           .check = matrix_check_fd,
                                           .close = matrix_close_fd};

/* --- and put in twice: who takes both may close one --- */

static inline int matrix_pack_fd_twice(void *thing, struct parcel *parcel)
{
    int error = parcel_put_fd(parcel, *(int *)thing);

    return error ? error : parcel_put_fd(parcel, *(int *)thing);
}

static inline int matrix_unpack_fd_twice(void *thing, struct parcel *parcel)
{
    int other = -1, error = parcel_take_fd(parcel, thing);

    if (!error)
        error = parcel_take_fd(parcel, &other);
    fd_close(&other);
    return error;
}

static const struct shareable matrix_fd_twice = {.name = "descriptor, twice",
                                                 .make = matrix_make_fd,
                                                 .pack = matrix_pack_fd_twice,
                                                 .unpack =
                                                     matrix_unpack_fd_twice,
                                                 .use = matrix_use_fd,
                                                 .check = matrix_check_fd,
                                                 .close = matrix_close_fd};

/* --- a region: the same memory, wherever each has it --- */

static inline int matrix_make_region(void *thing, void *kept)
{
    (void)kept;
    return region_open(thing, 3 * 4096 + 5);
}

static inline int matrix_pack_region(void *thing, struct parcel *parcel)
{
    return region_pack(thing, parcel);
}

static inline int matrix_unpack_region(void *thing, struct parcel *parcel)
{
    return region_unpack(thing, parcel);
}

static inline int matrix_use_region(void *thing)
{
    struct region *r = thing;

    if (r->size != 3 * 4096 + 5)
        return test_line(__LINE__);
    memset(r->base, 'u', r->size);
    return 0;
}

static inline int matrix_check_region(void *thing, void *kept)
{
    const struct region *r = thing;

    (void)kept;
    for (size_t i = 0; i < r->size; i++)
        if (((const char *)r->base)[i] != 'u')
            return test_line(__LINE__);
    return 0;
}

static inline void matrix_close_region(void *thing)
{
    region_close(thing);
}

static const struct shareable matrix_region = {.name = "region",
                                               .make = matrix_make_region,
                                               .pack = matrix_pack_region,
                                               .unpack = matrix_unpack_region,
                                               .use = matrix_use_region,
                                               .check = matrix_check_region,
                                               .close = matrix_close_region};

#endif
