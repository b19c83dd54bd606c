#!/bin/sh
# Draws static/icons/*.png from the SVGs beside them, with Chromium (CHROMIUM overrides its name).
set -eu
cd "$(dirname "$0")/static/icons"
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
draw() { # SVG, PNG, size
	printf '<!doctype html><style>html,body{margin:0;background:none}img{display:block;width:%spx;height:%spx}</style><img src="file://%s/%s">' \
		"$3" "$3" "$PWD" "$1" >"$profile/icon.html"
	"${CHROMIUM:-chromium}" --headless --no-sandbox --disable-gpu --no-first-run --user-data-dir="$profile/data" --hide-scrollbars \
		--default-background-color=00000000 --force-device-scale-factor=1 --window-size="$3,$3" --screenshot="$PWD/$2" "file://$profile/icon.html" 2>/dev/null
}
draw icon.svg icon-192.png 192
draw icon.svg icon-512.png 512
draw maskable.svg maskable-512.png 512
