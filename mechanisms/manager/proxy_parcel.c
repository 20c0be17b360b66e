/* SPDX-License-Identifier: MIT */
/*
 * proxy_parcel.c - a proxy on its way to a child.
 *
 * The parcel has a reference, which the parent took for it and the child gives
 * back when it has taken its own.  A server of ours counts references by
 * process, so it is told whose that one was; CPython's takes no such argument,
 * and is asked again without.  What is never unpacked keeps its object as long
 * as the server has it (ours: until the parent has ended).
 */
#include "manager/connections.h"

#include "manager/pickle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The token and what is exposed, as one pickle. */
static int put_value(const struct proxy *p, struct parcel *parcel)
{
    struct datum value =
        datum_tuple("OO", datum_share(&p->token), datum_share(&p->exposed));
    struct buffer out = {0};
    int error = pickle_dump(&out, &value);

    if (!error)
        error = parcel_put_u64(parcel, out.length);
    if (!error)
        error = parcel_put(parcel, out.bytes, out.length);
    buffer_free(&out);
    datum_drop(&value);
    return error;
}

static int take_value(struct datum *value, struct parcel *parcel)
{
    uint64_t n;
    void *bytes;
    int error = parcel_take_u64(parcel, &n);

    if (error || n > parcel->length - parcel->taken)
        return error ? error : -ENODATA;
    bytes = malloc(n ? n : 1);
    if (!bytes)
        return -ENOMEM;
    error = parcel_take(parcel, bytes, n);
    if (!error)
        error = pickle_load(bytes, n, NULL, value, NULL);
    free(bytes);
    if (!error && (value->kind != DATUM_TUPLE || value->sequence->length != 2 ||
                   value->sequence->items[0].kind != DATUM_TOKEN)) {
        datum_drop(value);
        error = -EBADMSG;
    }
    return error;
}

static int put_place(const struct manager_place *at, struct parcel *parcel)
{
    int error = parcel_put_text(parcel, at->address);

    if (!error)
        error = parcel_put_u64(parcel, at->key_length);
    return error ? error : parcel_put(parcel, at->key, at->key_length);
}

static int take_place(struct manager_place *at, struct parcel *parcel)
{
    const char *address;
    uint64_t length;
    int error = parcel_take_text(parcel, &address);

    if (!error)
        error = parcel_take_u64(parcel, &length);
    if (error)
        return error;
    if (strlen(address) >= sizeof at->address || length > sizeof at->key)
        return -EBADMSG;
    strcpy(at->address, address);
    at->key_length = length;
    return parcel_take(parcel, at->key, length);
}

int proxy_pack(const struct proxy *p, struct parcel *parcel)
{
    const struct manager_place *at;
    int error;

    if (!p->hold)
        return -EINVAL;
    if (p->hold->place->ended)
        return -EPIPE;
    at = &p->hold->place->at;
    error = request_count(at, "incref", &p->hold->ident);
    if (error)
        return error == -EREMOTEIO ? -ESTALE : error;
    error = parcel_put_u64(parcel, (uint64_t)getpid());
    if (!error)
        error = put_place(at, parcel);
    if (!error)
        error = put_value(p, parcel);
    if (error)
        request_count(at, "decref", &p->hold->ident);
    return error;
}

/* Give back the reference that the process `whose` took for the parcel. */
static void give_parcels(const struct manager_place *at,
                         const struct datum *ident, uint64_t whose)
{
    struct datum result;
    int error =
        request_once(at, &result, "decref",
                     datum_tuple("Oi", datum_share(ident), (int64_t)whose),
                     NULL, REQUEST_PATIENCE);

    datum_drop(&result);
    if (error == -EREMOTEIO)
        request_count(at, "decref", ident);
}

int proxy_unpack(struct proxy *p, struct parcel *parcel)
{
    struct manager_place at = {0};
    struct datum value = {0};
    const struct datum *items, *token;
    uint64_t whose;
    int error = parcel_take_u64(parcel, &whose);

    *p = (struct proxy){0};
    if (!error)
        error = take_place(&at, parcel);
    if (!error)
        error = take_value(&value, parcel);
    if (error)
        return error;
    items = value.sequence->items;
    token = items[0].record->fields;
    error = request_count(&at, "incref", &token[2]);
    give_parcels(&at, &token[2], whose); /* nobody will unpack it again */
    if (!error) {
        error =
            proxy_open(p, &at, datum_share(&token[0]), &token[2], &items[1]);
        if (error)
            request_count(&at, "decref", &token[2]);
    }
    datum_drop(&value);
    return error == -EREMOTEIO ? -ESTALE : error;
}
