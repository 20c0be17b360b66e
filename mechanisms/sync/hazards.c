/* SPDX-License-Identifier: MIT */
/* hazards.c - how locks go wrong, and the cures. */
#include "mechanism.h"

extern const struct hazard sync_hazards[];

const struct hazard sync_hazards[] = {
    {.name = NULL},
};
