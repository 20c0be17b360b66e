# SPDX-License-Identifier: MIT
#
# select.awk - rows and columns of run.tsv or hist.tsv, by their names.
#
#     awk -f select.awk -v where='mechanism=pipe placement=same' \
#         -v columns='bytes median' run.tsv
#
# A name that is no column is looked for in `settings`; a row that lacks it, or
# has nan in a column that is asked for, is left out, unless it is asked for as
# `name?`.  `where` knows = alone.
#
# A row whose peers were started otherwise than by fork, as all are unless asked,
# is left out unless `where` names its start: a figure would have two of it.

function value(name,    n, i, pair) {
    if (name in column)
        return $column[name]
    n = split($column["settings"], setting, ",")
    for (i = 1; i <= n; i++)
        if (split(setting[i], pair, "=") == 2 && pair[1] == name)
            return pair[2]
    return "nan"
}

BEGIN {
    FS = "\t"
    conditions = split(where, condition, " ")
    wanted = split(columns, want, " ")
    by_start = (" " where) ~ / start=/
}

# Are these peers, and not what the row itself is a start of?
function starts_otherwise(    start, mechanism) {
    start = value("start")
    mechanism = value("mechanism")
    return start != "fork" && start != "nan" && start != mechanism \
        && mechanism != "cpython"
}

NR == 1 {
    sub(/^# /, "") # of hist.tsv
    for (i = 1; i <= NF; i++)
        column[$i] = i
    next
}

{
    for (i = 1; i <= conditions; i++) {
        split(condition[i], side, "=")
        if (value(side[1]) "" != side[2] "")
            next
    }
    if (!by_start && starts_otherwise())
        next
    line = ""
    for (i = 1; i <= wanted; i++) {
        name = want[i]
        optional = sub(/[?]$/, "", name)
        found = value(name)
        if (!optional && (found == "nan" || found == "-nan" || found == ""))
            next
        line = line (i > 1 ? "\t" : "") found
    }
    print line
}
