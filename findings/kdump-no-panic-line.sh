#!/usr/bin/env bash
# kdump-no-panic-line: with a crash kernel loaded, an oops that takes the machine down prints neither "---[ end trace" nor
# "Kernel panic - not syncing"; the next line is the crash kernel's "Linux version", at 0 s.
#
# One would guess that panic_on_oops=1 ends the log in "Kernel panic - not syncing: Fatal exception" whether or not a
# crash kernel is loaded, and that a log without it tells of a machine that went on.
# What happens: the oops code itself jumps to the crash kernel, before the end-of-trace line and before panic(). The only
# traces of how it ended are "Kdump: loaded" in the header and a second boot that begins in mid-report.
#
# Seen with linux 7.2.13-1 of Debian (amd64), kexec-tools 2.0.32-3, QEMU 11.1.3:
#   with a crash kernel  CPU: 0 UID: 0 PID: 114 Comm: hostname Kdump: loaded Not tainted 7.2.13+deb14-amd64 …
#                        Modules linked in: / CR2: 0000000000000000 / [    0.000000] Linux version 7.2.13+deb14-amd64 …
#   without              … / CR2: … / ---[ end trace 0000000000000000 ]--- / RIP: … / Kernel panic - not syncing: Fatal exception
# For a parser: whether an oops was fatal is not told by the panic line; a report may end where a boot begins.
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

# oops_in_sethostname LOG: the VM behind $IN and $OUT (-gdb stdio) prints "poke: ADDRESS OF __x64_sys_sethostname"; where it
# next calls that, a debugger's protocol sends the CPU to address 0. A module-free way to a real NULL pointer call.
say() { local c=0 i o; for ((i = 0; i < ${#1}; i++)); do printf -v o %d "'${1:i:1}"; c=$(((c + o) & 255)); done; printf '+$%s#%02x' "$1" $c >&8; }
hear() { local s= c; while [[ $s != *'$'*'#'?? ]]; do IFS= read -r -t 60 -n 1 -u 9 c || fail "the debugger's stub is silent"; s+=$c; done; }
oops_in_sethostname() {
  local i a=
  for ((i = 0; i < 1500 && ${#a} == 0; i++)); do sleep .1; a=$(sed -n 's/^poke: \([0-9a-f]*\).*/\1/p' "$1" 2>/dev/null || :); done
  [ -n "$a" ] || fail "the VM did not come up"
  for i in '?' "Z1,$a,1" c "z1,$a,1" P10=0000000000000000 D; do say "$i"; hear; done
}

V=7.2.13+deb14-amd64
fetch amd64 "linux-binary-$V=7.2.13-1 busybox-static=1:1.38.0-3+b1" "qemu-system-x86=1:11.1.3+ds-1 kexec-tools=1:2.0.32-3"

mkdir -p "$T/second" "$T/i/k"
cat > "$T/second/init.sh" <<'E'
echo "this is the crash kernel"; poweroff -f
E
initrd "$T/i/k/initrd" "$T/second"
cp "$R/usr/lib/modules/$V/vmlinuz" "$R/usr/sbin/kexec" "$R/usr/lib64/ld-linux-x86-64.so.2" "$R"/usr/lib/x86_64-linux-gnu/lib{xen*,c,z,lzma}.so.* "$T/i/k/"
cat > "$T/i/init.sh" <<'E'
if grep -q crashkernel /proc/cmdline; then
  LD_LIBRARY_PATH=/k /k/ld-linux-x86-64.so.2 /k/kexec -s -p /k/vmlinuz --initrd=/k/initrd --command-line="console=ttyS0 nr_cpus=1"
fi
echo "crash kernel loaded: $(cat /sys/kernel/kexec_crash_loaded)"
echo 1 > /proc/sys/kernel/panic_on_oops
a=$(grep ' T __x64_sys_sethostname$' /proc/kallsyms); echo "poke: ${a%% *}"; sleep 3
hostname x
echo survived; poweroff -f
E
initrd "$T/initrd" "$T/i"

boot() { # NAME CMDLINE
  LOG=$T/$1.log
  IN=$T/$1.in OUT=$T/$1.out; mkfifo "$IN" "$OUT"; exec 8<>"$IN" 9<>"$OUT"
  qemu x86_64 240 -cpu max -m 900 -smp 1 -serial "file:$LOG" -kernel "$R/usr/lib/modules/$V/vmlinuz" -initrd "$T/initrd" \
    -append "console=ttyS0 nokaslr panic=1 $2" -gdb stdio &
  oops_in_sethostname "$LOG"
  wait $!
  tr -d '\r' < "$LOG" | sed -n '/^poke/,$p' | sed 's/^\[ *[0-9.]*\] //' > "$T/$1.txt"
  grep -q 'BUG: kernel NULL pointer dereference' "$T/$1.txt" || fail "$1: no oops"
}

boot plain ""
grep -q '^crash kernel loaded: 0' "$LOG" || fail "plain: a crash kernel is loaded"
grep -q '^Kernel panic - not syncing: Fatal exception' "$T/plain.txt" || fail "plain: no panic line"
[ "$(grep -oE '^(CR2: 0+$|---\[ end trace|RIP: 0010:|Kernel panic)' "$T/plain.txt" | tail -n 4 | tr '\n' '/')" = \
  "CR2: 0000000000000000/---[ end trace/RIP: 0010:/Kernel panic/" ] || fail "plain: the oops ends in another way"
! grep -q 'Kdump: loaded' "$T/plain.txt" || fail "plain: the header says that a crash kernel is loaded"

boot kdump crashkernel=256M
grep -q '^crash kernel loaded: 1' "$LOG" || fail "kdump: the crash kernel was not loaded"
grep -q '^this is the crash kernel' "$T/kdump.txt" || fail "kdump: the crash kernel did not run"
grep -q '^CPU: .* Kdump: loaded Not tainted' "$T/kdump.txt" || fail "kdump: the header does not say so"
! grep -q 'Kernel panic' "$T/kdump.txt" || fail "kdump: there is a panic line: the behaviour changed"
! grep -q 'end trace' "$T/kdump.txt" || fail "kdump: there is an end of trace: the behaviour changed"
[[ $(grep -B 1 '^Linux version' "$T/kdump.txt" | head -n 1) == CR2:* ]] || fail "kdump: something stands between the oops and the crash kernel"
tr -d '\r' < "$LOG" | sed '1,/^poke/d' | grep '^\[    0\.000000\] Linux version' > /dev/null || fail "kdump: the crash kernel does not begin at 0 s"
echo "ok: linux $V: with a crash kernel loaded a fatal oops has no end of trace and no panic line"
