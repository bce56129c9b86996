# backprop: build, install, try, test and measure. `make help` lists the targets.
# The library is built in .build-dist and laid out in build/; nothing else in the tree is touched.

VERSION     := 0.1.0
MAJOR_MINOR := 0.1
SOMAJOR     := 0

PREFIX  ?= /usr/local
DESTDIR ?=
SWIFT   ?= swift
CC      ?= cc
PYTHON  ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
             $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)

SCRATCH := .build-dist
LIB     := build/lib
SO      := $(LIB)/libbackprop.so.$(VERSION)
VENV    := .venv
CFLAGS  ?= -O2
STRICT  := -std=c99 -Wall -Wextra -Wpedantic
LINK     = -Iinclude -L$(LIB) -lbackprop -lm -Wl,-rpath,'$$ORIGIN/../lib'

SOURCES := $(shell find Sources include bindings/cmake -type f -o -type d 2>/dev/null) Package.swift
PACKAGE := $(shell find bindings/python -path '*/build' -prune -o -name '*.egg-info' -prune -o -type f -print 2>/dev/null)

# What the package is built and tested with; raise the number where the list changes, and every $(VENV) gets it.
TOOLS   := setuptools>=77 pytest numpy hypothesis safetensors tqdm mypy
TOOLED  := $(VENV)/.tools-4

.PHONY: all help check-tools install uninstall demo test python wheel sdist bench clean
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

all: $(SO)

help:
	@echo "make                 build $(LIB)/libbackprop.so"
	@echo "make demo            train on real digits from C, write the loss curve as a picture"
	@echo "make test            everything: Swift, C, C++, Python, examples, the library's face"
	@echo "make python          the Python package in $(VENV)"
	@echo "make wheel           dist/backprop-$(VERSION)-cp311-abi3-manylinux_*.whl: the Python package with the library inside, for pip install"
	@echo "make sdist           dist/backprop-$(VERSION).tar.gz: the sources of both, which pip can build where Swift is"
	@echo "make bench           what everything costs, beside the peers that PEERS=\"torch jax numpy mkl\" installs (benchmarks/run.py --help)"
	@echo "make install         header, library, pkg-config and CMake files under PREFIX=$(PREFIX) (DESTDIR= for packages)"
	@echo "make uninstall       removes them again"
	@echo "make check-tools     says what is missing on this machine"
	@echo "make clean           removes build, dist, $(SCRATCH), .build, $(VENV) and $(VENV)-bench"

# -- tools ------------------------------------------------------------------------------------------------------

define need_swift
version=$$($(SWIFT) --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | head -1); \
set -- $$version; \
if [ -z "$$1" ]; then echo "Swift was not found. Install Swift 6.3 or later from https://swift.org/install and put it in PATH."; exit 1; fi; \
if [ "$$1" -lt 6 ] || { [ "$$1" -eq 6 ] && [ "$$2" -lt 3 ]; }; then \
  echo "Swift $$1.$$2 is too old: 6.3 or later is needed, see https://swift.org/install"; exit 1; fi
endef
need_cc = command -v $(firstword $(CC)) >/dev/null || { echo "No C compiler '$(CC)'. Debian, Ubuntu: apt-get install gcc libc6-dev. Or: make CC=clang"; exit 1; }
need_python = [ -n "$(PYTHON)" ] || { echo "Python 3.11 or later with venv was not found. Debian, Ubuntu: apt-get install python3 python3-venv python3-dev. Or: make PYTHON=/path/to/python3"; exit 1; }

check-tools:
	@$(need_swift); echo "Swift $$1.$$2"
	@$(need_cc); echo "C compiler: $(CC)"
	@$(need_python); echo "Python: $(PYTHON), $$($(PYTHON) --version)"
	@for tool in strip nm objdump; do command -v $$tool >/dev/null || { echo "'$$tool' was not found. Debian, Ubuntu: apt-get install binutils"; exit 1; }; done
	@for tool in c++ pkg-config cmake qemu-x86_64; do \
	  command -v $$tool >/dev/null && echo "$$tool: yes" || echo "$$tool: no (only the tests use it, and say what they leave out)"; done

# -- library ----------------------------------------------------------------------------------------------------

$(SO): $(SOURCES)
	@$(need_swift)
	@mkdir -p $(LIB)
	@echo "building libbackprop.so (some minutes the first time)"
	@env -u CC BACKPROP_DIST=1 $(SWIFT) build -c release --product backprop --disable-local-rpath --scratch-path $(SCRATCH) $(if $(PROGRESS),2>&1,>build/library.log 2>&1) \
	  || { $(if $(PROGRESS),true,cat build/library.log); exit 1; }
	@strip --strip-unneeded -o $@ $(SCRATCH)/release/libbackprop.so
	@ln -sfn libbackprop.so.$(VERSION) $(LIB)/libbackprop.so.$(SOMAJOR)
	@ln -sfn libbackprop.so.$(SOMAJOR) $(LIB)/libbackprop.so
	@echo "$@: $$(($$(stat -c %s $@) / 1024)) KB"

install: all
	@install -d $(DESTDIR)$(PREFIX)/include $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/lib/cmake/backprop
	@install -m 644 include/backprop.h $(DESTDIR)$(PREFIX)/include/
	@install -m 755 $(SO) $(DESTDIR)$(PREFIX)/lib/
	@ln -sfn libbackprop.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib/libbackprop.so.$(SOMAJOR)
	@ln -sfn libbackprop.so.$(SOMAJOR) $(DESTDIR)$(PREFIX)/lib/libbackprop.so
	@sed 's/@VERSION@/$(VERSION)/' bindings/cmake/backprop.pc.in >$(DESTDIR)$(PREFIX)/lib/pkgconfig/backprop.pc
	@install -m 644 bindings/cmake/backpropConfig.cmake $(DESTDIR)$(PREFIX)/lib/cmake/backprop/
	@sed 's/@VERSION@/$(VERSION)/; s/@MAJOR_MINOR@/$(MAJOR_MINOR)/' bindings/cmake/backpropConfigVersion.cmake.in \
	  >$(DESTDIR)$(PREFIX)/lib/cmake/backprop/backpropConfigVersion.cmake
	@echo "installed under $(DESTDIR)$(PREFIX); if that is not searched: export PKG_CONFIG_PATH=$(PREFIX)/lib/pkgconfig LD_LIBRARY_PATH=$(PREFIX)/lib"

uninstall:
	@rm -f $(DESTDIR)$(PREFIX)/include/backprop.h $(DESTDIR)$(PREFIX)/lib/libbackprop.so \
	  $(DESTDIR)$(PREFIX)/lib/libbackprop.so.$(SOMAJOR) $(DESTDIR)$(PREFIX)/lib/libbackprop.so.$(VERSION) \
	  $(DESTDIR)$(PREFIX)/lib/pkgconfig/backprop.pc
	@rm -rf $(DESTDIR)$(PREFIX)/lib/cmake/backprop
	@echo "removed from $(DESTDIR)$(PREFIX)"

# -- examples ---------------------------------------------------------------------------------------------------

build/examples/%: examples/c/%.c include/backprop.h $(SO)
	@$(need_cc)
	@mkdir -p build/examples
	@$(CC) $(CFLAGS) $(STRICT) $< -o $@ $(LINK)

build/examples/digits: examples/c/digits_data.h examples/c/digits_picture.h
build/examples/fashion_cnn: examples/c/idx.h examples/c/digits_data.h examples/c/digits_picture.h

demo: build/examples/digits
	@mkdir -p build/demo
	@build/examples/digits --data examples/data/digits.csv --out build/demo

# -- Python -----------------------------------------------------------------------------------------------------

python: $(VENV)/.installed

$(TOOLED):
	@$(need_python)
	@[ -x $(VENV)/bin/python ] || $(PYTHON) -m venv $(VENV) || { echo "venv failed. Debian, Ubuntu: apt-get install python3-venv"; rm -rf $(VENV); exit 1; }
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check $(foreach t,$(TOOLS),'$(t)')
	@touch $@

$(VENV)/.installed: $(TOOLED) $(SO) $(PACKAGE)
	@echo "installing the Python package into $(VENV)"
	@rm -rf bindings/python/build
	@BACKPROP_LIBDIR=$(CURDIR)/$(LIB) $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
	  --no-build-isolation --no-deps --force-reinstall ./bindings/python
	@touch $@
	@echo "ready: $(VENV)/bin/python -c 'import backprop'"

# The same bytes from the same commit: times in the archives are the commit's.
define archive # what Python is asked for, in the package's folder
rm -rf bindings/python/build && mkdir -p dist && cd bindings/python && umask 022 && \
export SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || echo 1767225600)} && \
BACKPROP_LIBDIR=$(CURDIR)/$(LIB) $(CURDIR)/$(VENV)/bin/python $(1) >$(CURDIR)/build/archive.log 2>&1 || { cat $(CURDIR)/build/archive.log; exit 1; }; \
rm -rf build
endef

wheel: $(TOOLED) $(SO)
	@rm -f dist/backprop-$(VERSION)-*.whl
	@$(call archive,-m pip wheel --disable-pip-version-check --no-build-isolation --no-deps --wheel-dir $(CURDIR)/dist .)
	@for f in dist/backprop-$(VERSION)-*.whl; do echo "$$f: $$(($$(stat -c %s $$f) / 1024)) KB"; done

sdist: $(TOOLED)
	@$(call archive,setup.py -q sdist --dist-dir $(CURDIR)/dist)
	@echo "dist/backprop-$(VERSION).tar.gz: $$(($$(stat -c %s dist/backprop-$(VERSION).tar.gz) / 1024)) KB"

# -- tests and measurements -------------------------------------------------------------------------------------

test: all
	@$(need_python)
	@CC="$(CC)" SWIFT="$(SWIFT)" MAKE="$(MAKE)" PYTHON="$(PYTHON)" bash Tests/run

bench: all python
	@CC="$(CC)" SWIFT="$(SWIFT)" PEERS="$(PEERS)" $(VENV)/bin/python -B benchmarks/run.py $(BENCH)

clean:
	@rm -rf build dist .build $(SCRATCH) $(VENV) $(VENV)-bench bindings/python/build
