# SPDX-License-Identifier: GPL-2.0-only
# How scripts inside a machine talk to the lab outside. One mark is one line,
#
#   @lab NUMBER UPTIME WORD... ~
#
# The line ends in a tilde so that one torn by the hypervisor's own messages is
# recognised as such; lab_replay sends all of them again for that case.

LAB_MARKS=/run/lab/marks
LAB_NUMBER=0

lab_mark()
{
    read -r lab_uptime _ </proc/uptime
    LAB_NUMBER=$((LAB_NUMBER + 1))
    lab_line="@lab $LAB_NUMBER $lab_uptime $* ~"
    echo "$lab_line" >>$LAB_MARKS
    echo "$lab_line"
}

# lab_step NAME COMMAND...: run the command, report how it went. What it printed is
# shown only when it failed; $LAB_TEXT, if it sets that, goes into the report.
lab_step()
{
    lab_name=$1
    shift
    lab_mark begin "$lab_name"
    LAB_TEXT=
    "$@" >/run/lab/out 2>&1
    lab_rc=$?
    if [ $lab_rc = 0 ]; then
        lab_mark ok "$lab_name" $LAB_TEXT
    else
        echo "--- what $lab_name printed:"
        tail -n 40 /run/lab/out
        echo "---"
        lab_mark fail "$lab_name" "rc=$lab_rc" $LAB_TEXT
    fi
    return $lab_rc
}

lab_replay()
{
    echo
    cat $LAB_MARKS
}

# lab_send NAME FILE: the file, compressed, in numbered lines; twice, since a line may be
# torn. The lab outside checks the compressor's checksum.
lab_send()
{
    gzip -9c "$2" | base64 -w 120 >/run/lab/sending
    for lab_pass in 1 2; do
        awk -v name="$1" '{ print "@data", name, NR, $0, "~" }
            END { print "@data", name, "end", NR, "~" }' /run/lab/sending
    done
}
