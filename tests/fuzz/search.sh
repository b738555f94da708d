#!/bin/sh
# search.sh TARGET CORPUS SECONDS: has libFuzzer look for inputs that break TARGET,
# beginning with those of the folder CORPUS, which is left as it is.  FUZZ_SECONDS
# in the environment is another time.  An input that breaks it is kept in the
# working directory.
set -eu

found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT
"$1" -max_total_time="${FUZZ_SECONDS:-$3}" -timeout=20 -rss_limit_mb=3000 \
  -print_final_stats=1 -artifact_prefix="$(basename "$1")-" "$found" "$2"
