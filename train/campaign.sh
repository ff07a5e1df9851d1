#!/usr/bin/env bash
# The whole campaign, from data to a model that pipeline() reads: what made the embedded weights, one stage a line.
#
#   PHOTOS="FOLDER FOLDER" TEST_PHOTOS=FOLDER bash train/campaign.sh
#
# PHOTOS are Hub ids or folders with photographs to learn from, TEST_PHOTOS one with a split `test` to measure on.
# DATASET is another place for Tiny ImageNet. A stage that was cut short goes on where it was; one that is done is done.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${PHOTOS:?Hub ids or folders with photographs to learn from}" "${TEST_PHOTOS:?one with a split test to measure on}"
export ACCELERATE_MIXED_PRECISION=${ACCELERATE_MIXED_PRECISION:-bf16}
# Pages that are given back to the system after every step and asked for anew cost a sixth of the time.
export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=40000000000

stage() {
    local name=$1 out=$2
    shift 2
    local resume=()
    [ -f "$out/checkpoint.pt" ] && resume=(--resume)
    # shellcheck disable=SC2086
    python -m "train.$name" --dataset "${DATASET:-zh-plus/tiny-imagenet}" --photos $PHOTOS --out "$out" "$@" "${resume[@]}"
}

stage semantic runs/semantic --steps 9000 --fall 3400
