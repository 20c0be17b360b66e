# SPDX-License-Identifier: MIT
#
# 03-throughput.gp - bytes a second that a stream moves, against their packing.
#
#     gnuplot -c scripts/plot/03-throughput.gp run.tsv out.svg [FORMAT [FOOTER]]
#
# Both sides on one core; the ceiling is one memcpy of each message.  Exit
# status 77: run.tsv has no such row.

HERE = system(sprintf("dirname \"%s\"", ARG0))
TSV = ARG1; OUTPUT = ARG2; FORMAT = ARG3; FOOTER = ARG4
load HERE."/style.gp"

array Where[40]; array Column[40]; array Style[40]; array Title[40]
lines = 0
mechanisms = "pipe pipe-duplex queue simple-queue joinable-queue ring"
titles = "'Pipe(duplex=False)' 'Pipe(), a socket pair' Queue SimpleQueue " \
    ."JoinableQueue 'ring in shared memory'"
floors = "pipe-stream unix-stream"
stream(name) = " mechanism=".(name eq "pipe-duplex" ? "pipe" : name) \
    ." workload=".(name eq "pipe-duplex" ? "stream-duplex" : "stream") \
    .(name eq "queue" ? " capacity=0 steps=0" \
        : name eq "joinable-queue" ? " capacity=0" : "")
do for [i=1:14] {
    m = i < 7 ? word(mechanisms, i) : i < 9 ? word(floors, i - 6) \
        : word(mechanisms, i - 8)
    what = "placement=same".(i == 7 || i == 8 \
        ? " mechanism=floor workload=".m : stream(m))
    column = i < 9 ? "median" : "reference"
    if (count(what, "bytes ".column) > 1) {
        lines = lines + 1
        Where[lines] = what
        Column[lines] = column
        Style[lines] = i < 7 ? m : i == 7 ? "floor" : i == 8 \
            ? "floor-variant" : twin_of(m)
        Title[lines] = i < 7 ? word(titles, i) : i == 7 ? "floor: raw pipe" \
            : i == 8 ? "floor: raw AF_UNIX socket" \
            : "CPython, ".(i == 10 ? "Pipe()" : word(titles, i - 8))
    }
}
if (lines == 0 || Column[1] ne "median" || Style[1][1:5] eq "floor") {
    print "no stream on one core, of two sizes or more"
    exit status 77
}
load HERE."/fastest.gp"

finding = subject(Style[fastest])." moves at most ".rate_text(most) \
    .", in messages of ".size_text(at).beside_memcpy
method = "Median of ".first(Where[1], "rounds")." rounds with fresh " \
    ."processes; both processes on one core; counted up to the last message " \
    ."that was received and checked"
WHAT = "message"; KEY = "bottom"
load HERE."/speeds.gp"
