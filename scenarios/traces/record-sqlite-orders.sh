#!/bin/sh
# Records sqlite-orders.u32.gz: record-sqlite-orders.sh [OUTPUT]   (needs valgrind, sqlite3, gcc; takes some minutes)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
output=$(realpath -m "${1:-$here/sqlite-orders.u32.gz}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

gcc -O2 -Wall -Wextra -o lackey-reduce "$here/lackey-reduce.c"
cp "$here/sqlite-orders.sql" .

# A fixed environment and a bare file name: both lie on the program's stack and would move its pages.
# sqlite's answers go to stderr, so that one can see that it did its work; only the trace (fd 9) enters the pipe.
env -i LC_ALL=C HOME=/ PATH=/usr/bin:/bin valgrind --tool=lackey --trace-mem=yes --log-fd=9 \
    sqlite3 -batch :memory: < sqlite-orders.sql 9>&1 >&2 | ./lackey-reduce > trace.u32
gzip -9 -n -c trace.u32 > "$output"

sqlite3 --version
valgrind --version
sha256sum trace.u32
wc -c trace.u32 "$output"
