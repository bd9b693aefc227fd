# make run     build, live a demo town into var/demo, serve it on 127.0.0.1:8080
# make build   the release program, target/release/linli, with styles and scripts embedded
# make test    everything CI runs, about 20 minutes on two cores: formats, lints, tests, both databases, kills, browser, API
# make soak    the same in full: 50 kills on each database, all generated API cases
# make bench   measures; prints tables
# make fmt     formats; make docs: prints docs/permissions.md and docs/procedures.md anew
.PHONY: run build web test soak bench fmt docs
.DEFAULT_GOAL := build

run: build
	@sh ci/run.sh

build: web
	cargo build --release -p linli

web:
	@cd web && npm ci --no-audit --no-fund --loglevel=error && npm run --silent build

test:
	@bash ci/test.sh

soak:
	@SOAK=1 bash ci/test.sh

bench: build
	@sh bench/run.sh

fmt:
	cargo fmt --all

docs:
	UPDATE=1 cargo test -q -p linli --test suite printed
