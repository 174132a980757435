#!/usr/bin/env bash
# netconsole-panic: a machine that reboots after a panic sends no line of the panic to its netconsole.
#
# One would guess that netconsole, made to get the last words of a dying machine out, sends them: the serial console
# shows the panic to its last line.
# What happens: with panic=N (reboot) not one line of the panic leaves the machine: the last that netconsole sent is from
# before it. With panic=0 all of them are sent, from "Kernel panic" to "---[ end Kernel panic".
#
# Seen with linux 7.2.13-1 of Debian (amd64), QEMU 11.1.3, network card e1000:
#   panic=3: serial ends in    Kernel panic - not syncing: sysrq triggered crash … Rebooting in 3 seconds..
#            netconsole in     [   24.863786] the last words before
#   panic=0: netconsole ends in [   24.952101] ---[ end Kernel panic - not syncing: sysrq triggered crash ]---
# For a parser: a netconsole log that simply stops is no sign that nothing was printed.
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
fetch amd64 "linux-binary-$V=7.2.13-1 linux-modules-$V=7.2.13-1 busybox-static=1:1.38.0-3+b1" qemu-system-x86=1:11.1.3+ds-1

mkdir "$T/i"
for m in configfs e1000 netconsole; do xz -dc "$(find "$R/usr/lib/modules" -name $m.ko.xz)" > "$T/i/$m.ko"; done
cat > "$T/i/init.sh" <<'E'
insmod /configfs.ko; insmod /e1000.ko
ip link set eth0 up; sleep 3
insmod /netconsole.ko netconsole=6665@10.0.2.15/eth0,6666@10.0.2.2/52:55:0a:00:02:02
sleep 2; echo "<4>the last words before" > /dev/kmsg; sleep 3
echo c > /proc/sysrq-trigger
E
initrd "$T/initrd" "$T/i"

boot() { # NAME SECONDS CMDLINE
  LOG=$T/$1.log
  qemu x86_64 "$2" -cpu max -m 512 -smp 1 -serial "file:$LOG" -kernel "$R/usr/lib/modules/$V/vmlinuz" -initrd "$T/initrd" \
    -append "console=ttyS0 loglevel=7 $3" -netdev user,id=n,restrict=on -device e1000,netdev=n \
    -object "filter-dump,id=f,netdev=n,file=$T/$1.pcap"
  grep -aq 'Kernel panic - not syncing: sysrq triggered crash' "$LOG" || fail "$1: no panic on the serial console"
  grep -aq 'the last words before' "$T/$1.pcap" || fail "$1: netconsole sent nothing at all"
}

boot reboots 180 panic=3
grep -aq 'Rebooting in 3 seconds' "$LOG" || fail "reboots: the machine did not come to its reboot"
! grep -aq 'Kernel panic' "$T/reboots.pcap" || fail "reboots: netconsole sent the panic: the behaviour changed"
! grep -aq 'Call Trace' "$T/reboots.pcap" || fail "reboots: netconsole sent the trace: the behaviour changed"
last=$(grep -aoE '\[ *[0-9]+\.[0-9]{6}\] [[:print:]]+' "$T/reboots.pcap" | tail -n 1)
[[ $last == *'] the last words before' ]] || fail "reboots: the last that netconsole sent is another: $last"
boot stays 60 panic=0
grep -aq 'Kernel panic - not syncing: sysrq' "$T/stays.pcap" || fail "stays: netconsole did not send the panic either"
grep -aq -e '---\[ end Kernel panic' "$T/stays.pcap" || fail "stays: netconsole did not send the end of the panic"
tr -d '\r' < "$LOG" | sed -n '/Kernel panic - not syncing: sysrq/,/end Kernel panic/p' > "$T/panic"
[ "$(wc -l < "$T/panic")" -gt 10 ] || fail "stays: the panic on the serial console is short"
while IFS= read -r line; do
  grep -aqF -- "$line" "$T/stays.pcap" || fail "stays: netconsole did not send: $line"
done < "$T/panic"
echo "ok: linux $V: netconsole sends a panic with panic=0 and not a line of it with panic=3"
