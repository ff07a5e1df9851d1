#!/usr/bin/env bash
# The whole campaign, from data to a measured model that pipeline() reads, one stage a line.
#
#   PHOTOS="FOLDER FOLDER" TEST_PHOTOS=FOLDER bash train/campaign.sh
#
# PHOTOS are Hub ids or folders of photographs to learn from, TEST_PHOTOS is one with a split `test` to measure on, DATASET
# another place for Tiny ImageNet. A stage that was cut short goes on where it was; one that is done is not done again.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${PHOTOS:?Hub ids or folders of photographs to learn from}" "${TEST_PHOTOS:?one with a split test to measure on}"
export ACCELERATE_MIXED_PRECISION=${ACCELERATE_MIXED_PRECISION:-bf16}
DATASET=${DATASET:-zh-plus/tiny-imagenet}

stage() {
    local name=$1 out=$2
    shift 2
    if [ -f "$out/checkpoint.pt" ]; then set -- "$@" --resume; fi
    # PHOTOS holds several words.
    # shellcheck disable=SC2086
    python -m "train.$name" --dataset "$DATASET" --photos $PHOTOS --out "$out" "$@"
}

stage semantic runs/semantic --batch-size 384 --steps 7130 --decay-steps 3200
stage pretrain runs/generator --network generator --semantic runs/semantic --steps 16000
stage pretrain runs/baseline --network autoencoder --steps 8500
stage gan runs/gan --generator runs/generator
python -m train.interpolate runs/generator runs/gan --share 0.1 --out runs/blend
# shellcheck disable=SC2086
python -m train.album --generator runs/blend --photos $PHOTOS --out runs/album
python -m train.publish --baseline runs/baseline --gan runs/album --folder runs/model --working-size 96 256
python -m train.evaluate --dataset "$DATASET" --model runs/model --photos "$TEST_PHOTOS" --limit 1000 --out runs/evaluation
