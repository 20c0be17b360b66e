# SPDX-License-Identifier: MIT
#
# style.gp - what every figure shares.  A figure begins with
#
#     HERE = system(sprintf("dirname \"%s\"", ARG0))
#     TSV = ARG1; OUTPUT = ARG2; FORMAT = ARG3; FOOTER = ARG4
#     load HERE."/style.gp"
#
# Colours (Okabe-Ito), dashes and points belong to a mechanism's name, never to
# the order of plotting, so that a line means the same in every figure.

if (FORMAT eq "") FORMAT = "svg"
if (!exists("HEIGHT")) HEIGHT = 720
if (FORMAT eq "svg") {
    set terminal svg size 1280,HEIGHT enhanced background "white" \
        font "sans-serif,17" linewidth 1.2 name "ipclab"
}
if (FORMAT eq "png") {
    set terminal pngcairo size 1280,HEIGHT enhanced background "white" \
        font "sans-serif,13" linewidth 1.2
}
if (FORMAT eq "pdf") {
    set terminal pdfcairo size 12.8,HEIGHT / 100.0 enhanced background "white" \
        font "sans-serif,17" linewidth 1.6
}
set output OUTPUT
set encoding utf8

# A finding holds none of the marks of enhanced text: _ ^ @ & ~ { }
bold(text) = sprintf("{/:Bold=%d %s}", big, text)
big = FORMAT eq "png" ? 18 : 24
# As bold, and small enough for a text that is longer than a slide is wide.
fitted(text) = sprintf("{/:Bold=%.1f %s}", strlen(text) > 76 \
    ? big * 76.0 / strlen(text) : big, text)
small = FORMAT eq "png" ? 12 : 15

# A variant is what a figure shows beside the usual: duplex, huge pages.
names = "fork spawn forkserver pipe pipe-duplex queue simple-queue " \
      . "joinable-queue ring lock value array manager floor " \
      . "floor-variant floor-tiny cpython cpython-variant floor-copy " \
      . "cpython-queue cpython-simple-queue cpython-joinable-queue " \
      . "cpython-ring cpython-manager "  \
      . "cpython-fork cpython-spawn cpython-forkserver floor-spawn " \
      . "floor-python lock-robust semaphore floor-mutex floor-mutex-robust " \
      . "floor-sem cpython-lock cpython-semaphore " \
      . "queue-plain ring-spin raw-pipe af-unix posix-mq eventfd zeromq " \
      . "zeromq-pair boost open-mpi cpython-array array-raw cpython-array-raw " \
      . "redis array-turns cpython-array-turns"
set style line  1 lc rgb "#D55E00" dt solid        pt 7  lw 2.5 ps 0.9
set style line  2 lc rgb "#0072B2" dt (12,4)       pt 5  lw 2.5 ps 0.9
set style line  3 lc rgb "#009E73" dt (12,3,3,3)   pt 9  lw 2.5 ps 0.9
set style line  4 lc rgb "#0072B2" dt solid        pt 7  lw 2.5 ps 0.9
set style line  5 lc rgb "#E69F00" dt (14,4)       pt 5  lw 2.5 ps 0.9
set style line  6 lc rgb "#009E73" dt solid        pt 9  lw 2.5 ps 0.9
set style line  7 lc rgb "#56B4E9" dt (12,3,3,3)   pt 11 lw 2.5 ps 0.9
set style line  8 lc rgb "#E69F00" dt (4,3)        pt 13 lw 2.5 ps 0.9
set style line  9 lc rgb "#D55E00" dt (12,3,3,3,3,3) pt 15 lw 2.5 ps 0.9
set style line 10 lc rgb "#0072B2" dt (4,3)        pt 4  lw 2.5 ps 0.9
set style line 11 lc rgb "#56B4E9" dt solid        pt 12 lw 2.5 ps 0.9
set style line 12 lc rgb "#009E73" dt (14,4)       pt 8  lw 2.5 ps 0.9
set style line 13 lc rgb "#D55E00" dt (6,4)        pt 10 lw 2.5 ps 0.9
set style line 14 lc rgb "#000000" dt (2,3)        pt 6  lw 2.0 ps 0.8
set style line 15 lc rgb "#000000" dt (8,3,2,3)    pt 4  lw 2.0 ps 0.8
set style line 16 lc rgb "#000000" dt (14,3)       pt 12 lw 2.0 ps 0.8
set style line 17 lc rgb "#CC79A7" dt (6,3)        pt 8  lw 2.2 ps 1.0
set style line 18 lc rgb "#CC79A7" dt (12,3,3,3)   pt 10 lw 2.2 ps 1.0
set style line 19 lc rgb "#000000" dt solid        pt 2  lw 1.6 ps 0.7
set style line 20 lc rgb "#CC79A7" dt solid        pt 9  lw 2.2 ps 0.9
set style line 21 lc rgb "#CC79A7" dt (12,3,3,3)   pt 11 lw 2.2 ps 0.9
set style line 22 lc rgb "#CC79A7" dt (4,3)        pt 13 lw 2.2 ps 0.9
set style line 23 lc rgb "#CC79A7" dt (2,3)        pt 15 lw 2.2 ps 0.9
set style line 24 lc rgb "#CC79A7" dt (14,4)       pt 6  lw 2.2 ps 0.9
set style line 25 lc rgb "#CC79A7" dt solid        pt 6  lw 2.2 ps 1.0
set style line 26 lc rgb "#CC79A7" dt (12,4)       pt 4  lw 2.2 ps 1.0
set style line 27 lc rgb "#CC79A7" dt (12,3,3,3)   pt 8  lw 2.2 ps 1.0
set style line 28 lc rgb "#000000" dt (8,3,2,3)    pt 4  lw 2.0 ps 1.3
set style line 29 lc rgb "#777777" dt (6,2,2,2,2,2) pt 3 lw 2.0 ps 0.8
set style line 30 lc rgb "#D55E00" dt (12,4)       pt 11 lw 2.5 ps 0.9
set style line 31 lc rgb "#009E73" dt (12,3,3,3)   pt 5  lw 2.5 ps 0.9
set style line 32 lc rgb "#000000" dt (2,3)        pt 8  lw 2.0 ps 0.9
set style line 33 lc rgb "#000000" dt (8,3,2,3)    pt 10 lw 2.0 ps 0.9
set style line 34 lc rgb "#000000" dt (14,3)       pt 4  lw 2.0 ps 0.9
set style line 35 lc rgb "#CC79A7" dt (14,4)       pt 8  lw 2.2 ps 0.9
set style line 36 lc rgb "#CC79A7" dt (12,3,3,3)   pt 4  lw 2.2 ps 0.9
set style line 37 lc rgb "#009E73" dt (4,3)        pt 8  lw 2.2 ps 0.9
set style line 38 lc rgb "#D55E00" dt (4,3)        pt 14 lw 2.5 ps 0.9
# What a user would pick instead: thinner, and its points are hollow.
set style line 39 lc rgb "#0072B2" dt (2,2)        pt 6  lw 1.4 ps 0.8
set style line 40 lc rgb "#E69F00" dt (2,2)        pt 4  lw 1.4 ps 0.8
set style line 41 lc rgb "#009E73" dt (8,2,2,2)    pt 12 lw 1.4 ps 0.8
set style line 42 lc rgb "#56B4E9" dt (2,2)        pt 10 lw 1.4 ps 0.8
set style line 43 lc rgb "#D55E00" dt (8,2,2,2)    pt 8  lw 1.4 ps 0.8
set style line 44 lc rgb "#E69F00" dt (8,2,2,2)    pt 2  lw 1.4 ps 0.8
set style line 45 lc rgb "#0072B2" dt (8,2,2,2)    pt 14 lw 1.4 ps 0.8
set style line 46 lc rgb "#000000" dt (4,2)        pt 12 lw 1.4 ps 0.8
set style line 47 lc rgb "#CC79A7" dt (6,4)        pt 12 lw 2.2 ps 0.9
set style line 48 lc rgb "#009E73" dt (6,3)        pt 4  lw 2.2 ps 0.9
set style line 49 lc rgb "#CC79A7" dt (2,3)        pt 10 lw 2.2 ps 0.9
set style line 50 lc rgb "#56B4E9" dt (8,2,2,2)    pt 8  lw 1.4 ps 0.8
set style line 51 lc rgb "#009E73" dt (2,4)        pt 10 lw 2.2 ps 0.9
set style line 52 lc rgb "#CC79A7" dt (2,4)        pt 8  lw 2.2 ps 0.9
# The last is of a mechanism that has no style of its own yet.
set style line 53 lc rgb "#777777" dt solid        pt 1  lw 2.0 ps 0.9
listed(name) = sum [i=1:words(names)] (word(names, i) eq name ? i : 0)
style_of(name) = listed(name) > 0 ? listed(name) : words(names) + 1
colours = "#D55E00 #0072B2 #009E73 #0072B2 #E69F00 #009E73 #56B4E9 #E69F00 " \
        . "#D55E00 #0072B2 #56B4E9 #009E73 #D55E00 #000000 #000000 #000000 " \
        . "#CC79A7 #CC79A7 #000000 #CC79A7 #CC79A7 #CC79A7 #CC79A7 #CC79A7 " \
        . "#CC79A7 #CC79A7 #CC79A7 #000000 #777777 #D55E00 #009E73 #000000 " \
        . "#000000 #000000 #CC79A7 #CC79A7 #009E73 #D55E00 #0072B2 #E69F00 " \
        . "#009E73 #56B4E9 #D55E00 #E69F00 #0072B2 #000000 #CC79A7 #009E73 " \
        . "#CC79A7 #56B4E9 #009E73 #CC79A7 #777777"
twin_of(name) = name eq "pipe" ? "cpython" \
    : name eq "pipe-duplex" ? "cpython-variant" : "cpython-".name
colour_of(name) = word(colours, style_of(name))

# Rows of the tsv, as a shell command; in ascending order of the first column.
quote(text) = "'".text."'"
rows(where, columns) = "LC_ALL=C awk -f ".quote(HERE."/select.awk") \
    . " -v where=".quote(where)." -v columns=".quote(columns) \
    . " ".quote(TSV)." | LC_ALL=C sort -g"
HIST = system("dirname ".quote(TSV))."/hist.tsv"
bins(where, columns) = "LC_ALL=C awk -f ".quote(HERE."/select.awk") \
    . " -v where=".quote(where)." -v columns=".quote(columns) \
    . " ".quote(HIST)." 2>/dev/null | LC_ALL=C sort -g"
count(where, columns) = int(system(rows(where, columns)." | wc -l"))
first(where, columns) = system(rows(where, columns)." | head -n 1")

# What one operation took, of a panel of operations.awk: style, title, bytes,
# capacity, median and its interval, one way and its interval, times faster
# and its interval, and the placement of the panel.
VALUES = "kind mechanism workload bytes? placement settings? median " \
    ."median_low? median_high? latency_p50? latency_p50_low? " \
    ."latency_p50_high? times_faster? times_faster_low? times_faster_high?"
peers = "raw-pipe af-unix posix-mq eventfd zeromq zeromq-pair boost open-mpi " \
      ."redis"
is_peer(name) = sum [i=1:words(peers)] (word(peers, i) eq name ? 1 : 0)
operations(panel, options) = "LC_ALL=C awk -f ".quote(HERE."/select.awk") \
    ." -v where= -v columns=".quote(VALUES)." ".quote(TSV) \
    ." | LC_ALL=C awk -f ".quote(HERE."/operations.awk") \
    ." -v panel=".panel." -v peers=".quote(peers)." ".options
leads = " | LC_ALL=C awk -f ".quote(HERE."/leads.awk")." -v peers=" \
    .quote(peers)." | sed 's/.*/\"&\"/' | tr '\n' ' '"
place_text(place) = place eq "same" ? "one core" \
    : place eq "cross" ? "two cores" : "whatever cores"

# "7", or "5 to 7".
rounds_of(where) = system(rows(where, "rounds median") \
    ." | awk 'NR == 1 { n = $1 } { m = $1 } END {" \
    ." print (n == m ? n : n \" to \" m) }'")

# A mechanism as the subject of a finding.
subject(name) = name eq "pipe" ? "A pipe" \
    : name eq "pipe-duplex" ? "A duplex pipe" \
    : name eq "simple-queue" ? "A simple queue" \
    : name eq "joinable-queue" ? "A joinable queue" : "A ".name

# 7214 -> "7.2 µs": two or three digits that mean something.
digits(x) = x < 10 ? sprintf("%.1f", x) : sprintf("%.0f", x)
time_text(ns) = ns < 1e3 ? sprintf("%.0f ns", ns) \
    : ns < 999.5e3 ? digits(ns / 1e3)." µs" \
    : ns < 999.5e6 ? digits(ns / 1e6)." ms" : digits(ns / 1e9)." s"
size_text(n) = n < 1024 ? sprintf("%.0f B", n) \
    : n < 1048576 ? sprintf("%.0f KiB", n / 1024.0) \
    : n < 1073741824 ? sprintf("%.0f MiB", n / 1048576.0) \
    : sprintf("%.0f GiB", n / 1073741824.0)

rate_text(b) = b < 999.5e3 ? digits(b / 1e3)." kB/s" \
    : b < 999.5e6 ? digits(b / 1e6)." MB/s" : digits(b / 1e9)." GB/s"
often_text(n) = n < 999.5e3 ? digits(n / 1e3)." thousand" \
    : n < 999.5e6 ? digits(n / 1e6)." million" : digits(n / 1e9)." billion"
ratio_text(x) = x < 9.995 ? sprintf("%.2f ×", x) : sprintf("%.0f ×", x)

set border 3 lw 1 lc rgb "#444444"
set tics nomirror out scale 0.6 textcolor rgb "#222222"
set grid xtics ytics lc rgb "#DDDDDD" dt solid lw 0.6
set style fill transparent solid 0.15 noborder
set tmargin at screen 0.86
set bmargin at screen 0.145

# Times on a log axis, in words; every figure that has one sets its range.
set ytics ("10 ns" 1e1, "100 ns" 1e2, "1 µs" 1e3, "10 µs" 1e4, \
    "100 µs" 1e5, "1 ms" 1e6, "10 ms" 1e7, "100 ms" 1e8, "1 s" 1e9)
do for [e=1:8] {
    do for [m=2:9] { set ytics add ("" m * 10**e 1) }
}

# The three texts around a figure: what it shows, how, and where.
set label 1001 FOOTER at screen 0.985,0.025 right noenhanced \
    font sprintf("sans-serif,%d", small - 2) textcolor rgb "#666666"
