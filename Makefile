# Everything a developer runs. Needs Node and npm, nothing else: the first target that needs the
# development dependencies installs them, and every target builds what it runs.
#
#   make demo      a first look, from a bare checkout
#   make network   a small exchange of three nodes, with everything that goes wrong
#   make test      every test, with coverage; make test ONLY='wire|engine' runs the files that match, without it
#   make check     types, lint, format, import layers, the package as users get it
#   make peers     Debian's packages that some tests talk to (tshark, chromium, pyzmq, ...); without, those are skipped
#   make interop   only the tests against other ZeroMQ implementations
#   make bench     the benchmarks against them; make bench SHORT=1 for every day, ONLY=throughput,latency for some
#   make vectors   writes the test vectors of the specification again; they come out the same
#   make fix       formats, and repairs what the linter can
#   make clean     removes all that was built; make distclean the dependencies too

BIN  := node_modules/.bin
RUN  := node --enable-source-maps
ONLY :=

# A half of what is joined must not pass for the whole.
.DELETE_ON_ERROR:

.PHONY: all build check types lint format layers package test peers interop bench vectors demo network fix \
	clean distclean

all: check test

# No install scripts: nothing that is installed here needs one.
node_modules/.package-lock.json: package-lock.json
	@if [ -L node_modules ]; then echo "node_modules is a link: install where it points"; \
	else npm ci --ignore-scripts --no-audit --no-fund; fi
	@touch $@

build: node_modules/.package-lock.json
	$(BIN)/tsc -p .
	@$(MAKE) --no-print-directory dist/lib/index.js

# What users get, and what imports this package by its name; everything else here runs what tsc made.
dist/lib/index.js: src/rollup.config.js $(shell find dist/src -name '*.js' 2>/dev/null)
	@rm -rf dist/lib
	$(BIN)/rollup --config src/rollup.config.js --silent --failAfterWarnings

check: types lint format layers package

types: build

lint: node_modules/.package-lock.json
	$(BIN)/biome lint --error-on-warnings .
	$(BIN)/eslint --max-warnings=0 .

format: node_modules/.package-lock.json
	$(BIN)/biome format .

layers: build
	$(RUN) dist/test/tooling/layers.test.js

package: build
	@rm -rf dist/pack && mkdir dist/pack
	npm pack --silent --ignore-scripts --pack-destination dist/pack
	$(BIN)/publint run --strict dist/pack/qzmq-*.tgz
	$(BIN)/attw --profile esm-only dist/pack/qzmq-*.tgz

test: build
	$(RUN) dist/test/support/run.js $(if $(ONLY),--only '$(ONLY)',--coverage)

peers:
	@sh test/support/peers.sh

interop: build
	$(RUN) dist/test/support/run.js --only '^interop/'

bench: build
	$(RUN) dist/interop/bench/bench.js $(if $(SHORT),--short) $(if $(ONLY),--only '$(ONLY)')

vectors: build
	$(RUN) dist/test/support/vectors/generate.js

demo: build
	$(RUN) dist/interop/demo/demo.js

network: build
	$(RUN) dist/interop/network/network.js

fix: node_modules/.package-lock.json
	$(BIN)/biome check --write .

clean:
	rm -rf dist coverage

distclean: clean
	rm -rf node_modules
