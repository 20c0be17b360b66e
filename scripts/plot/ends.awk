# SPDX-License-Identifier: MIT
#
# ends.awk - where the names of lines go, beside their ends and off each other.
#
#     ... | awk -f ends.awk -v low=Y -v high=Y -v gap=SHARE
#
# In: rows of operations.awk, a style's together, in ascending order of bytes.
# Out: a style, its title in quotes, the bytes and the median at its line's end,
# and the height of its name between low (0) and high (1), on a log axis.  The
# names are in the order of the ends and at least `gap` apart, or as far as
# there is room for; beyond that, each is as near to its end as can be.

BEGIN {
    FS = "\t"
}

$1 != last {
    n++
    last = $1
}

{
    style[n] = $1
    title[n] = $2
    bytes[n] = $3
    median[n] = $5
}

# By the median at the end, the lowest first.
function sort_ends(    i, j, k) {
    for (i = 1; i <= n; i++) {
        for (j = i; j > 1 && median[order[j - 1]] > median[i]; j--)
            order[j] = order[j - 1]
        order[j] = i
    }
}

# Without the gaps the names must not descend: those that would are one block,
# at the mean of where its own want to be.
function place_names(    i, want, blocks, b, within) {
    for (i = 1; i <= n; i++) {
        want = log(median[order[i]] / low) / log(high / low) - (i - 1) * gap
        blocks++
        sum[blocks] = want
        size[blocks] = 1
        while (blocks > 1 && sum[blocks - 1] / size[blocks - 1] \
            > sum[blocks] / size[blocks]) {
            sum[blocks - 1] += sum[blocks]
            size[blocks - 1] += size[blocks]
            blocks--
        }
    }
    i = 0
    for (b = 1; b <= blocks; b++)
        for (within = 1; within <= size[b]; within++) {
            want = sum[b] / size[b]
            want = want > 1 - (n - 1) * gap ? 1 - (n - 1) * gap : want
            i++
            place[i] = (want < 0 ? 0 : want) + (i - 1) * gap
        }
}

END {
    if (n > 1 && gap * (n - 1) > 1)
        gap = 1 / (n - 1)
    sort_ends()
    place_names()
    for (i = 1; i <= n; i++)
        printf "%s \"%s\" %s %s %.4f\n", style[order[i]], title[order[i]], \
            bytes[order[i]], median[order[i]], place[i]
}
