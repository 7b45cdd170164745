#!/usr/bin/env bash
# Installs what Debian must provide before Jolly can be built, run and tested.
#
#   packaging/setup.sh run     what `make run` needs
#   packaging/setup.sh test    that, and what the tests need besides
#
# It asks dpkg what is there and calls apt only for what is missing: with
# nothing missing it takes a fraction of a second, prints nothing and needs
# neither root nor a network.
set -euo pipefail

# Every package with its reason. To add one, add a line:
#   when  package  why
packages=$(cat <<'LIST'
run   ca-certificates   the Go modules come over https
run   git               some of the Go tooling asks for it
run   make              reads the Makefile
run   gcc               cgo: the binding of OpenGL and of the window; the race detector
run   libc6-dev         cgo: headers of the C library
run   pkg-config        cgo: finds the libraries below
run   libgl-dev         the window: OpenGL
run   libegl-dev        the window: EGL, compiled in beside GLX
run   libx11-dev        the window: X11
run   libxcursor-dev    the window: X11 pointer
run   libxi-dev         the window: X11 input, touch among it
run   libxinerama-dev   the window: X11 screens
run   libxrandr-dev     the window: X11 modes
run   libxxf86vm-dev    the window: X11 video modes
run   libxkbcommon-dev  the window: keyboard
run   libwayland-dev    the window: Fyne 2.8 has Wayland compiled in when no tag says x11 alone
run   libgl1            run time: OpenGL
run   libgl1-mesa-dri   run time: OpenGL in software, where there is no GPU
run   libegl1           run time: EGL
run   libxcursor1       run time: opened by name by the window
run   libxi6            run time: opened by name by the window
run   libxinerama1      run time: opened by name by the window
run   libxrandr2        run time: opened by name by the window
run   libxxf86vm1       run time: opened by name by the window
run   libxkbcommon0     run time: keyboard
run   alsa-utils        aplay: the short sounds
run   libpcsclite-dev   cgo: the card readers, PC/SC
run   pcscd             the daemon of the card readers
run   vsmartcard-vpcd   a virtual card reader, where there is no real one; listens on the network: never on a kiosk
run   xvfb              a screen for the demo and the tests where there is none
test  libxml2-utils     xmllint: checks generated XML
run  poppler-utils     pdftotext, pdftoppm: read the receipts back
test  qpdf              checks the receipts as PDF
test  cups-ipp-utils    ippeveprinter: prints our IPP jobs
test  cups-daemon       cupsd: a queue that our IPP jobs pass
test  cups-client       lpadmin: makes that queue
test  avahi-daemon      ippeveprinter does not start without it
test  dbus              nor without it
test  postgresql        the book of the gateway on a real server; its own service is not used
test  opensc            reads our emulated CNS, verifies its PIN and signs
test  opensc-pkcs11     the module by which it signs
test  openssl           checks those signatures
test  libeac-dev        OpenPACE: a peer of the CIE 3.0
test  libssl-dev        OpenPACE is built on it
test  zbar-tools        zbarimg: reads the codes on the receipts back
test  chromium          drives the operators' pages
LIST
)
readonly packages

# apt waits for another apt instead of giving up; the lists have a lock that
# apt does not wait for, so updating them is tried again.
readonly lock_seconds=600
readonly update_tries=20

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

# wanted MODE: the packages of a mode, one a line. test includes run.
wanted() {
  local when package _
  while read -r when package _; do
    [[ $when == run || ($when == test && $1 == test) ]] && printf '%s\n' "$package"
  done <<<"$packages"
  return 0
}

# missing PACKAGE...: those that are not installed, in the order asked.
missing() {
  local installed package
  installed=$(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^ii  *//p' || true)
  for package in "$@"; do
    grep -qxF -- "$package" <<<"$installed" || printf '%s\n' "$package"
  done
}

# as_root COMMAND...: with the rights that apt needs.
as_root() {
  if [[ $(id -u) -eq 0 ]]; then "$@"; else sudo -- "$@"; fi
}

apt() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq \
    -o DPkg::Lock::Timeout="$lock_seconds" -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 "$@"
}

update() {
  local try
  for ((try = 1; try <= update_tries; try++)); do
    apt update >"$log" 2>&1 && return 0
    grep -q 'lists/lock' "$log" || return 1
    sleep 3
  done
  return 1
}

install_packages() {
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  say "installing $*"
  if ! update; then
    cat "$log" >&2
    die "apt-get update did not succeed. Check the network and /etc/apt/sources.list, then try again."
  fi
  if ! apt install -y --no-install-recommends "$@" >"$log" 2>&1; then
    cat "$log" >&2
    die "apt-get install did not succeed. What apt said is above."
  fi
}

# npos reads our ESC/POS back. Debian has no package of it, nor of any other reader
# of ESC/POS; so it comes from npm, where npm is there anyway. Its test says so when
# it is not there, and nothing else needs it.
readonly npos=npos@0.1.19
readonly npos_seconds=120

npm_peer() {
  local home=${XDG_CACHE_HOME:-$HOME/.cache}/jolly-npos
  if [[ -d $home/node_modules/npos ]] || ! command -v npm >/dev/null; then return 0; fi
  say "installing $npos into $home"
  timeout "$npos_seconds" npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$home" "$npos" >/dev/null 2>&1 ||
    { rm -rf "$home/node_modules"; say "$npos did not come; its test will say that it was not tried"; }
}

main() {
  local mode=${1-}
  [[ $# -eq 1 && ($mode == run || $mode == test) ]] || die "usage: packaging/setup.sh run|test"

  command -v go >/dev/null ||
    die "there is no 'go' on the PATH. Install Go 1.26 or later from https://go.dev/dl/ and try again."

  local names absent
  mapfile -t names < <(wanted "$mode")
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "this is not a Debian system, so nothing was installed. Needed, by their Debian names: ${names[*]}"
    return 0
  fi

  [[ $mode == test ]] && npm_peer
  mapfile -t absent < <(missing "${names[@]}")
  [[ ${#absent[@]} -eq 0 ]] && return 0

  if [[ $(id -u) -ne 0 ]] && ! command -v sudo >/dev/null; then
    die "these packages are missing and this user is not root and has no sudo. As root, run:
  apt-get update && apt-get install --no-install-recommends ${absent[*]}"
  fi
  install_packages "${absent[@]}"

  mapfile -t absent < <(missing "${names[@]}")
  [[ ${#absent[@]} -eq 0 ]] || die "apt succeeded, yet these are still missing: ${absent[*]}"
}

main "$@"
