#!/usr/bin/env bash
# Builds the ELF files of this directory from src/. The tests read what is committed and need none of these tools:
# gcc 12.2.0, s390x-linux-gnu-gcc and powerpc64-linux-gnu-gcc 12.2.0, binutils 2.40, clang and llvm-objcopy 14.0.6,
# rustc 1.95.0, gzip, xz, zstd (Debian 12).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/src"
out=..
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# As if the tree were in /src/linux, and without what would be of no use here.
common=(-O2 -g -ffreestanding -fno-pic -fno-stack-protector -fno-asynchronous-unwind-tables -fno-unwind-tables
    -ffile-prefix-map="$PWD"=/src/linux -Iinclude)
gcc=("${common[@]}" -fno-pie -fno-tree-loop-distribute-patterns -gno-record-gcc-switches)
x86=(-m64 -mcmodel=kernel -mno-red-zone -fcf-protection=none -mgeneral-regs-only)
kernel=(init/main.c kernel/fork.c kernel/panic.c mm/slab.c mm/slub.c arch/entry.S)
module=(sound/fixture/main.c sound/fixture/mixer.c)

# objects COMPILER FLAG... -- FILE...: compiles files and sets `objects`
objects() {
    local compiler=() file object
    while [ "$1" != -- ]; do
        compiler+=("$1")
        shift
    done
    shift
    objects=()
    for file in "$@"; do
        object=$work/${file//\//_}.o
        "${compiler[@]}" -c "$file" -o "$object"
        objects+=("$object")
    done
}

# vmlinux NAME LINKER BASE FLAG...: links `objects`
vmlinux() {
    local name=$1 linker=$2 base=$3
    shift 3
    sed "s/BASE/$base/" vmlinux.lds >"$work/lds"
    "$linker" "$@" -static -nostdlib --no-warn-rwx-segments --build-id=sha1 -z max-page-size=4096 -z norelro \
        -T "$work/lds" -z noexecstack -e start_kernel -o "$out/$name" "${objects[@]}"
}

linux=0xffffffff81000000
objects gcc "${gcc[@]}" "${x86[@]}" -gdwarf-5 -- "${kernel[@]}"
vmlinux vmlinux-dwarf5 ld "$linux"
vmlinux vmlinux-emit-relocs ld "$linux" --emit-relocs
objcopy --compress-debug-sections=zlib "$out/vmlinux-dwarf5" "$out/vmlinux-zlib"
objcopy --compress-debug-sections=zlib-gnu "$out/vmlinux-dwarf5" "$out/vmlinux-zlib-gnu"
objcopy --compress-debug-sections=zstd "$out/vmlinux-dwarf5" "$out/vmlinux-zstd"
objcopy --strip-debug "$out/vmlinux-dwarf5" "$out/vmlinux-nodwarf"
objcopy --strip-all "$out/vmlinux-dwarf5" "$out/vmlinux-stripped"
nm -n "$out/vmlinux-dwarf5" >"$out/System.map"
objects gcc "${gcc[@]}" "${x86[@]}" -gdwarf-4 -- "${kernel[@]}"
vmlinux vmlinux-dwarf4 ld "$linux"
objects gcc "${gcc[@]}" "${x86[@]}" -gdwarf-2 -- "${kernel[@]}"
vmlinux vmlinux-dwarf2 ld "$linux"
objects clang --target=x86_64-linux-gnu "${common[@]}" "${x86[@]}" -gdwarf-5 -- "${kernel[@]:0:5}"
# clang 14 leaves this directory's name in what it assembles.
gcc "${gcc[@]}" -gdwarf-5 -c arch/entry.S -o "$work/arch_entry.S.o"
objects+=("$work/arch_entry.S.o")
vmlinux vmlinux-clang ld "$linux"
objects s390x-linux-gnu-gcc "${gcc[@]}" -march=z10 -- "${kernel[@]}"
vmlinux vmlinux-s390x s390x-linux-gnu-ld 0x100000
# With the symbols of code (`.fork`) that the kernel prints, beside those of descriptors.
objects powerpc64-linux-gnu-gcc "${gcc[@]}" -mcall-aixdesc -mabi=elfv1 -- "${kernel[@]}"
vmlinux vmlinux-ppc64 powerpc64-linux-gnu-ld 0xc000000000000000

# ko NAME LINKER FLAG...: links `objects` as a module
ko() {
    local name=$1 linker=$2
    shift 2
    "$linker" "$@" -r --build-id=sha1 -o "$out/$name" "${objects[@]}"
    objcopy_of "$linker" --remove-section=.comment --remove-section=.note.GNU-stack "$out/$name"
}
objcopy_of() {
    local linker=$1
    shift
    "${linker%ld}objcopy" "$@"
}

objects gcc "${gcc[@]}" "${x86[@]}" -gdwarf-5 -- "${module[@]}"
ko snd-fixture.ko ld
objcopy --only-keep-debug "$out/snd-fixture.ko" "$out/snd-fixture.ko.debug"
(
    cd "$out"
    mkdir -p stripped
    objcopy --strip-debug --add-gnu-debuglink=snd-fixture.ko.debug snd-fixture.ko stripped/snd-fixture.ko
    mkdir -p packed
    gzip -9nc snd-fixture.ko >packed/snd-fixture.ko.gz
    xz -9 --check=crc32 -c snd-fixture.ko >packed/snd-fixture.ko.xz
    zstd -19 -qcf snd-fixture.ko >packed/snd-fixture.ko.zst
)
objcopy --compress-debug-sections=zlib "$out/snd-fixture.ko" "$out/snd-fixture-zlib.ko"
objects gcc "${gcc[@]}" "${x86[@]}" -gdwarf-4 -- "${module[@]}"
ko snd-fixture-dwarf4.ko ld
objects clang --target=x86_64-linux-gnu "${common[@]}" "${x86[@]}" -gdwarf-5 -- "${module[@]}"
ko snd-fixture-clang.ko ld
objects s390x-linux-gnu-gcc "${gcc[@]}" -march=z10 -- "${module[@]}"
ko snd-fixture-s390x.ko s390x-linux-gnu-ld
objects powerpc64-linux-gnu-gcc "${gcc[@]}" -mcall-aixdesc -mabi=elfv1 -- "${module[@]}"
ko snd-fixture-ppc64.ko powerpc64-linux-gnu-ld
objects gcc "${gcc[@]}" -m32 -fcf-protection=none -gdwarf-5 -- "${module[@]}"
ko snd-fixture-i386.ko ld -m elf_i386
# One object each: no linker for these is needed.
while read -r name target flags; do
    # shellcheck disable=SC2086 # several flags
    clang --target="$target" "${common[@]}" ${flags#* } -gdwarf-5 -c "sound/fixture/${flags%% *}.c" -o "$out/$name.ko"
    llvm-objcopy --remove-section=.comment --remove-section=.note.GNU-stack "$out/$name.ko"
done <<'END'
main-arm arm-linux-gnueabi main -fno-pic
main-aarch64 aarch64-linux-gnu main -fno-pic
main-riscv64 riscv64-linux-gnu main -mno-relax
main-riscv64-relax riscv64-linux-gnu main -mrelax
mixer-riscv64 riscv64-linux-gnu mixer -mno-relax
main-mips64 mips64-linux-gnuabi64 main -mno-abicalls
main-mips64el mips64el-linux-gnuabi64 main -mno-abicalls
main-sparc64 sparc64-linux-gnu main -fintegrated-as
END

for mangling in legacy v0; do
    extra=()
    # Of the old mangling is the default only in compilers that are old.
    [ $mangling = v0 ] || extra=(-Z unstable-options)
    RUSTC_BOOTSTRAP=1 rustc --edition 2024 --crate-name fixture --crate-type lib --emit obj -C panic=abort \
        -C opt-level=2 -C debuginfo=2 -C force-unwind-tables=no -C relocation-model=static \
        -C code-model=kernel -C symbol-mangling-version=$mangling "${extra[@]}" --remap-path-prefix="$PWD"=/src/linux \
        --remap-path-prefix="$(rustc --print sysroot)"=/rust rust/lib.rs -o "$out/rust-$mangling.ko"
    objcopy --remove-section=.comment --remove-section=.note.GNU-stack --remove-section=.note.gnu.property \
        "$out/rust-$mangling.ko"
done

mkdir -p "$out/truth"
for name in vmlinux-{dwarf2,dwarf4,dwarf5,emit-relocs,zlib} snd-fixture{,-dwarf4,-i386,-zlib}.ko; do
    python3 -B "$out/truth.py" '' addr2line "$out/$name" >"$out/truth/$name.txt"
done
for cpu in s390x ppc64; do
    prefix=${cpu/ppc64/powerpc64}-linux-gnu-
    for name in vmlinux-$cpu snd-fixture-$cpu.ko; do
        python3 -B "$out/truth.py" "$prefix" addr2line "$out/$name" >"$out/truth/$name.txt"
    done
done
# Of DWARF 5 by clang addr2line 2.40 misses inlined calls.
ld --section-start=.{exit.text=0x10000,init.text=0x20000,text=0x30000} --unresolved-symbols=ignore-all \
    -o "$work/linked" "$out/snd-fixture-clang.ko" -e fixture_open
python3 -B "$out/truth.py" '' llvm-symbolizer "$work/linked" >"$out/truth/snd-fixture-clang.ko.txt"
python3 -B "$out/truth.py" '' llvm-symbolizer "$out/vmlinux-clang" >"$out/truth/vmlinux-clang.txt"
chmod 644 "$out"/vmlinux-*
