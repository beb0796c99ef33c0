"""Are the prefetches of a key in the program? A compiler may leave them out, and only time tells.

    prefetches.py --kvd PROGRAM

Lookahead::prefetch asks for the entries of what was parsed ahead, then for their blocks and nodes:
in the machine code there must be that many instructions, or calls of functions that have them.
"""

import argparse
import re
import subprocess
import sys

# Entry; both ends of a block; node.
WANTED = 4
INSTRUCTION = re.compile(r"\b(prefetch\w*|prfm|prefetch\.r)\b")


def functions(program):
    """{symbol: lines of its machine code}"""
    listing = subprocess.run(["objdump", "--disassemble", "--no-show-raw-insn", program],
                             capture_output=True, text=True, check=True).stdout
    parts = re.split(r"^[0-9a-f]+ <([^>]+)>:$", listing, flags=re.MULTILINE)
    return {name: body.splitlines() for name, body in zip(parts[1::2], parts[2::2])}


def prefetches(found, name, seen=()):
    """How many of them a call of this function meets, those of inner loops once."""
    total = 0
    for line in found.get(name, []):
        code = line.split("\t")[-1]
        called = re.match(r"(?:call|jmp|bl|b)\s+\S+\s+<(\w+)>", code)
        if called and called[1] != name and called[1] not in seen:
            total += prefetches(found, called[1], (*seen, name))
        elif INSTRUCTION.match(code):
            total += 1
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--kvd", required=True)
    found = functions(parser.parse_args().kvd)
    names = [name for name in found if "9Lookahead8prefetch" in name and "." not in name]
    if len(names) != 1:
        print(f"Lookahead::prefetch is there {len(names)} times")
        return 1
    count = prefetches(found, names[0])
    print(f"Lookahead::prefetch meets {count} prefetches, of {WANTED} that are written")
    return 0 if count >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
