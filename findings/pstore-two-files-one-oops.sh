#!/usr/bin/env bash
# pstore-two-files-one-oops: ramoops' record of an oops stops short of its second register dump, and the record of a later
# panic holds the oops again; the #1 and #2 in their headings count records, not oopses.
#
# One would guess that each file of /sys/fs/pstore holds one event, all of it, and that "Panic#2" is a second panic.
# What happens: a record is the newest part of the log at that moment. The oops is saved from inside its end-of-trace line,
# so the "RIP:" and registers that the console shows behind it are missing; the panic is saved before its last lines, so
# "Rebooting in" and "---[ end Kernel panic" are never in a record. The panic's file begins with the same lines as the
# oops' file, and what the first lacks of the oops stands in the second.
#
# Seen with linux 7.2.13-1 of Debian (amd64), record_size 32 KiB, QEMU 11.1.3:
#   dmesg-ramoops-0  Oops#1 Part1   … Oops: Oops: 0010 [#1] SMP NOPTI … ---[ end trace 0000000000000000 ]---
#   dmesg-ramoops-1  Panic#2 Part1  … Oops: Oops: 0010 [#1] SMP NOPTI … ---[ end trace 0000000000000000 ]--- RIP: 0010:0x0 …
#                                   note: hostname[105] exited with irqs disabled … Kernel panic - not syncing: … Kernel Offset: disabled
# For a parser: files of one boot repeat each other's reports (same times); a panic record without its end is not cut off.
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
fetch amd64 "linux-binary-$V=7.2.13-1 linux-modules-$V=7.2.13-1 busybox-static=1:1.38.0-3+b1" qemu-system-x86=1:11.1.3+ds-1

mkdir "$T/i"
for m in reed_solomon ramoops; do xz -dc "$(find "$R/usr/lib/modules" -name $m.ko.xz)" > "$T/i/$m.ko"; done
cat > "$T/i/init.sh" <<'E'
insmod /reed_solomon.ko; insmod /ramoops.ko mem_address=0x1f000000 mem_size=0x100000 record_size=0x8000; sleep 1
mkdir /p; mount -t pstore p /p
if [ -e /p/dmesg-ramoops-0 ]; then for f in /p/*; do echo "== ${f#/p/}"; cat $f; done; echo "== end"; poweroff -f; fi
a=$(grep ' T __x64_sys_sethostname$' /proc/kallsyms); echo "poke: ${a%% *}"; sleep 3
hostname x; sleep 2
echo c > /proc/sysrq-trigger
E
initrd "$T/initrd" "$T/i"

LOG=$T/log IN=$T/in OUT=$T/out.fifo; mkfifo "$IN" "$OUT"; exec 8<>"$IN" 9<>"$OUT"
qemu x86_64 240 -cpu max -m 512 -smp 1 -serial "file:$LOG" -kernel "$R/usr/lib/modules/$V/vmlinuz" -initrd "$T/initrd" \
  -append "console=ttyS0 nokaslr panic=1 loglevel=5 memmap=1M\$0x1f000000" -gdb stdio -action reboot=reset &
oops_in_sethostname "$LOG"
wait $!
tr -d '\r' < "$LOG" > "$T/txt"
grep -q '^== end' "$T/txt" || fail "the second boot did not come to its end"
sed -n '/^== dmesg-ramoops-0/,/^== dmesg-ramoops-1/p' "$T/txt" | sed '1d;$d' | sed 's/^<[0-9]>\[ *[0-9.]*\] //' > "$T/first"
sed -n '/^== dmesg-ramoops-1/,/^== end/p' "$T/txt" | sed '1d;$d' | sed 's/^<[0-9]>\[ *[0-9.]*\] //' > "$T/second"
sed '/^== dmesg/,$d' "$T/txt" | sed 's/^\[ *[0-9.]*\] //' > "$T/console"

count() { grep -c -e "$2" "$T/$1" || :; }
[ "$(head -n 1 "$T/first")" = 'Oops#1 Part1' ] || fail "the first record is headed $(head -n 1 "$T/first")"
[ "$(head -n 1 "$T/second")" = 'Panic#2 Part1' ] || fail "the second record is headed $(head -n 1 "$T/second")"
[ "$(count console '^RIP: 0010:')" = 2 ] && [ "$(count console '^Rebooting in')" = 1 ] || fail "the console has other lines"
[[ $(tail -n 1 "$T/first") == '---[ end trace'* ]] || fail "the first record does not stop at the end of the trace: the behaviour changed"
[ "$(count first '^RIP: 0010:')" = 1 ] || fail "the first record has the second registers: the behaviour changed"
[ "$(count second '^Oops: ')" = 1 ] && [ "$(count second '^RIP: 0010:')" = 2 ] || fail "the second record has no whole oops: the behaviour changed"
[ "$(count second '^Kernel panic - not syncing: sysrq')" = 1 ] || fail "the second record has no panic"
[ "$(count second '^Rebooting in')$(count second 'end Kernel panic')" = 00 ] || fail "the second record has the panic's last lines: the behaviour changed"
diff <(sed 1d "$T/first") <(sed 1d "$T/second" | head -n "$(($(wc -l < "$T/first") - 1))") > /dev/null || fail "the records do not begin alike"
echo "ok: linux $V: one oops in two records, $(($(wc -l < "$T/first") - 1)) lines of them the same; neither has the panic's end"
