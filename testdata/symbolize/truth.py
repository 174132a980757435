"""What others say of every address of code: python3 truth.py PREFIX SYMBOLIZER FILE

PREFIX is that of the CPU's binutils; SYMBOLIZER addr2line or llvm-symbolizer, which cannot tell a module's sections
apart. A row is a frame as the kernel prints it, with the offset from which on the
calls are these: `copy_process+0x8/0x40 read_flags@include/linux/task.h:23 < copy_process@kernel/fork.c:27`.
Symbols of one name and size are left out.
"""
import collections
import re
import subprocess
import sys


def run(*command, text=None):
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


prefix, symbolizer, path = sys.argv[1:]
gnu = symbolizer == 'addr2line'
def place_of(text):
    """File and line, without a column or a discriminator."""
    fields = text.split(' ')[0].split(':')
    return f'{fields[0]}:{"?" if fields[1] == "0" else fields[1]}'


sections = collections.defaultdict(list)
starts, ends = {}, {}
for line in run(prefix + 'objdump', '-hw', path).splitlines():
    fields = line.split()
    if len(fields) > 4 and fields[0].isdigit():
        starts[fields[1]] = int(fields[3], 16)
        ends[fields[1]] = int(fields[3], 16) + int(fields[2], 16)
for line in run(prefix + 'objdump', '-tw', path).splitlines():
    found = re.match(r'([0-9a-f]+) (.......) (\S+)\s+[0-9a-f]+ (?:\.hidden )?(\S+)$', line)
    if found and re.match(r'\.(init|exit)?\.?text', found[3]) and 'd' not in found[2] and '$' not in found[4]:
        sections[found[3]].append((int(found[1], 16), found[4]))
frames = []
for section, symbols in sections.items():
    symbols.sort()
    places = sorted({address for address, _ in symbols} | {ends[section]})
    for address, name in symbols:
        size = places[places.index(address) + 1] - address
        frames.append((section, address, name, size))
count = collections.Counter((name, size) for _, _, name, size in frames)
for section, address, name, size in frames:
    if count[name, size] > 1:
        continue
    first = address - starts[section] if gnu else address
    text = ''.join(f'{at:#x}\n' for at in range(first, first + size))
    command = [prefix + symbolizer, '-afi', '-j', section] if gnu else [symbolizer, '-a']
    out = run(*command, '-e', path, text=text).replace('/src/linux/', '')
    before = None
    for offset, block in enumerate(re.split(r'^0x.*\n', out, flags=re.M)[1:]):
        lines = block.replace('/./', '/').strip().splitlines()
        calls = [f'{function}@{place_of(place)}' for function, place in zip(lines[::2], lines[1::2])]
        if calls != before:
            print(f'{name}+{offset:#x}/{size:#x}', ' < '.join(calls))
        before = calls
