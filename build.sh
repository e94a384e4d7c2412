#!/usr/bin/env bash
# Builds, serves and tests the course; `./build.sh --help` says how.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

usage() {
  cat <<'END'
Usage: ./build.sh COMMAND

  serve [--port N]   build the course, then serve it at http://127.0.0.1:8000
  build [--all]      build the course into _build/html; --all reads every page anew
  watch [--port N]   build, serve, and do both again whenever a file of the book or its code changes
  record [NAME ...]  make recorded runs anew, those of a widget, a group or a job, or all; --stale: only those
                     that the code no longer gives; --check: train anew and compare; --scheduler ADDRESS: on Dask
  test [ARGUMENTS]   run every test, or those that the arguments for pytest select
  check              lint, format and types
  bench [ARGUMENTS]  compare the engine's speed with other frameworks
  clean [--all]      remove what building made; --all also removes .venv and node_modules

The first run fetches the packages that the lock files pin; after it, no network is needed.
Environment: PYTHON names the interpreter to use (3.11 to 3.13), CHROMIUM the browser for the tests.
END
}

fail() {
  printf 'build.sh: %s\n' "$*" >&2
  exit 1
}

stages=1 stage_number=0
stage() {
  stage_number=$((stage_number + 1))
  printf '[%d/%d] %s\n' "$stage_number" "$stages" "$*"
}

python=.venv/bin/python

# ---- what the machine must have ----

fits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; }

find_python() {
  local candidate
  for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
    if fits "$candidate"; then
      printf '%s' "$candidate"
      return
    fi
  done
  fail 'Python 3.11, 3.12 or 3.13 is missing; install one of them, or name it: PYTHON=/path/to/python3 ./build.sh'
}

need_node() {
  command -v node >/dev/null || fail 'Node is missing; install Node 20 or newer.'
  command -v npm >/dev/null || fail 'npm is missing; install the npm that comes with Node 20 or newer.'
  local version
  version=$(node --version)
  version=${version#v}
  ((${version%%.*} >= 20)) || fail "Node $version is too old; install Node 20 or newer."
}

need_free_port() {
  local base
  base=$(find_python)
  "$base" - "$1" 2>/dev/null <<'END' || fail "port $1 is taken; choose another: ./build.sh $command --port 8001"
import socket, sys
with socket.socket() as probe:
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind(("127.0.0.1", int(sys.argv[1])))
END
}

# ---- packages, fetched only when a lock file differs from the copy that was kept when it was installed ----

make_environment() {
  # an environment of a moved checkout or of a removed interpreter is of no use
  if [[ "$(cat .venv/checkout 2>/dev/null)" == "$PWD" ]] && fits "$python"; then
    return
  fi
  local base
  base=$(find_python)
  "$base" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "the module venv is missing from $base; on Debian and Ubuntu: apt-get install python3-venv"
  "$base" -m venv --clear .venv
  printf '%s\n' "$PWD" >.venv/checkout
}

python_packages() {
  stage "Python packages ($1)"
  make_environment
  if ! cmp -s "$1" ".venv/$1"; then
    # most modules are never imported: Python compiles those that are
    "$python" -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes --requirement "$1"
    cp "$1" .venv/
  fi
}

notebook_wheels() { # plain Python for the reader's browser: pip only fetches and checks them
  stage 'Wheels for notebooks'
  local lock=requirements-pyodide.lock
  if cmp -s "$lock" ".venv/wheels/$lock"; then
    return
  fi
  rm -rf .venv/wheels
  "$python" -m pip download --quiet --disable-pip-version-check --require-hashes --requirement "$lock" --no-deps \
    --only-binary :all: --platform any --implementation py --abi none --python-version 3.13 --dest .venv/wheels
  cp "$lock" .venv/wheels/
}

course_package() {
  stage 'Engine and widgets'
  if ! cat pyproject.toml setup.py | cmp -s - .venv/course; then
    "$python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
    cat pyproject.toml setup.py >.venv/course
  fi
}

node_packages() { # what to install: "run" is enough for building, "all" has the tools for tests as well
  if cmp -s package-lock.json node_modules/.installed-all || cmp -s package-lock.json "node_modules/.installed-$1"; then
    return
  fi
  if [[ $1 == run ]]; then
    npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error
  else
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
  fi
  cp package-lock.json "node_modules/.installed-$1"
}

find_chromium() {
  local candidate
  for candidate in "${CHROMIUM:-chromium}" chromium-browser google-chrome google-chrome-stable \
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome' '/Applications/Chromium.app/Contents/MacOS/Chromium'; do
    if command -v "$candidate" >/dev/null && "$candidate" --version >/dev/null 2>&1; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

need_chromium() {
  stage 'Chromium'
  if ! CHROMIUM=$(find_chromium) && [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends chromium >/dev/null
    CHROMIUM=$(find_chromium) || true
  fi
  [[ -n $CHROMIUM ]] ||
    fail 'Chrome or Chromium is missing; install one (Debian: apt-get install chromium) or name it: CHROMIUM=/path/to/it'
  export CHROMIUM
}

book() {
  stage 'Runtime files and pages'
  PYTHONPATH=book "$python" -m course.build "$@"
}

# ---- commands ----

ready_to_build() { # node packages as in node_packages, fetched while Python's are installed
  need_node
  find_python >/dev/null
  node_packages "$1" &
  local fetching=$!
  python_packages requirements.lock
  notebook_wheels
  course_package
  stage 'Node packages'
  wait "$fetching"
}

ready_to_test() {
  ready_to_build all
  python_packages requirements-test.lock
}

build_to_serve() { # finds the port among the arguments of the command
  port=8000
  if [[ ${1-} == --port && ${2-} =~ ^[0-9]+$ ]]; then port=$2; elif (($#)); then fail "$command takes only --port N"; fi
  stages=6
  need_free_port "$port"
  ready_to_build run
  book
}

serve() {
  build_to_serve "$@"
  stage 'Server'
  PYTHONPATH=book exec "$python" -m course.serve _build/html --port "$port"
}

watch() {
  build_to_serve "$@"
  stage 'Watching'
  PYTHONPATH=book exec "$python" -m course.watch --port "$port"
}

record() {
  stages=4
  ready_to_build run
  exec "$python" -m pinn_widgets.build.record "$@"
}

build() {
  stages=5
  ready_to_build run
  book "$@"
}

run_tests() {
  stages=7
  ready_to_test
  need_chromium
  stage 'Tests'
  if (($#)); then exec "$python" -m pytest "$@"; fi
  local failed=0
  "$python" -m pytest --numprocesses auto --ignore tests/browser || failed=1
  "$python" -m pytest --numprocesses auto tests/browser || failed=1 # after the others, which keep every core busy
  return $failed
}

check() {
  stages=6
  ready_to_test
  stage 'Lint, format and types'
  "$python" -m ruff check .
  "$python" -m ruff format --check .
  "$python" -m mypy
  node_modules/.bin/biome ci .
}

bench() {
  stages=7
  ready_to_test
  need_chromium
  book
  exec "$python" benchmarks/run.py "$@"
}

clean() {
  rm -rf _build .pytest_cache .hypothesis .mypy_cache .ruff_cache
  if [[ ${1-} == --all ]]; then rm -rf .venv node_modules; fi
}

command=${1---help}
(($#)) && shift
case $command in
  serve | watch | record | build | check | bench | clean) "$command" "$@" ;;
  test) run_tests "$@" ;;
  -h | --help | help) usage ;;
  *) usage >&2 && fail "there is no command '$command'" ;;
esac
