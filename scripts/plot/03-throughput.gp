# SPDX-License-Identifier: MIT
#
# 03-throughput.gp - bytes per second of a stream against the size of its
# messages, below what memcpy moves.
#
#     gnuplot -c scripts/plot/03-throughput.gp run.tsv out.svg [FORMAT [FOOTER]]
#
# Both sides on one core.  Exit status 77: run.tsv has no such row.

HERE = system(sprintf("dirname \"%s\"", ARG0))
TSV = ARG1; OUTPUT = ARG2; FORMAT = ARG3; FOOTER = ARG4
load HERE."/style.gp"

# One entry for each line that has rows: of what, in which style, called what.
array Where[5]; array Style[5]; array Title[5]
lines = 0
do for [i=1:5] {
    what = "placement=same ".(i < 3 ? "mechanism=pipe" : "mechanism=floor") \
        ." workload=".word("stream stream-duplex pipe-stream unix-stream " \
        ."memcpy", i)
    if (count(what, "bytes bytes_per_s") > 0) {
        lines = lines + 1
        Where[lines] = what
        Style[lines] = word("pipe pipe-duplex floor floor-variant " \
            ."floor-memcpy", i)
        Title[lines] = i == 1 ? "Pipe(duplex=False)" \
            : i == 2 ? "Pipe(), a socket pair" \
            : i == 3 ? "floor: raw pipe" \
            : i == 4 ? "floor: raw AF_UNIX socket" : "floor: one memcpy"
    }
}
if (lines == 0 || Style[1] ne "pipe") {
    print "no pipe/stream on one core"
    exit status 77
}

# The finding: the best of the pipe, and with which messages.
rate_text(x) = x < 1e6 ? digits(x / 1e3)." kB/s" \
    : x < 1e9 ? digits(x / 1e6)." MB/s" : digits(x / 1e9)." GB/s"
best(where) = system(rows(where, "bytes bytes_per_s") \
    ." | LC_ALL=C sort -g -k 2 | tail -n 1")
finding = "A pipe moves up to ".rate_text(real(word(best(Where[1]), 2)))
if (lines > 1 && Style[2] eq "pipe-duplex") {
    finding = finding.", a socket pair ".rate_text(real(word( \
        best(Where[2]), 2)))
}
rounds = first(Where[1], "rounds")
set label 1002 bold(finding) at screen 0.02,0.955 left
set label 1003 "Payload over time, of ".rounds." rounds with fresh processes; " \
    ."both processes on one core; one side sends as fast as it can, the " \
    ."other checks" at screen 0.02,0.905 left noenhanced \
    font sprintf("sans-serif,%d", small) textcolor rgb "#444444"

# The ranges: every line, and room above them for the key.
every = ""
do for [i=1:lines] {
    every = every.rows(Where[i], "bytes bytes_per_s")."; "
}
range = system("{ ".every."} | awk '$1 > 0 {" \
    ."if (!n++) { a = b = $1; c = d = $2 }" \
    ."if ($1 < a) a = $1; if ($1 > b) b = $1;" \
    ."if ($2 < c) c = $2; if ($2 > d) d = $2" \
    ."} END { print a, b, c, d }'")
low = real(word(range, 1)); high = real(word(range, 2))
if (high < 4 * low) { low = low / 4; high = high * 4 }
set logscale xy
set xrange [low / 1.3 : high * 1.3]
bottom = real(word(range, 3)) / 1.9
top = real(word(range, 4)) * 3
set yrange [bottom : top]
set xlabel "payload of one message"
set ylabel "payload per second" offset 0.5,0
set xtics ()
do for [e=0:28:(high / low > 1e5 ? 4 : 2)] {
    set xtics add (size_text(2.0**e) 2.0**e)
}
set ytics ()
do for [e=3:12] {
    set ytics add (sprintf("%d %s", int(10**(e % 3)), \
        word("kB MB GB TB", e / 3)) 10.0**e)
    do for [m=2:9] { set ytics add ("" m * 10.0**e 1) }
}
set lmargin at screen 0.1
set rmargin at screen 0.975

# What Linux guarantees and gives: see 01-roundtrip.gp.
rule(n) = n > low && n < high
do for [n in "4096 65536"] {
    if (rule(int(n))) {
        set arrow from int(n),bottom to int(n),top nohead back \
            lc rgb "#999999" dt (6,5) lw 1.2
        set label (n eq "4096" ? "PIPE_BUF, 4 KiB" \
                               : "a pipe holds 64 KiB, a frame has 4 B more") \
            at int(n),bottom * 1.4 left offset character 0.6,0 noenhanced \
            font sprintf("sans-serif,%d", small) textcolor rgb "#666666"
    }
}

set key top left Left reverse samplen 4 spacing 1.15 noenhanced
plot for [i=lines:1:-1] "< ".rows(Where[i], "bytes bytes_per_s") \
    using 1:2 with linespoints ls style_of(Style[i]) notitle, \
    for [i=1:lines] NaN with linespoints ls style_of(Style[i]) title Title[i]
set output
