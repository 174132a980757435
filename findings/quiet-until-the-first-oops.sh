#!/usr/bin/env bash
# quiet-until-the-first-oops: on a quiet console a dump that somebody asks for is a heading without a body; behind the
# first oops the same dump is whole, and so is everything else for the rest of the boot.
#
# One would guess that sysrq raises the console's log level for its dump (the heading does come through), so that an empty
# "sysrq: Show Memory" has nothing to show; and that an oops which the machine survives leaves the log level alone.
# What happens: only the heading is printed at a raised level; the body goes by the level set ("quiet": 4) and does not
# come. An oops sets the level to 15 for its own lines and leaves it there: later the same dump is whole, and so are
# debug messages that no setting had asked for.
#
# Seen with linux 7.2.13-1 of Debian (amd64) booted with "quiet", QEMU 11.1.3:
#   before  sysrq: Show Memory     and no other line         /proc/sys/kernel/printk 4 4 1 7, a <7> line does not come
#   after   sysrq: Show Memory / Mem-Info: / … 30 lines      /proc/sys/kernel/printk 15 4 1 7, a <7> line does come
# For a parser: a heading without a body is no empty dump, and how much a log holds depends on what went wrong before.
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
dump() { echo "== $1 level: $(cat /proc/sys/kernel/printk)"; echo m > /proc/sysrq-trigger; echo "<7>a debug line" > /dev/kmsg; sleep 1; }
dump before
a=$(grep ' T __x64_sys_sethostname$' /proc/kallsyms); echo "poke: ${a%% *}"; sleep 3
hostname x; sleep 1
dump after
echo "== end"; poweroff -f
E
initrd "$T/initrd" "$T/i"

LOG=$T/log IN=$T/in OUT=$T/out.fifo; mkfifo "$IN" "$OUT"; exec 8<>"$IN" 9<>"$OUT"
qemu x86_64 180 -cpu max -m 512 -smp 1 -serial "file:$LOG" -kernel "$R/usr/lib/modules/$V/vmlinuz" -initrd "$T/initrd" \
  -append "console=ttyS0 nokaslr quiet" -gdb stdio &
oops_in_sethostname "$LOG"
wait $!
tr -d '\r' < "$LOG" | tr '\t' ' ' | sed 's/^\[ *[0-9.]*\] //' > "$T/txt"
sed -n '/^== before/,/^poke/p' "$T/txt" > "$T/before"
sed -n '/^== after/,/^== end/p' "$T/txt" > "$T/after"
grep -q '^BUG: kernel NULL pointer dereference' "$T/txt" || fail "no oops"
printf '%s\n' '== before level: 4 4 1 7' 'sysrq: Show Memory' | diff - <(sed '$d' "$T/before") || fail "before the oops: the behaviour changed"
[ "$(head -n 1 "$T/after")" = '== after level: 15 4 1 7' ] || fail "after the oops the level is not 15: the behaviour changed"
grep -q '^sysrq: Show Memory' "$T/after" && grep -q '^Mem-Info:' "$T/after" && grep -q 'pages RAM$' "$T/after" || fail "after: the dump is not whole"
grep -q '^a debug line' "$T/after" || fail "after: no debug line"
echo "ok: linux $V: the dump's body is missing before the first oops and there after it ($(wc -l < "$T/after") lines)"
