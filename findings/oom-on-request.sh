#!/usr/bin/env bash
# oom-on-request: sysrq-f writes the full report of a machine that is out of memory, with most of the memory free.
#
# One would guess that "invoked oom-killer" names the task that could not get memory, that its order is a number of pages'
# power of two, and that "Out of memory: Killed process" means that there was none left.
# What happens: the request is carried out by a kernel worker, which "invoked oom-killer" and has the trace; the order is -1;
# behind it come the state of the memory, the tasks, and "Out of memory: Killed process". The -1, the worker's function
# (moom_callback) and the line "sysrq: Manual OOM execution" before it tell that somebody asked.
#
# Seen with linux 7.2.13-1 of Debian (amd64), QEMU 11.1.3:
#   sysrq: Manual OOM execution
#   kworker/0:1 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=-1, oom_score_adj=0
#   Workqueue: events moom_callback … Node 0 DMA32 free:391928kB … (of 469 MB)
#   Out of memory: Killed process 99 (sleep) total-vm:2336kB, …
# For a parser: order may be negative, and then the report is a dump that somebody asked for, not a fault.
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
sleep 1000 &
sleep 2; grep MemAvailable /proc/meminfo
echo f > /proc/sysrq-trigger; sleep 3
poweroff -f
E
initrd "$T/initrd" "$T/i"

LOG=$T/log
qemu x86_64 180 -cpu max -m 512 -smp 1 -serial "file:$LOG" -kernel "$R/usr/lib/modules/$V/vmlinuz" -initrd "$T/initrd" -append "console=ttyS0 loglevel=7"
tr -d '\r' < "$LOG" | sed 's/^\[ *[0-9.]*\] //' > "$T/txt"
free=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' "$T/txt")
[ "${free:-0}" -gt 300000 ] || fail "the VM did not come up, or has little memory: ${free:-}"
grep -q '^sysrq: Manual OOM execution' "$T/txt" || fail "sysrq-f was not carried out"
grep -Eq '^kworker/[^ ]+ invoked oom-killer: gfp_mask=0xcc0\(GFP_KERNEL\), order=-1, oom_score_adj=0$' "$T/txt" || fail "the first line is another: the behaviour changed"
grep -q '^Workqueue: events moom_callback' "$T/txt" || fail "it is no worker: the behaviour changed"
grep -Eq '^ +moom_callback\+0x' "$T/txt" || fail "the trace is another's: the behaviour changed"
zone=$(sed -n 's/^Node 0 DMA32 free:\([0-9]*\)kB.*/\1/p' "$T/txt")
[ "${zone:-0}" -gt 300000 ] || fail "the report has another amount free: ${zone:-}"
[ "$(grep -nE '^sysrq: Manual OOM|invoked oom-killer|^Mem-Info:|^Tasks state|^oom-kill:|^Out of memory: Killed' "$T/txt" | wc -l)" = 6 ] ||
  fail "a part of the report is missing or there twice"
grep -Eq '^Out of memory: Killed process [0-9]+ \(sleep\) total-vm:' "$T/txt" || fail "the last line is another: the behaviour changed"
echo "ok: linux $V: a kworker invoked oom-killer, order=-1, Out of memory, with $free kB available"
