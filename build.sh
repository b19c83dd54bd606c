#!/usr/bin/env bash
# Everything that is done with this repository, by name: ./build.sh help
#
# A command does its own set-up on a fresh Debian with Go and Node: it says what it
# installs, and a second run needs no network.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
root=$PWD
work=$root/.build

# Packages whose logic runs in a JavaScript host; tested there as well, under Node.
node_packages=(
	./cache ./cache/memory ./cache/metrics ./cache/policy ./cache/registry ./cache/store ./cache/store/memstore
	./model/engine ./model/op ./model/pack ./model/post ./model/pre ./model/tensor
	./wasm/message ./web/state
)

# Packages that need a real browser: IndexedDB, fetch, canvas, locks.
browser_packages=(
	./cache/store/idbstore ./wasm/bridge ./wasm/worker ./wasm/app
	./model/kernel ./model/engine/native # with relaxed SIMD, which plain go test has not
)

# Packages with goroutines that share state; tested with the race detector too.
race_packages=(./cache/... ./wasm/worker/... ./wasm/edge/... ./web/host ./web/state .)

# Packages with benchmarks.
bench_packages=(./model/... ./cache/...)

usage() {
	cat <<-'END'
	usage: ./build.sh COMMAND

	  serve [--addr HOST:PORT]             serve the site, rebuilding it when a source changes
	  build [--out DIR] [--models DIR]     write the site to dist/ (or DIR)
	  test [STAGE...]                      every check and test, or the named stages of it:
	                                       format vet generate imports native race node browser site e2e edge
	  check                                the quick part of test: format, vet, generated files, imports, sizes
	  bench [OPTION...]                    Larder beside other engines in Chromium (web/bench/README.md);
	                                       --help lists the options, --go runs the Go benchmarks instead
	  edge                                 run the edge worker in workerd on this machine
	  generate                             write the generated files again
	  record                               record which functions a visit runs (web/site/worker.ran, worker.idle)
	  size                                 sizes of the built site against their budgets
	END
}

say() { printf '%s\n' "$*" >&2; }
die() { say "build.sh: $*"; exit 1; }

# at_least WANT HAVE compares dotted versions.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

# --- set-up -------------------------------------------------------------------

need_go() {
	command -v go >/dev/null || die "Go 1.26 or newer is needed, found none: see https://go.dev/dl/"
	local found
	found=$(go env GOVERSION 2>/dev/null) || found=$(cd / && GOTOOLCHAIN=local go env GOVERSION)
	at_least 1.26 "${found#go}" || die "Go 1.26 or newer is needed, found ${found#go}: see https://go.dev/dl/"
}

need_node() {
	command -v node >/dev/null || die "Node 20 or newer is needed, found none: install the package nodejs"
	local found
	found=$(node --version)
	at_least 20 "${found#v}" || die "Node 20 or newer is needed, found ${found#v}"
	command -v npm >/dev/null || die "npm is needed, found none: install the package npm"
}

# need_chromium finds a browser or installs Debian's; CHROMIUM overrides the search.
need_chromium() {
	if [ -n "${CHROMIUM:-}" ]; then
		[ -x "$CHROMIUM" ] || die "CHROMIUM=$CHROMIUM is not a program"
	else
		find_chromium || install_chromium
	fi
	export CHROMIUM
	mkdir -p "$work/bin"
	ln -sf "$CHROMIUM" "$work/bin/chromium" # the Go test runner looks for this name
}

find_chromium() {
	local name
	for name in chromium chromium-browser google-chrome google-chrome-stable; do
		if CHROMIUM=$(command -v "$name"); then return 0; fi
	done
	return 1
}

install_chromium() {
	local as_root=()
	if [ "$(id -u)" -ne 0 ]; then
		if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
			die "Chromium is needed for the browser tests: run 'apt-get install chromium' as root, or set CHROMIUM to a browser"
		fi
		as_root=(sudo -n)
	fi
	command -v apt-get >/dev/null || die "Chromium is needed for the browser tests: install it, or set CHROMIUM to a browser"
	say "installing the Debian package chromium"
	"${as_root[@]}" apt-get update -q >&2
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium >&2
	find_chromium || die "chromium was installed but cannot be found"
}

# need_npm DIR installs what DIR/package-lock.json pins, unless it is there already.
need_npm() {
	need_node
	cmp -s "$1/package-lock.json" "$1/node_modules/.installed-lock" && return 0
	say "installing the npm packages of $1"
	npm ci --prefix "$1" --ignore-scripts --no-audit --no-fund >&2
	cp "$1/package-lock.json" "$1/node_modules/.installed-lock"
}

# need_runners writes the two programs that `go test -exec` starts for js/wasm. Both
# pass on a small environment, because the Go runtime limits its size there.
need_runners() {
	need_go
	need_node
	mkdir -p "$work/bin"
	write_runner node "$(go env GOROOT)/lib/wasm/go_js_wasm_exec"
	if [ "${1:-}" = browser ]; then
		need_chromium
		say "building the browser test runner"
		go build -C wasm/browsertest -o "$work/go_js_wasm_exec" github.com/agnivade/wasmbrowsertest
		write_runner browser "$work/go_js_wasm_exec"
	fi
}

write_runner() {
	cat >"$work/bin/$1_exec" <<-END
	#!/bin/sh
	exec env -i PATH="$work/bin:\$PATH" HOME="\${HOME:-/tmp}" TMPDIR="\${TMPDIR:-/tmp}" "$2" "\$@"
	END
	chmod +x "$work/bin/$1_exec"
}

# existing prints those of the package patterns whose folder exists.
existing() {
	local pattern
	for pattern in "$@"; do
		if [ -d "${pattern%/...}" ]; then printf '%s\n' "$pattern"; fi
	done
}

# --- stages -------------------------------------------------------------------

failed=()

# stage NAME COMMAND… runs a function as one part of the gate: heading, time, result.
# A failure is remembered and the next stage runs, so that one run shows all.
stage() {
	local name=$1 start=$SECONDS status=0
	shift
	printf '\n=== %s\n' "$name"
	set +e
	(
		set -e
		"$@"
	)
	status=$?
	set -e
	if [ "$status" -eq 0 ]; then
		printf -- '--- %s: ok, %d s\n' "$name" $((SECONDS - start))
	else
		printf -- '--- %s: FAILED, %d s\n' "$name" $((SECONDS - start))
		failed+=("$name")
	fi
}

# verdict ends a list of stages.
verdict() {
	printf '\n'
	if [ ${#failed[@]} -gt 0 ]; then
		printf 'FAILED:'
		printf ' [%s]' "${failed[@]}"
		printf '\n'
		exit 1
	fi
	printf 'all stages passed in %d s\n' "$SECONDS"
}

stage_format() {
	local untidy
	untidy=$(find . -name node_modules -prune -o -name .git -prune -o -name '*.go' ! -name '*_gen.go' -print0 | xargs -0 gofmt -l)
	if [ -n "$untidy" ]; then
		say "gofmt would change:"
		say "$untidy"
		return 1
	fi
	if command -v shellcheck >/dev/null; then
		shellcheck build.sh .ci/run
	else
		say "shellcheck is not installed: build.sh is not checked"
	fi
}

stage_vet() {
	go build ./...
	go vet ./...
	GOOS=js GOARCH=wasm go vet ./wasm/... ./web/... ./cache/... ./model/...
}

# generated prints a hash of each generated file.
generated() {
	find . -name node_modules -prune -o -name .git -prune -o -name .build -prune -o \( -name '*_gen.go' -o -name '*_gen_*.go' \) -print0 |
		sort -z | xargs -0 -r sha256sum
}

generate() {
	go generate ./...
	local missing
	missing=$(find . -name 0_missing_gen.go -not -path '*/node_modules/*')
	if [ -n "$missing" ]; then
		say "a component has no Go type of the expected name; the generator wrote a stub: $missing"
		say "name the type after the template: model-card.vugu needs type ModelCard"
		return 1
	fi
}

stage_generate() {
	local before after
	before=$(generated)
	generate
	after=$(generated)
	if [ "$before" != "$after" ]; then
		say "generated files were out of date; they are written now, commit them:"
		diff <(echo "$before") <(echo "$after") >&2 || true
		return 1
	fi
}

stage_imports() { go test -count=1 -run 'TestImport' .; }

stage_native() { go test ./...; }

stage_race() {
	if [ "$(go env CGO_ENABLED)" != 1 ] || ! command -v "$(go env CC)" >/dev/null; then
		say "no C compiler: the race detector is not run"
		return 0
	fi
	local packages
	mapfile -t packages < <(existing "${race_packages[@]}")
	go test -race -short "${packages[@]}"
}

stage_node() {
	need_runners
	local packages
	mapfile -t packages < <(existing "${node_packages[@]}")
	GOOS=js GOARCH=wasm go test -short -exec="$work/bin/node_exec" "${packages[@]}"
}

stage_browser() {
	need_runners browser
	local packages
	mapfile -t packages < <(existing "${browser_packages[@]}")
	# One browser at a time: they share two processors with the compiler.
	GOOS=js GOARCH=wasm go test -p 1 -exec="$work/bin/browser_exec" "${packages[@]}"
}

# The old site goes first: later stages must not test what an earlier run has built.
stage_site() {
	rm -rf dist
	larder build --out dist
}

# node_tests DIR [NAME…] runs the tests in DIR/*.test.mjs, two files at a time: much of
# what a browser does is waiting. NAME.test.mjs goes alone, after the others.
node_tests() {
	local dir=$1 file status=0 two=() one=()
	shift
	need_npm "$dir"
	for file in "$dir"/*.test.mjs; do
		[ -e "$file" ] || die "$dir has no tests"
		if [[ " $* " == *" $(basename "$file" .test.mjs) "* ]]; then one+=("$file"); else two+=("$file"); fi
	done
	node --test --test-reporter=spec --test-concurrency=2 "${two[@]}" || status=1
	if [ ${#one[@]} -gt 0 ]; then
		node --test --test-reporter=spec --test-concurrency=1 "${one[@]}" || status=1
	fi
	return $status
}

# Alone: what measures memory, and what has a browser of dozens of tabs.
stage_e2e() {
	need_chromium
	build_larder
	node_tests web/e2e memory tabs
}

stage_edge() {
	build_edge
	node_tests wasm/edge
}

# --- commands -----------------------------------------------------------------

# build_larder builds the command line; larder runs it. It is run as a program and
# not by `go run`, which would not pass on a signal.
build_larder() {
	need_go
	go build -o "$work/larder" .
}

larder() {
	build_larder
	"$work/larder" "$@"
}

# build_edge writes the edge worker to dist-edge/.
build_edge() { larder edge --out dist-edge; }

# The stages of the gate in their order: name, heading. Stage x is the function stage_x.
stages=(
	"format:format and scripts"
	"vet:build and vet, native and js/wasm"
	"generate:generated files are up to date"
	"imports:import rules"
	"native:native tests"
	"race:race detector"
	"node:js/wasm tests under Node"
	"browser:js/wasm tests in Chromium"
	"site:site and sizes"
	"e2e:end-to-end tests in Chromium"
	"edge:edge worker in workerd"
)

# run_stages NAME… runs the named stages, in the order of the list.
run_stages() {
	need_go
	local entry name known=" ${stages[*]%%:*} "
	for name in "$@"; do
		[[ $known == *" $name "* ]] || die "no such stage: $name (there are:$known)"
	done
	for entry in "${stages[@]}"; do
		name=${entry%%:*}
		if [[ " $* " == *" $name "* ]]; then stage "${entry#*:}" "stage_$name"; fi
	done
	verdict
}

command_check() { run_stages format vet generate imports site; }

command_test() {
	if [ $# -gt 0 ]; then
		run_stages "$@"
		return
	fi
	# What cannot be installed should be known at once, not after ten minutes.
	need_node
	need_chromium
	run_stages "${stages[@]%%:*}"
}

# need_bench builds what the benchmark in the browser needs. The models are written
# anew when their generator has changed.
need_bench() {
	local dir=$work/bench
	mkdir -p "$dir"
	need_node
	need_chromium
	need_npm web/bench
	need_go
	go build -o "$dir/serve" ./web/bench/serve
	go build -trimpath -buildvcs=false -o "$dir/gen.new" ./web/bench/gen
	if ! cmp -s "$dir/gen.new" "$dir/gen" || [ ! -e "$dir/models/models.json" ]; then
		say "generating the models of the benchmark"
		rm -rf "$dir/models"
		"$dir/gen.new" -out "$dir/models" >&2
	fi
	mv "$dir/gen.new" "$dir/gen"
	say "building the site for the benchmark"
	larder build --budgets=false --out "$dir/larder" >"$dir/build.log" 2>&1 || { cat "$dir/build.log" >&2; die "the site could not be built"; }
}

command_bench() {
	case ${1:-} in
	--go)
		go_bench
		return
		;;
	-h | --help)
		need_npm web/bench
		exec node web/bench/run.mjs --help
		;;
	esac
	need_bench
	exec node web/bench/run.mjs "$work/bench" "$@"
}

go_bench() {
	need_go
	say "benchmarks: go test -bench of ${bench_packages[*]}"
	local packages
	mapfile -t packages < <(existing "${bench_packages[@]}")
	go test -run '^$' -bench . -benchmem "${packages[@]}" | grep -v '^?\|no test files\|^ok\|^PASS' || true
}

# command_record writes web/site/worker.ran and worker.idle, from visits with the models of the benchmark.
command_record() {
	need_bench
	need_npm web/e2e
	larder build --budgets=false --out dist >/dev/null
	go run ./web/slim/record "$work/wasm/worker.wasm" "$work/recording.wasm" "$work/recording.json"
	node web/e2e/record.mjs "$work/recording.wasm" "$work/recording.json" "$work/bench/models"
}

command_edge() {
	build_edge
	need_npm wasm/edge
	exec node wasm/edge/local/serve.mjs "$@" # not npm, which would keep signals to itself
}

main() {
	local command=${1:-help}
	[ $# -eq 0 ] || shift
	case $command in
	serve | build)
		build_larder
		if [ "$command" = serve ]; then set -- --rebuild "$@"; fi
		exec "$work/larder" "$command" "$@"
		;;
	size) larder size "$@" ;;
	generate) need_go && generate ;;
	test | check | bench | record | edge) "command_$command" "$@" ;;
	help | -h | --help) usage ;;
	*)
		usage >&2
		die "unknown command: $command"
		;;
	esac
}

main "$@"
