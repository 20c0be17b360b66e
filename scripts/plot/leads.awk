# SPDX-License-Identifier: MIT
#
# leads.awk - who is the fastest at the smallest size, and how far that holds.
#
#     ... | awk -f leads.awk -v peers='raw-pipe boost'
#
# In: rows of operations.awk.  Out, one a line: a size; who of ours is the
# fastest at it, and its median; who of the peers, and its median; their word.
# Then the first larger size at which the best peer is not behind, or else the
# largest; who of ours is the fastest there, who of the peers, and their word.
#
# A word is `ahead` (ours are), `behind`, or `level`: their intervals have a
# part in common.  CPython stands in for peers where they have no rows; where it
# has none either, there are three lines, and where ours have none, no line.
# Names are for enhanced text.

BEGIN {
    FS = "\t"
    n = split(peers, list, " ")
    for (i = 1; i <= n; i++)
        is_peer[list[i]] = 1
}

$1 ~ /^(floor|array|cpython-array)/ || $3 == 0 {
    next
}

{
    side = $1 in is_peer ? "peer" : $1 ~ /^cpython/ ? "cpython" : "ours"
    has[side] = 1
    here[side, $3] = 1
    median[$1, $3] = $5
    low[$1, $3] = $6 == "nan" ? $5 : $6
    high[$1, $3] = $7 == "nan" ? $5 : $7
    kind[$1] = side
    name = $1 == "ring-spin" ? "spinning ring" : $2
    sub(/ (PUSH|PAIR|message).*/, "", name)
    gsub(/_/, "\\_", name)
    title[$1] = name
    sizes[$3] = 1
}

# The style of the least median of a side at a size.
function fastest(side, size,    name, best) {
    for (name in kind)
        if (kind[name] == side && (name, size) in median \
            && (best == "" || median[name, size] + 0 < median[best, size] + 0 \
                || (median[name, size] == median[best, size] && name < best)))
            best = name
    return best
}

# The least size above another at which ours and, if there is one, the other
# side have rows.
function next_size(after, against,    size, least) {
    for (size in sizes)
        if (size + 0 > after + 0 && ("ours", size) in here \
            && (against == "" || (against, size) in here) \
            && (least == "" || size + 0 < least + 0))
            least = size
    return least
}

function word_of(mine, other, size) {
    return high[mine, size] + 0 < low[other, size] + 0 ? "ahead" \
        : high[other, size] + 0 < low[mine, size] + 0 ? "behind" : "level"
}

END {
    rival = "peer" in has ? "peer" : "cpython" in has ? "cpython" : ""
    size = next_size(0, rival)
    if (size == "" && rival != "") {
        rival = ""
        size = next_size(0, rival)
    }
    if (size == "")
        exit
    mine = fastest("ours", size)
    print size
    print title[mine]
    print median[mine, size]
    if (rival == "")
        exit
    other = fastest(rival, size)
    print title[other]
    print median[other, size]
    print word_of(mine, other, size)
    while ((at = next_size(size, rival)) != "") {
        size = at
        mine = fastest("ours", size)
        other = fastest(rival, size)
        if (word_of(mine, other, size) != "ahead")
            break
    }
    print size
    print title[mine]
    print title[other]
    print word_of(mine, other, size)
}
