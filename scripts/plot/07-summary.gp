# SPDX-License-Identifier: MIT
#
# 07-summary.gp - every mechanism and peer, the fastest first, with intervals.
#
#     gnuplot -c scripts/plot/07-summary.gp run.tsv out.svg [FORMAT [FOOTER]]
#
# One size of message, 64 B if there is any: in a stream to another core, with
# its delay; there and back on one core; and of all that CPython does as well,
# how many times as long it takes.  Exit status 77: run.tsv has none of these.

HERE = system(sprintf("dirname \"%s\"", ARG0))
TSV = ARG1; OUTPUT = ARG2; FORMAT = ARG3; FOOTER = ARG4
style = HERE."/style.gp"
HEIGHT = 720
load style

# The rows of each block, as they stand one below the other.
SORT = " | LC_ALL=C sort -t '\t' "
PEOPLE = " | grep -v -e ^floor -e ^array -e ^cpython-array "
bytes = system("{ ".operations("stream", "")."; ".operations("there", "") \
    ."; }".PEOPLE."| awk -F '\t' '$3 > 0 { n[$3]++ } END { for (s in n)" \
    ."if (!best || s == 64 || (best != 64 && (n[s] > n[best]" \
    ."|| (n[s] == n[best] && s + 0 < best + 0)))) best = s; print best + 0 }'")
of_size = PEOPLE."| awk -F '\t' '$3 == 0 || $3 == ".bytes."'" \
    .SORT."-k 5,5g -k 1,1 -k 4,4g"
array Block[3] = [operations("stream", "").of_size, \
    operations("there", "").of_size, \
    operations("faster", "").SORT."-k 5,5gr -k 2,2"]
array Rows[3]
deep = 0
do for [b=1:3] {
    Rows[b] = int(system(Block[b]." | wc -l"))
    if (Rows[b] > deep) { deep = Rows[b] }
}
if (deep == 0) {
    print "no stream, no round trip, and nothing that CPython does as well"
    exit status 77
}
# As many as fit a slide; with more it grows, which is the style's to do.
HEIGHT = deep > 29 ? 720 + 18 * (deep - 29) : 720
load style

# The finding: the best of ours beside the best peer, both holding as many
# messages if a run has such rows, and CPython's queue.
who(block, name, column) = system(block." | awk -F '\t' '$1 == \"".name \
    ."\" { found = $".column." } END { print found }'")
place_of(b) = system(Block[b]." | tail -n 1 | sed 's/.*\t//'")
shown = Rows[1] > 0 ? 1 : 2
lead = system(Block[shown]." | awk -F '\t' '$4 == 1000'".leads)
held = shown == 2 ? "" : "; in the title, capacity 1000"
if (words(lead) < 6) {
    lead = system(Block[shown].leads)
    if (held ne "" && words(lead) > 5 && word(lead, 4)[1:7] ne "CPython") {
        held = "; in the title, capacities differ"
    } else {
        held = ""
    }
}
said(name, ns) = name." ".time_text(real(ns))
python = who(Block[shown], "cpython-queue", 5)
if (words(lead) >= 3) {
    mine = said(word(lead, 2), word(lead, 3))
    other = words(lead) < 6 ? "" : said(word(lead, 4), word(lead, 5))
    finding = size_text(real(bytes)).(shown == 2 ? " there and back: " \
        : place_of(1) eq "cross" ? " to another core: " : " in a stream: ") \
        .(other eq "" ? mine : real(word(lead, 5)) < real(word(lead, 3)) \
            ? other.", ".mine : mine.", ".other) \
        .(words(lead) > 5 && word(lead, 6) eq "level" ? " (level)" : "") \
        .(python eq "" || other[1:13] eq "CPython Queue" ? "" \
            : ", ".said("CPython Queue", python))
} else {
    best = system(Block[Rows[3] > 0 ? 3 : shown]." | awk -F '\t' 'NR == 1 {" \
        ."gsub(/_/, \"\\\\_\", $2); print $5, $2 }'")
    finding = best[strstrt(best, " ") + 1:*]." takes " \
        .time_text(real(word(best, 1)))
    if (Rows[3] > 0) {
        finding = "CPython takes up to ".ratio_text(real(word(best, 1))) \
            ." as long, in ".best[strstrt(best, " ") + 1:*]
    }
}
below(y) = 1 - (1 - y) * 720.0 / HEIGHT
set label 1002 fitted(finding) at screen 0.02,below(0.955) left
kind = system(rows("kind=result", "rounds interval_kind interval_level? " \
    ."median")." | tail -n 1")
set label 1003 "Median of ".rounds_of("kind=result")." rounds with fresh " \
    ."processes, bars: ".(word(kind, 2) eq "ci" ? sprintf("%.0f %% interval", \
        100 * real(word(kind, 3))) : "least and greatest") \
    .held."; closed loops and full streams; bold: ours; log scales" \
    at screen 0.02,below(0.905) left noenhanced \
    font sprintf("sans-serif,%d", small) textcolor rgb "#444444"
set label 1001 at screen 0.985,0.025 * 720 / HEIGHT right

# What stands in each column: of which block, from which field on.
array Of[4] = [1, 1, 2, 3]
array Field[4] = [5, 8, 5, 5]
array Head[4] = ["a message", "one way, p50", "round trip", ""]
# The rows that have a value in that field: which one, the value, and the ends
# of its interval, or itself.  How many there are, the least and the greatest.
dots(b, field) = Block[b]." | awk -F '\t' -v OFS='\t' -v f=".field." '" \
    ."$f != \"\" && $f != \"nan\" { print NR, $f," \
    ."($(f + 1) == \"nan\" ? $f : $(f + 1))," \
    ."($(f + 2) == \"nan\" ? $f : $(f + 2)) }'"
extent(b, field) = system(dots(b, field)." | awk '" \
    ."!n++ || $3 + 0 < low { low = $3 + 0 } $4 + 0 > high { high = $4 + 0 }" \
    ."END { print n + 0, low + 0, high + 0 }'")
has(b, field) = int(word(extent(b, field), 1)) > 0
# How wide its names are, in px of 1280; ours are bold, and so wider.
breadth(b) = 12 + int(system(Block[b]." | awk -F '\t' -v peers=" \
    .quote(peers." ")." '{ w = length($2) * (".b." == 3 || $1 ~ /^cpython/" \
    ."|| index(peers, $1 \" \") ? 7.4 : 8.2); if (w > most) most = w }" \
    ."END { print most + 0 }'"))
# Of each row, four words: style, name, capacity, and how many times faster.
rows_of(b) = system(Block[b]." | awk -F '\t' '{ gsub(/_/, \"\\\\_\", $2);" \
    ."printf \"\\\"%s\\\" \\\"%s\\\" %s %s \", $1, $2, $4, " \
    .(b < 3 ? "$11" : "\"nan\"")." }'")
array Shown[4]; array Factor[3]; array Name[3]
do for [p=1:4] { Shown[p] = has(Of[p], Field[p]) }
do for [b=1:3] {
    Factor[b] = b < 3 && has(b, 11) ? 60 : 0
    Name[b] = breadth(b)
}
CAPACITY = 44
GAP = 24
fixed = 0
do for [b=1:3] {
    if (Rows[b] > 0) { fixed = fixed + Name[b] + Factor[b] + GAP }
}
if (Rows[1] > 0) { fixed = fixed + CAPACITY }
wide = (1280 - 20 - 12 - fixed + GAP) / (sum [p=1:4] Shown[p])
if (wide > 700) { wide = 700 }

names_font = sprintf("sans-serif,%d", FORMAT eq "png" ? 10 : 13)
text_color = "#222222"
said_in(p, value) = p == 4 ? ratio_text(value) : time_text(value)
strong(text) = "{/:Bold ".text."}"
is_ours(name) = !is_peer(name) && name[1:7] ne "cpython"
# A call has a size of its own, about that of the others'.
calls = Rows[2] > 0 ? int(system(Block[2]." | grep -cE " \
    ."'^(cpython-manager|manager|redis)' || true")) : 0
title_of(b) = b == 1 ? size_text(real(bytes))." in a full stream, " \
        .place_text(place_of(1)) \
    : b == 2 ? size_text(real(bytes)).(calls > 0 ? ", or a call," : "") \
        ." there and back, ".place_text(place_of(2)) \
    : "CPython's time, × ours"
unset key
unset xtics
unset ytics
set border 0
set grid noxtics noytics
set logscale x
set errorbars 1.8
set datafile separator "\t"
set yrange [(deep > 12 ? deep : 12) + 0.6 : 0.4]
set tmargin at screen below(0.80)
set bmargin at screen 0.06 * 720 / HEIGHT
set multiplot
edge = 20.0
do for [p=1:4] {
    if (!Shown[p]) { continue }
    b = Of[p]
    n = Rows[b]
    starts = p != 2
    names_at = edge
    if (starts) { edge = edge + Name[b] + (b == 1 ? CAPACITY : 0) }
    set lmargin at screen edge / 1280
    set rmargin at screen (edge + wide) / 1280
    range = extent(b, Field[p])
    low = real(word(range, 2)); high = real(word(range, 3))
    if (p == 4 && low > 1) { low = 1 }
    span = log(high / low) > 0.7 ? log(high / low) : 0.7
    # Room for the text behind the farthest point.
    room = 66.0 / (wide > 120 ? wide - 66 : 60)
    set xrange [low * exp(-0.06 * span) : high * exp(room * 1.06 * span)]
    row = rows_of(b)
    set label 1 Head[p] at graph 0,screen below(0.815) left noenhanced \
        font names_font textcolor rgb "#666666"
    if (starts) {
        set label 2 title_of(b) at screen names_at / 1280,below(0.85) left \
            noenhanced font sprintf("sans-serif,%d", small) \
            textcolor rgb text_color
    }
    if (p == 1) {
        set label 3 "capacity" at screen (edge - 10) / 1280, \
            screen below(0.815) right noenhanced font names_font \
            textcolor rgb "#666666"
    }
    last_of = p > 1 || !Shown[2]
    if (last_of && Factor[b] > 0) {
        set label 4 "× CPython" at screen (edge + wide + Factor[b]) / 1280, \
            screen below(0.815) right noenhanced font names_font \
            textcolor rgb "#666666"
    }
    do for [i=1:n] {
        name = word(row, 4 * i - 3)
        set arrow 10 + i from graph 0,first i to graph 1,first i nohead \
            back lc rgb "#E4E4E4" lw 1
        if (starts) {
            shown_as = word(row, 4 * i - 2)
            if (b < 3 && is_ours(name)) { shown_as = strong(shown_as) }
            set label 100 + i shown_as at screen names_at / 1280,first i left \
                font names_font textcolor rgb text_color
        }
        if (p == 1 && int(word(row, 4 * i - 1)) > 0) {
            set label 200 + i word(row, 4 * i - 1) at screen \
                (edge - 10) / 1280,first i right noenhanced \
                font names_font textcolor rgb text_color
        }
        times = word(row, 4 * i)
        if (last_of && Factor[b] > 0 && times ne "nan") {
            set label 300 + i ratio_text(real(times)) at screen \
                (edge + wide + Factor[b]) / 1280,first i right noenhanced \
                font names_font textcolor rgb text_color
        }
    }
    if (p == 4) {
        set arrow 9 from 1,graph 0 to 1,graph 1 nohead back \
            lc rgb "#000000" lw 1.2
    }
    set table $Dots separator tab
    plot "< ".dots(b, Field[p]) using 1:2:3:4 with table
    unset table
    plot for [i=1:n] $Dots using ($1 == i && $3 < $4 ? $2 : NaN):1:3:4 \
        with xerrorbars lc rgb colour_of(word(row, 4 * i - 3)) \
        lw (is_ours(word(row, 4 * i - 3)) ? 1.8 : 1.2) dt solid pt -1 \
        notitle, \
        for [i=1:n] $Dots using ($1 == i ? $2 : NaN):1 with points \
        ls style_of(word(row, 4 * i - 3)) ps 0.75 notitle, \
        $Dots using ($4 > $2 ? $4 : $2):1:(said_in(p, $2)) \
        with labels left offset character 0.8,0 noenhanced font names_font \
        textcolor rgb text_color notitle
    edge = edge + wide + (last_of ? Factor[b] + GAP : 0)
    unset label
    unset arrow
}
unset multiplot
set output
