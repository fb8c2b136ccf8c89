#!/usr/bin/env bash
# Makes the sample library's PDF from its HTML source with headless Chromium.
set -euo pipefail
cd "$(dirname "$0")"
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
chromium --headless --no-sandbox --disable-gpu --user-data-dir="$profile" --no-pdf-header-footer \
    --print-to-pdf="../sample/Reading room/Preservation handbook.pdf" preservation-handbook.html
