/* SPDX-License-Identifier: MIT */
/* test_matrix_manager.h - a proxy: what a child appends to the list its parent
 * finds there. */
#ifndef IPCLAB_TEST_MATRIX_MANAGER_H
#define IPCLAB_TEST_MATRIX_MANAGER_H

#include "start/test_matrix.h"

#include "manager/manager.h"

static inline int matrix_make_proxy(void *thing, void *kept)
{
    int error = manager_start(kept, START_FORK, NULL);

    return error ? error : manager_create(kept, thing, "list", "");
}

static inline int matrix_pack_proxy(void *thing, struct parcel *parcel)
{
    return proxy_pack(thing, parcel);
}

static inline int matrix_unpack_proxy(void *thing, struct parcel *parcel)
{
    return proxy_unpack(thing, parcel);
}

static inline int matrix_use_proxy(void *thing)
{
    struct datum result;

    return proxy_call(thing, &result, "append", "i", INT64_C(7))
               ? test_line(__LINE__)
               : 0;
}

/* And nobody has the object but the parent. */
static inline int matrix_check_proxy(void *thing, void *kept)
{
    struct datum result = {0};
    int64_t n = 0;

    if (proxy_call(thing, &result, "pop", "") || datum_to_int(&result, &n) ||
        n != 7)
        return test_line(__LINE__);
    proxy_close(thing);
    if (manager_number_of_objects(kept, &n) || n != 0)
        return test_line(__LINE__);
    return 0;
}

static inline void matrix_close_proxy(void *thing)
{
    proxy_close(thing);
}

static inline void matrix_close_manager(void *kept)
{
    manager_close(kept);
}

static const struct shareable matrix_proxy = {.name = "a manager's proxy",
                                              .make = matrix_make_proxy,
                                              .pack = matrix_pack_proxy,
                                              .unpack = matrix_unpack_proxy,
                                              .use = matrix_use_proxy,
                                              .check = matrix_check_proxy,
                                              .close = matrix_close_proxy,
                                              .close_kept =
                                                  matrix_close_manager};

#define MATRIX_MANAGER &matrix_proxy

#endif
