#!/bin/sh
# Fuzzes one target after the other: fuzz/run.sh [SECONDS [TARGET…]]
set -e
cd "$(dirname "$0")"
seconds=${1:-600}
[ $# -gt 0 ] && shift
export RUSTC_BOOTSTRAP=1
# Files are written for every try: in memory where the system has such a folder.
[ -d /dev/shm ] && export TMPDIR=/dev/shm
cargo fuzz build --fuzz-dir . --sanitizer none
for target in ${@:-$(cargo fuzz list --fuzz-dir .)}; do
    mkdir -p "corpus/$target"
    seeds=../tests/corpus/$target
    echo "== $target"
    cargo fuzz run --fuzz-dir . --sanitizer none "$target" "corpus/$target" "$seeds" -- \
        -dict=words.dict -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1
done
