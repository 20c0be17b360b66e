# SPDX-License-Identifier: MIT
#
# 10-copy.gp - bytes a second into an Array, below memcpy.
#
#     gnuplot -c scripts/plot/10-copy.gp run.tsv out.svg [FORMAT [FOOTER]]
#
# CPython's slice is assigned an item at a time; its view of the same memory is
# one memcpy.  Exit status 77: run.tsv has no such row.

HERE = system(sprintf("dirname \"%s\"", ARG0))
TSV = ARG1; OUTPUT = ARG2; FORMAT = ARG3; FOOTER = ARG4
load HERE."/style.gp"

array Where[4]; array Column[4]; array Style[4]; array Title[4]
lines = 0
workloads = "copy copy-raw copy copy-raw"
styles = "array array-raw cpython-array cpython-array-raw"
titles = "'Array, a slice under its lock' 'RawArray, a slice' " \
    ."'CPython Array, a slice' 'CPython RawArray, a memoryview'"
do for [i=1:4] {
    what = "placement=same mechanism=array workload=".word(workloads, i)
    column = i < 3 ? "median" : "reference"
    if (count(what, "bytes ".column) > 1) {
        lines = lines + 1
        Where[lines] = what
        Column[lines] = column
        Style[lines] = word(styles, i)
        Title[lines] = word(titles, i)
    }
}
if (lines == 0 || Column[1] ne "median") {
    print "no array/copy of two sizes or more"
    exit status 77
}
load HERE."/fastest.gp"

finding = "An array is filled with at most ".rate_text(most).", " \
    .size_text(at)." at a time".beside_memcpy
method = "Median of ".first(Where[1], "rounds")." rounds with fresh " \
    ."processes; one process; a word in each cache line is written before " \
    ."and checked behind"
WHAT = "slice"; KEY = "at graph 0.98,0.475 top"
load HERE."/speeds.gp"
