/* SPDX-License-Identifier: MIT */
/* hazards.c - how a queue goes wrong, and the cures. */
#include "mechanism.h"

extern const struct hazard queue_hazards[];

const struct hazard queue_hazards[] = {
    {.name = NULL},
};
