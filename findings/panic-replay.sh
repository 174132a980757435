#!/usr/bin/env bash
# panic-replay: panic_console_replay=1 prints the whole log a second time behind the panic, with nothing to tell it apart
# from a reboot: "Linux version" at 0 s again, and the same panic again.
#
# One would guess that a second "[    0.000000] Linux version" is a second boot, that a panic which stands in the log twice
# happened twice, and that a quiet console stays quiet.
# What happens: the kernel rewinds its console and prints every record since boot, those too that the log level had kept
# off the console, without a line before or after that says so; times and words are those of the first printing. One
# panic stands there twice, in what look like two boots; only the second copy has "Rebooting in" behind it.
#
# Seen with linux 7.2.13-1 of Debian (amd64) booted with "quiet", QEMU 11.1.3:
#   1  [   12.588353] sysrq: Trigger a crash
#   2  [   12.589069] Kernel panic - not syncing: sysrq triggered crash … its trace …
#   3  [    0.000000] Linux version 7.2.13+deb14-amd64 …   (and 370 lines of boot that "quiet" had hidden)
#   4  [   12.588353] sysrq: Trigger a crash
#   5  [   12.589069] Kernel panic - not syncing: sysrq triggered crash … its trace … Rebooting in 1 seconds..
# For a parser: a line with the same time and the same words, in the same order, behind a step back to 0 is a copy.
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

# initrd OUT FOLDER: FOLDER/init and what else it holds, with busybox
initrd() {
  mkdir -p "$2/bin"
  cp "${BUSYBOX:-$R/usr/bin/busybox}" "$2/bin/busybox"
  { printf '%s\n' '#!/bin/busybox sh' 'export PATH=/bin' 'busybox mkdir -p /proc /sys /dev /tmp' \
      'busybox mount -t proc p /proc' 'busybox --install -s /bin' 'mount -t sysfs s /sys' 'mount -t devtmpfs d /dev'
    cat "$2/init.sh"; } > "$2/init"
  chmod +x "$2/init"
  (cd "$2" && find . | "$R/usr/bin/busybox" cpio -o -H newc 2>/dev/null | gzip -1) > "$1"
}

# qemu ARCH SECONDS ARGUMENT...: one VM without acceleration, ended after SECONDS
qemu() {
  local q=$R/usr/bin/qemu-system-$1 s=$2; shift 2
  timeout -k 5 "$s" "$R/usr/lib64/ld-linux-x86-64.so.2" --library-path "$R/usr/lib/x86_64-linux-gnu" "$q" \
    -L "$R/usr/share/qemu" -L "$R/usr/share/seabios" -L "$R/usr/lib/ipxe/qemu" \
    -accel tcg -display none -nodefaults -no-reboot "$@" < "${IN:-/dev/null}" > "${OUT:-$T/out}" 2>> "$T/err" || :
}

V=7.2.13+deb14-amd64
fetch amd64 "linux-binary-$V=7.2.13-1 busybox-static=1:1.38.0-3+b1" qemu-system-x86=1:11.1.3+ds-1

mkdir "$T/i"
cat > "$T/i/init.sh" <<'E'
echo "once in user space"
echo c > /proc/sysrq-trigger
E
initrd "$T/initrd" "$T/i"

boot() { # NAME CMDLINE
  LOG=$T/$1.log
  qemu x86_64 180 -cpu max -m 512 -smp 1 -serial "file:$LOG" -kernel "$R/usr/lib/modules/$V/vmlinuz" -initrd "$T/initrd" \
    -append "console=ttyS0 panic=1 quiet $2"
  tr -d '\r' < "$LOG" | grep -a -E '^\[ *[0-9]+\.[0-9]{6}\] |^once in user space' > "$T/$1.txt" || :
  grep -q '^once in user space' "$T/$1.txt" || fail "$1: the VM did not come up"
}
count() { grep -c -e "$2" "$T/$1.txt" || :; }

boot plain ""
[ "$(count plain 'Linux version')" = 0 ] || fail "plain: quiet is not quiet"
[ "$(count plain 'Kernel panic - not syncing')" = 1 ] || fail "plain: not one panic"
boot replay panic_console_replay=1
[ "$(count replay 'once in user space')" = 1 ] || fail "replay: the machine booted twice"
[ "$(count replay 'Kernel panic - not syncing')" = 2 ] || fail "replay: the panic does not stand there twice: the behaviour changed"
[ "$(grep 'Kernel panic' "$T/replay.txt" | sort -u | wc -l)" = 1 ] || fail "replay: the copies differ: the behaviour changed"
n=$(grep -n 'Linux version' "$T/replay.txt" | cut -d : -f 1)
p=$(grep -n 'Kernel panic' "$T/replay.txt" | cut -d : -f 1 | head -n 1)
[ "$n" -gt "$p" ] 2>/dev/null || fail "replay: no boot message behind the panic: the behaviour changed"
[[ $(sed -n "$((n - 1))p" "$T/replay.txt") == *'Kernel Offset:'* ]] || fail "replay: something stands between the panic and its replay: $(sed -n "$((n - 1))p" "$T/replay.txt")"
[[ $(sed -n "${n}p" "$T/replay.txt") == '[    0.000000] Linux version'* ]] || fail "replay: something announces the replay"
[ "$(sed -n "$n,\$p" "$T/replay.txt" | wc -l)" -gt 200 ] || fail "replay: the hidden lines are not in it"
echo "ok: linux $V: one panic, printed twice, with the whole boot between the copies"
