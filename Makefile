# SPDX-License-Identifier: Apache-2.0
#
# A thin front on Meson: each target does its own set-up, and a second run costs seconds.
BUILD ?= build
MESON_ARGS ?=
PYTHON = /usr/bin/python3

.PHONY: all setup demo notebook test check asan clang fuzz soak browser bench lint format cover deb install clean

all: setup $(BUILD)/build.ninja
	ninja -C $(BUILD)

setup:
	@tools/setup build

$(BUILD)/build.ninja:
	meson setup $(BUILD) $(MESON_ARGS)

demo: all
	@tools/demo $(BUILD)

notebook: all
	@tools/setup notebook
	@tools/notebook $(BUILD)

# everything that must be green: all tests, then the pure parts again under clang's sanitizers
test:
	@tools/setup build test
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	tools/run-tests $(BUILD)
	tools/run-tests build-asan --suite unit --suite session --suite fuzz

# the quick round while working
check: all
	tools/run-tests $(BUILD) --no-suite slow

asan:
	@tools/setup build test
	tools/run-tests build-asan

clang:
	@tools/setup build test
	[ -d build-clang ] || CC=clang meson setup build-clang -Dwerror=true
	ninja -C build-clang

# FUZZ_SECONDS for each target, with coverage guidance
FUZZ_SECONDS ?= 60
fuzz:
	@tools/setup build test
	tools/run-fuzz $(FUZZ_SECONDS)

# the kernel under 1000 cells with interrupts, resets and pulled cables; SOAK_SEED repeats a run
SOAK_SEED ?= 1
soak: all
	@tools/setup build test
	KILN_SOAK_CELLS=1000 KILN_SOAK_SEED=$(SOAK_SEED) KILN_FLOOD_MB=10 \
		meson test -C $(BUILD) --no-rebuild --timeout-multiplier 10 --verbose kernel_soak kernel_limits

# a user's afternoon in chromium; the pictures that docs show are taken anew
browser: all
	@tools/setup build notebook
	node tests/browser/notebook.mjs $(BUILD) docs/browser

bench:
	@tools/setup build bench
	[ -d build-release ] || meson setup build-release --buildtype=release
	ninja -C build-release
	$(PYTHON) bench/run.py build-release

lint:
	@tools/setup build lint
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	tools/lint $(BUILD)

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

cover:
	@tools/setup build test lint
	[ -d build-cover ] || meson setup build-cover -Db_coverage=true -Dc_args=-fprofile-update=atomic
	ninja -C build-cover
	meson test -C build-cover --no-rebuild --timeout-multiplier 3
	tools/cover build-cover

# Debian packages, in build-deb/
deb:
	@tools/setup build deb
	tools/make-deb build-deb
	lintian --fail-on error,warning build-deb/*.changes

install: all
	meson install -C $(BUILD)
	@[ -n "$(DESTDIR)" ] || [ "$$(id -u)" != 0 ] || ldconfig

clean:
	rm -rf build build-asan build-clang build-cover build-deb build-fuzz build-release
