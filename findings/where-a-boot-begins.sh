#!/usr/bin/env bash
# where-a-boot-begins: the first line of a boot is not at 0 s on s390x, and ppc64el says "Linux version" twice in one boot.
#
# One would guess that "[    0.000000] Linux version" begins a boot, once, on every architecture: the clock of the log starts
# with the kernel.
# What happens: on s390x no line of the boot is at 0 (here the first is at 1.5 to 5.3 s). ppc64el prints the kernel's
# banner first behind "Preparing to boot", without time and with the same release, compiler and date as the banner that
# follows at 0 s, more than ten lines later.
#
# Seen with linux 7.2.13-1 of Debian (s390x, ppc64el), QEMU 11.1.3:
#   s390x    [    2.857338] Linux version 7.2.13+deb14-s390x …
#   ppc64el  Preparing to boot Linux version 7.2.13+deb14-powerpc64le …
#            [    0.000000] Linux version 7.2.13+deb14-powerpc64le …
# For a parser: a boot is neither a time of 0 nor each "Linux version"; on s390x a step back of the clock may lead to some seconds.
#
# Needs: bash and, of a Debian-like amd64 host, apt-get, dpkg-deb, xz and debian-archive-keyring; not root. apt-get
# fetches the packages, kernel and QEMU alike, into a temporary folder that goes away at the end; the host's own
# package state is not touched. Versions that left the archive are asked for at
# snapshot.debian.org, a way that could not be tried.
set -euo pipefail

T=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || :; rm -rf "$T"' EXIT
R=$T/root
fail() { echo "FAIL: $*" >&2; [ -z "${LOG:-}" ] || tail -n 40 "$LOG" >&2; exit 1; }

# fetch "ARCH..." "PACKAGE=VERSION..." "PACKAGE=VERSION..." (the latter with all that they depend on): unpacks into $R
fetch() {
  mkdir -p "$T"/apt/{etc,state/lists/partial,cache/archives/partial} "$T/deb" "$R"
  : > "$T/apt/status"
  cat > "$T/apt/conf" <<E
Dir "$T/apt"; Dir::Etc "$T/apt/etc"; Dir::State "$T/apt/state"; Dir::State::status "$T/apt/status"; Dir::Cache "$T/apt/cache";
APT::Architecture "amd64"; APT::Architectures { $(printf '"%s"; ' $1) }; APT::Sandbox::User ""; APT::Install-Recommends "no";
Acquire::Languages "none"; Acquire::Check-Valid-Until "no"; Acquire::Retries "3";
E
  local at ok=
  for at in deb.debian.org/debian snapshot.debian.org/archive/debian/20261130T000000Z; do
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://$at sid main" > "$T/apt/etc/sources.list"
    if (export APT_CONFIG=$T/apt/conf; cd "$T/deb"; apt-get -qq update && apt-get -qq download $2 &&
        apt-get -qq -y --download-only install $3) > "$T/apt/out" 2>&1; then ok=1; break; fi
  done
  [ -n "$ok" ] || { cat "$T/apt/out" >&2; fail "the packages cannot be had"; }
  for at in "$T"/deb/*.deb "$T"/apt/cache/archives/*.deb; do dpkg-deb -x "$at" "$R"; done
}

# qemu ARCH SECONDS ARGUMENT...: one VM without acceleration, ended after SECONDS
qemu() {
  local q=$R/usr/bin/qemu-system-$1 s=$2; shift 2
  timeout -k 5 "$s" "$R/usr/lib64/ld-linux-x86-64.so.2" --library-path "$R/usr/lib/x86_64-linux-gnu" "$q" \
    -L "$R/usr/share/qemu" -L "$R/usr/share/seabios" -L "$R/usr/lib/ipxe/qemu" \
    -accel tcg -display none -nodefaults -no-reboot "$@" < "${IN:-/dev/null}" > "${OUT:-$T/out}" 2>> "$T/err" || :
}

V=7.2.13+deb14
fetch "amd64 s390x ppc64el" "linux-binary-$V-s390x:s390x=7.2.13-1 linux-binary-$V-powerpc64le:ppc64el=7.2.13-1" \
  "qemu-system-s390x=1:11.1.3+ds-1 qemu-system-ppc=1:11.1.3+ds-1"

# There is no root file system: both kernels boot, find none and panic, which is as far as they have to come.
boot() { # NAME QEMU SECONDS KERNEL CMDLINE ARGUMENT...
  LOG=$T/$1.log
  local k=$R/usr/lib/modules/$V-$4/vmlinuz
  qemu "$2" "$3" -m 768 -smp 1 -serial "file:$LOG" -kernel "$k" -append "$5" -pidfile "$T/pid" "${@:6}" &
  local i; for ((i = 0; i < $3 * 2; i++)); do sleep .5; ! grep -aq 'Kernel panic - not syncing: VFS' "$LOG" 2>/dev/null || break; done
  sleep 1; { kill "$(cat "$T/pid")"; } 2>/dev/null || :; wait $!
  tr -d '\r' < "$LOG" > "$T/$1.txt"
  grep -aq 'Kernel panic - not syncing: VFS' "$T/$1.txt" || fail "$1: the kernel did not boot"
}

boot s390x s390x 120 s390x panic=1
n=$(grep -ac 'Linux version' "$T/s390x.txt")
[ "$n" = 1 ] || fail "s390x: $n times Linux version"
! grep -aq '^\[    0\.000000\]' "$T/s390x.txt" || fail "s390x: there is a line at 0 s: the behaviour changed"
grep -m 1 -aE '^\[' "$T/s390x.txt" | grep -aEq '^\[ *[0-9]+\.[0-9]{6}\] Linux version 7\.2\.13' || fail "s390x: the first line is another"

boot ppc64el ppc64 180 powerpc64le "console=hvc0 panic=1" -machine pseries
[ "$(grep -ac 'Linux version' "$T/ppc64el.txt")" = 2 ] || fail "ppc64el: Linux version does not stand there twice: the behaviour changed"
first=$(grep -a 'Linux version' "$T/ppc64el.txt" | sed -n 1p)
second=$(grep -a 'Linux version' "$T/ppc64el.txt" | sed -n 2p)
[ "${first#Preparing to boot }" != "$first" ] || fail "ppc64el: the first line is another: $first"
[ "${first#Preparing to boot }" = "${second#\[    0.000000\] }" ] || fail "ppc64el: the banners differ: $first / $second"
lines=$(grep -an 'Linux version' "$T/ppc64el.txt" | cut -d: -f1 | tr '\n' ' ')
[ $((${lines#* } - ${lines%% *})) -gt 10 ] || fail "ppc64el: the banners are close together, lines $lines"
echo "ok: linux $V: s390x begins at $(grep -m 1 -aoE '^\[ *[0-9.]+\]' "$T/s390x.txt"), ppc64el says Linux version twice"
