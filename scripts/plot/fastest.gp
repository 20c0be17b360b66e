# SPDX-License-Identifier: MIT
#
# fastest.gp - what figures of bytes a second begin with: the ceiling, and which
# of the lines is the fastest of ours, at which size, beside memcpy there.

ceiling = "placement=same mechanism=floor workload=memcpy"
if (count(ceiling, "bytes median") < 2) {
    print "no memcpy of two sizes or more: it is the ceiling"
    exit status 77
}

# Size and bytes a second, from size and ns a message.
speeds(where, column) = rows(where, "bytes ".column) \
    ." | awk '$1 > 0 && $2 > 0 { printf \"%s\\t%.17g\\n\", $1, $1 * 1e9 / $2 }'"
best(where, column) = system(speeds(where, column) \
    ." | LC_ALL=C sort -k 2,2g | tail -n 1")

most = 0; fastest = 1
do for [i=1:lines] {
    if (Column[i] eq "median" && Style[i][1:5] ne "floor") {
        now = best(Where[i], "median")
        if (real(word(now, 2)) > most) {
            most = real(word(now, 2)); at = real(word(now, 1)); fastest = i
        }
    }
}
copy = system(speeds(ceiling, "median")." | awk '$1 == ".sprintf("%.0f", at) \
    ."'")
beside_memcpy = copy eq "" ? "" : "; memcpy ".rate_text(real(word(copy, 2)))
