#!/usr/bin/env bash
# null-call-cr2: when the kernel calls a NULL pointer, CR2 in the oops' registers is not the address that faulted.
#
# One would guess that CR2 of the register dump is what the CPU faulted on (that is what CR2 is for), the same as in
# "BUG: kernel NULL pointer dereference, address: 0000000000000000".
# What happens: before it prints CR2 the kernel tries to read the code around RIP for its "Code:" line. At address 0 that
# read faults, is caught, and leaves its own address in CR2: 0 - 42, the start of the bytes it wanted. That is what the dump
# shows, and what its repetition behind the trace shows again. The right one stands by itself, on an unlabelled second
# "CR2:" line between "Modules linked in:" and the end of the trace.
#
# Seen with linux 7.2.13-1 of Debian (amd64), QEMU 11.1.3:
#   BUG: kernel NULL pointer dereference, address: 0000000000000000
#   RIP: 0010:0x0
#   Code: Unable to access opcode bytes at 0xffffffffffffffd6.
#   CR2: ffffffffffffffd6 CR3: …
#   Modules linked in:
#   CR2: 0000000000000000
#   ---[ end trace 0000000000000000 ]---
#   RIP: 0010:0x0 … CR2: ffffffffffffffd6 CR3: …
# For a parser: take the fault's address from the banner or from the CR2 that stands alone, never from the register dump.
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
hostname x; sleep 1
poweroff -f
E
initrd "$T/initrd" "$T/i"

LOG=$T/log IN=$T/in OUT=$T/out.fifo; mkfifo "$IN" "$OUT"; exec 8<>"$IN" 9<>"$OUT"
qemu x86_64 180 -cpu max -m 512 -smp 1 -serial "file:$LOG" -kernel "$R/usr/lib/modules/$V/vmlinuz" -initrd "$T/initrd" \
  -append "console=ttyS0 nokaslr" -gdb stdio &
oops_in_sethostname "$LOG"
wait $!
tr -d '\r' < "$LOG" | sed -n '/BUG: kernel NULL/,$p' | sed 's/^\[ *[0-9.]*\] //' | grep -E '^(BUG|RIP: 0010|Code: Un|CR2|Modules|---)' | sed 's/ CR3.*/ CR3/' > "$T/seen"
cat > "$T/want" <<'E'
BUG: kernel NULL pointer dereference, address: 0000000000000000
RIP: 0010:0x0
Code: Unable to access opcode bytes at 0xffffffffffffffd6.
CR2: ffffffffffffffd6 CR3
Modules linked in:
CR2: 0000000000000000
---[ end trace 0000000000000000 ]---
RIP: 0010:0x0
Code: Unable to access opcode bytes at 0xffffffffffffffd6.
CR2: ffffffffffffffd6 CR3
E
diff "$T/want" "$T/seen" || fail "the lines differ: the behaviour changed"
echo "ok: linux $V: the fault at 0 is printed with CR2 ffffffffffffffd6 in both register dumps"
