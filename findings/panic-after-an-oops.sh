#!/usr/bin/env bash
# panic-after-an-oops: once a machine has had an oops, a later panic prints neither a CPU header nor a stack, however
# late it comes and whatever it has to do with the oops.
#
# One would guess that "Kernel panic - not syncing:" is followed by a "CPU: … Comm:" line and a "Call Trace:" (as it is, on
# the same machine, for the same trigger, when nothing happened before), or that only a panic caused by the oops is bare.
# What happens: panic() leaves its stack out when the kernel is tainted D, so as not to dump twice while an oops is being
# handled; but the taint stays for the rest of the boot. The task that panicked is named nowhere.
#
# Seen with linux 7.2.13-1 of Debian (amd64), QEMU 11.1.3; the oops is of the task hostname, the panic of init, seconds later:
#   [   22.581443] sysrq: Trigger a crash
#   [   22.582146] Kernel panic - not syncing: sysrq triggered crash
#   [   22.583814] Kernel Offset: disabled
#   [   22.601470] Rebooting in 1 seconds..
# without the oops: Kernel panic - … / CPU: 0 UID: 0 PID: 1 Comm: init Not tainted … / Hardware name: … / Call Trace: / …
# For a parser: such a panic is whole, not cut off; the stack above it belongs to the oops and need not explain the panic.
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
fetch amd64 "linux-binary-$V=7.2.13-1 busybox-static=1:1.38.0-3+b1" qemu-system-x86=1:11.1.3+ds-1

mkdir "$T/i"
cat > "$T/i/init.sh" <<'E'
a=$(grep ' T __x64_sys_sethostname$' /proc/kallsyms); echo "poke: ${a%% *}"; sleep 3
if grep -q oopsfirst /proc/cmdline; then hostname x; fi
sleep 5
echo c > /proc/sysrq-trigger
E
initrd "$T/initrd" "$T/i"

boot() { # NAME CMDLINE
  LOG=$T/$1.log
  IN=$T/$1.in OUT=$T/$1.out; mkfifo "$IN" "$OUT"; exec 8<>"$IN" 9<>"$OUT"
  qemu x86_64 180 -cpu max -m 512 -smp 1 -serial "file:$LOG" -kernel "$R/usr/lib/modules/$V/vmlinuz" -initrd "$T/initrd" \
    -append "console=ttyS0 nokaslr panic=1 $2" -gdb stdio &
  [ -z "$2" ] || oops_in_sethostname "$LOG"
  wait $!
  tr -d '\r' < "$LOG" | sed 's/^\[ *[0-9.]*\] //' > "$T/$1.txt"
  sed -n '/^sysrq: Trigger a crash/,$p' "$T/$1.txt" > "$T/$1.panic"
  grep -q '^Kernel panic - not syncing: sysrq triggered crash' "$T/$1.panic" || fail "$1: no panic"
}

boot clean ""
! grep -q 'Oops: ' "$T/clean.txt" || fail "clean: there is an oops"
grep -q '^CPU: 0 UID: 0 PID: 1 Comm: init Not tainted' "$T/clean.panic" && grep -q '^Call Trace:' "$T/clean.panic" || fail "clean: the panic has no header or no trace"
boot after oopsfirst
grep -q '^CPU: .* Comm: hostname ' "$T/after.txt" && grep -q '^Oops: ' "$T/after.txt" || fail "after: no oops"
printf '%s\n' 'sysrq: Trigger a crash' 'Kernel panic - not syncing: sysrq triggered crash' 'Kernel Offset: disabled' 'Rebooting in 1 seconds..' |
  diff - "$T/after.panic" || fail "after: the panic has other lines: the behaviour changed"
echo "ok: linux $V: seconds after an oops another task's panic has no header and no trace"
