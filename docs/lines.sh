#!/usr/bin/env bash
# Lines of code of each policy and of each module that policies share: lines that are neither blank nor comment alone.
# Prints the table of docs/policies.md; with --write puts it there. A test compares the two.
set -euo pipefail
cd "$(dirname "$0")/.."

count() { cat "$@" | grep -vcE '^[[:space:]]*(//.*|[{}][;,]?|)$'; }
row() { printf '| %s | %s | %s |\n' "$1" "$2" "$(count "${@:3}")"; }

table() {
    local c=src/Core.Unsafe
    echo '| what | files | lines |'
    echo '|---|---|---:|'
    row 'policy' '`ClassicPolicy`' $c/Policies/ClassicPolicy.cs
    row 'policy' '`MglruPolicy`' $c/Policies/MglruPolicy.cs
    row 'policy, 6.1 and 6.12' '`MglruPolicy.FirstForm`' $c/Policies/MglruPolicy.FirstForm.cs
    row 'policy, lru_gen' '`MglruPolicy.Generations`' $c/Policies/MglruPolicy.Generations.cs
    row 'policy' '`FifoPolicy`' $c/Policies/FifoPolicy.cs
    row 'policy' '`LruPolicy`' $c/Policies/LruPolicy.cs
    row 'policy' '`ClockPolicy`' $c/Policies/ClockPolicy.cs
    row 'policy' '`SievePolicy`' $c/Policies/SievePolicy.cs
    row 'policy' '`S3FifoPolicy`' $c/Policies/S3FifoPolicy.cs
    row 'policy' '`ArcPolicy`' $c/Policies/ArcPolicy.cs
    row 'policy' '`TwoQueuePolicy`' $c/Policies/TwoQueuePolicy.cs
    row 'policy' '`LfuPolicy`' $c/Policies/LfuPolicy.cs
    row 'policy' '`MruPolicy`' $c/Policies/MruPolicy.cs
    row 'policy' '`LirsPolicy`' $c/Policies/LirsPolicy.cs
    row 'policy' '`ClockProPolicy`' $c/Policies/ClockProPolicy.cs
    row 'policy' '`LruKPolicy`' $c/Policies/LruKPolicy.cs
    row 'policy' '`WTinyLfuPolicy`' $c/Policies/WTinyLfuPolicy.cs
    row 'policy, our own' '`ComebackPolicy`' $c/Policies/ComebackPolicy.cs
    row 'shared: verdict of the classic LRU and of the first MGLRU' '`ClassicVerdict`' $c/Policies/ClassicVerdict.cs
    row 'shared: which of two queues gives a page' '`TwoQueues`' $c/Policies/TwoQueues.cs
    row 'shared: what is checked of ghosts' '`Ghosts`' $c/Policies/Ghosts.cs
    local module
    for module in $c/Mechanisms/*.cs; do
        row 'shared: mechanism' "\`$(basename "$module" .cs)\`" "$module"
    done
    row 'shared: Bloom filters' '`Filters/`' $c/Filters/*.cs
    row 'shared: the one path' '`Reclaim/`' $c/Reclaim/*.cs
    row 'shared: what a policy sees of its lruvec' '`PolicyView`' $c/Policies/PolicyView.cs
}

if [ "${1:-}" = --write ]; then
    new=$(table)
    awk -v table="$new" '
        /<!-- lines -->/ { print; print table; skip = 1; next }
        /<!-- end of lines -->/ { skip = 0 }
        !skip { print }' docs/policies.md > docs/policies.md.new
    mv docs/policies.md.new docs/policies.md
else
    table
fi
