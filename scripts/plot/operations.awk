# SPDX-License-Identifier: MIT
#
# operations.awk - what one operation took: the rows of a panel, for a figure.
#
#     ... | awk -f operations.awk -v panel=there|stream|faster -v peers=NAMES \
#         [-v usual=1]
#
# In: kind, mechanism, workload, bytes, placement, settings, then values.  Out,
# in any order: style, title, bytes (0: it has none), capacity (0: as much as it
# likes), the values, and the placement that the panel is of.
#
# there   there and back; on one core, unless a run has no such row.
# stream  a message of a full stream; on two cores, unless a run has no such
#         row.  Beside them the copies that one process makes.
# faster  every workload, one row of each, held against CPython: the median and
#         its interval stand for it, and the title is the workload's own name.
#
# What spins has no row on one core: it is taken from two, and says so.  Of
# settings other than a capacity, a row has the usual; `usual` leaves one
# capacity of each style, 0, or else the 1000 that peers have, in brackets where
# it is ours; and floors no further than what is held against them.

BEGIN {
    FS = OFS = "\t"
    n_titles = split("pipe|Pipe(duplex=False)|pipe-duplex|Pipe()|" \
        "queue|Queue|queue-plain|Queue, item by item|" \
        "simple-queue|SimpleQueue|joinable-queue|JoinableQueue|" \
        "ring-spin|ring, spinning|array|Array, a copy|" \
        "array-turns|Array, by turns|" \
        "manager|Manager, a call|raw-pipe|raw pipe|af-unix|AF_UNIX|" \
        "posix-mq|POSIX mq|zeromq|ZeroMQ PUSH/PULL|zeromq-pair|ZeroMQ PAIR|" \
        "boost|Boost message_queue|open-mpi|Open MPI|redis|Redis INCR|" \
        "floor|floor: raw pipe|floor-copy|floor: memcpy|" \
        "cpython|CPython Pipe|cpython-queue|CPython Queue|" \
        "cpython-manager|CPython Manager|cpython-array|CPython Array|" \
        "cpython-array-turns|CPython Array, by turns", text, "|")
    for (i = 1; i < n_titles; i += 2)
        titles[text[i]] = text[i + 1]
    split(panel == "stream" ? "cross free same" : "same free cross", places, \
        " ")
}

function setting(text, name,    n, i, pair, all) {
    n = split(text, all, ",")
    for (i = 1; i <= n; i++)
        if (split(all[i], pair, "=") == 2 && pair[1] == name)
            return pair[2] + 0
    return 0
}

# roundtrip, roundtrip-spin, call (not its variants): there.  copy and memcpy: stream, of itself.
function panel_of(workload) {
    return workload ~ /^(roundtrip(-|$)|call$)/ || workload ~ /-pingpong$/ \
        ? "there" : workload ~ /^stream(-|$)/ || workload ~ /-stream$/ \
        || workload ~ /^(copy|memcpy)$/ ? "stream" : ""
}

function is_peer(name) {
    return index(" " peers " ", " " name " ") > 0
}

function size(n) {
    return n < 1024 ? n " B" : n < 1048576 ? n / 1024 " KiB" \
        : n / 1048576 " MiB"
}

# A start is no message, and its parts end before it has done anything.
function is_start(mechanism) {
    return mechanism ~ /^(fork|spawn|forkserver)$/
}

function is_alone(workload) {
    return workload == "copy" || workload == "memcpy"
}

# What goes to another process and back is no copy that one makes alone.
function turns(mechanism, workload) {
    return mechanism == "array" && workload ~ /^(roundtrip|stream)$/ \
        ? "-turns" : ""
}

# The name that a style is bound to, or nothing: it is not shown.
function style(kind, mechanism, workload,    half) {
    if (kind == "floor")
        return workload ~ /^pipe-/ ? "floor" \
            : workload == "memcpy" ? "floor-copy" : ""
    if (kind == "reference") {
        split(workload, half, "/")
        return half[2] !~ /^(roundtrip|stream|call|copy)$/ ? "" \
            : half[1] == "pipe" ? "cpython" \
            : half[1] ~ /^(queue|manager|array)$/ \
                ? "cpython-" half[1] turns(half[1], half[2]) : ""
    }
    return mechanism turns(mechanism, workload) (match(workload, /-(duplex|spin)$/) \
        ? substr(workload, RSTART) : "")
}

function title(name) {
    return name in titles ? titles[name] : name
}

# How far a row is from the one that shows its workload best.
function distance(what, bytes, placement, settings) {
    return (bytes < 64 ? 64 / (bytes + 1) : bytes / 64) \
        + 1e6 * (placement != (what == "stream" ? "cross" : "same")) \
        + 1e6 * (setting(settings, "capacity") != 0) \
        + setting(settings, "resident") + setting(settings, "descriptors") \
        + 1e3 * (setting(settings, "processes") - 2) ^ 2
}

setting($6, "steps") || setting($6, "claim") || setting($6, "wait") {
    next
}

panel == "faster" {
    if ($1 != "result" || $13 == "nan" \
        || (is_start($2) && $3 ~ /^(call|first-instruction)$/))
        next
    name = $2 "/" $3
    far = distance(panel_of($3), $4 == "nan" ? 64 : $4, $5, $6)
    if (!(name in nearest) || far < nearest[name]) {
        nearest[name] = far
        line[name] = style($1, $2, $3) OFS name \
            ($4 == "nan" || $4 == 64 ? "" : " " size($4)) OFS \
            ($4 == "nan" ? 0 : $4) OFS 0 OFS $13 OFS $14 OFS $15 OFS $5
    }
    next
}

{
    workload = $3
    sub(/^.*\//, "", workload)
    name = style($1, $2, $3)
    if (name == "" || is_start(name) || panel_of(workload) != panel)
        next
    n++
    of[n] = name
    alone[n] = is_alone(workload)
    place[n] = $5
    bytes[n] = $4 == "nan" ? 0 : $4
    capacity[n] = setting($6, "capacity")
    values[n] = $7
    for (i = 8; i <= NF; i++)
        values[n] = values[n] OFS $i
    there[name, $5] = 1
    if ($1 == "result" && !alone[n] && workload !~ /-spin$/)
        ordinary[$5] = 1
    rank = capacity[n] == 0 ? 0 : capacity[n] == 1000 ? 1 : 1 + capacity[n]
    if (!((name, $5) in best) || rank < best[name, $5])
        best[name, $5] = rank
    ranks[n] = rank
}

# The placement that the panel is of, and which rows are of the panel.
function choose(    i, from) {
    chosen = "cross"
    for (i = 3; i >= 1; i--)
        if (places[i] in ordinary)
            chosen = places[i]
    for (i = 1; i <= n; i++) {
        from = alone[i] || (of[i], chosen) in there ? chosen : "cross"
        shown[i] = (place[i] == from || alone[i]) \
            && (!usual || ranks[i] == best[of[i], place[i]])
        said[i] = (usual && capacity[i] > 0 && !is_peer(of[i]) \
            ? " (" capacity[i] ")" : "") \
            (from == chosen ? "" : ", two cores")
    }
}

# Floors go no further than those that are held against them.
function cut_floors(    i, low, high, any) {
    for (i = 1; i <= n; i++)
        if (shown[i] && of[i] !~ /^floor/) {
            if (!any++ || bytes[i] + 0 < low)
                low = bytes[i] + 0
            if (bytes[i] + 0 > high + 0)
                high = bytes[i] + 0
        }
    for (i = 1; i <= n; i++)
        if (of[i] ~ /^floor/)
            shown[i] = shown[i] && any && bytes[i] >= low && bytes[i] <= high
}

END {
    choose()
    if (usual)
        cut_floors()
    for (i = 1; i <= n; i++)
        if (shown[i])
            print of[i], title(of[i]) said[i], bytes[i], capacity[i], \
                values[i], chosen
    for (name in line)
        print line[name]
}
