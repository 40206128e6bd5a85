#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# python3 conf/po/wrap.py [--check] [FILE...]
#
# Puts _( ) around the sentences that are said to people: a literal of several words that
# goes into a buffer called `why`, or into one of the functions below. With --check it
# edits nothing, names what it would have edited and fails (tests/french.sh).
import glob
import os
import re
import sys

# Functions whose literals are read by people, whatever their first argument.
SAYS = {"fail", "complain", "problem", "refuse", "print_fail_text"}
# The same where even one word is said: parts of a sentence.
PARTS = {"only_cress", "on_member", "none_here"}
# These where their first argument is a `why`.
WRITES = {"buf_printf", "buf_str"}
# Functions that answer with an English sentence.
ENGLISH = {"es_err_text", "strerror"}
TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|[A-Za-z_]\w*|\s+|.', re.S)
DIRECTIVE = re.compile(r"%[-+ #0']*[*\d]*(?:\.[*\d]*)?[hlLqjzt]*[a-zA-Z%]")


def is_sentence(literals, part):
    text = DIRECTIVE.sub("", "".join(t[1:-1] for t in literals)).replace("\\n", " ")
    return bool(re.search(r"[A-Za-z]{2}", text)) and (part or " " in text)


def is_blank(token):
    return token.isspace() or token.startswith(("/*", "//"))


def closing(tokens, at):
    """The index of the parenthesis that closes the one at `at`."""
    depth = 0
    for i in range(at, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[i], 0)
        if depth == 0:
            return i
    return at


def literals_in(tokens, first, end, part):
    """(first, last) of each sentence between the two that is outside of _( )."""
    i = first
    while i < end:
        if tokens[i] in ("_", "N_") and tokens[i + 1] == "(":
            i = closing(tokens, i + 1)
        elif tokens[i].startswith('"'):
            last = i
            for j in range(i + 1, end):
                if tokens[j].startswith('"'):
                    last = j
                elif not is_blank(tokens[j]):
                    break
            if is_sentence([t for t in tokens[i:last + 1] if t.startswith('"')], part):
                yield i, last
            i = last
        elif tokens[i] in ENGLISH:
            last = closing(tokens, i + 1)
            yield i, last
            i = last
        i += 1


def runs(tokens):
    found = set()
    for i, token in enumerate(tokens):
        if token not in SAYS | PARTS | WRITES or i + 1 >= len(tokens) or tokens[i + 1] != "(":
            continue
        end = closing(tokens, i + 1)
        first = i + 2
        if token in WRITES:
            while first < end and tokens[first] != ",":
                first += 1
            if not "".join(tokens[i + 2:first]).strip().endswith("why"):
                continue
        found.update(literals_in(tokens, first, end, token in PARTS))
    return sorted(found)


def include(name, text):
    """Where _( ) is declared; the files of the API have it from api_parts.h."""
    line = '#include "common/say.h"\n'
    if line in text or "/api_parts.h" in text or "/language.h" in text:
        return text
    own = os.path.basename(name)[:-2] + ".h"
    others = [m for m in re.finditer(r'#include "([^"]+)"\n', text) if os.path.basename(m[1]) != own]
    after = [m.start() for m in others if m[1] > "common/say.h"]
    return text[:after[0]] + line + text[after[0]:] if after else re.sub(r'((?:#include [^\n]+\n)+)', r"\1" + line, text, count=1)


def main(argv):
    check = "--check" in argv
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    files = [f for f in argv if f != "--check"]
    files = files or sorted(glob.glob(root + "/daemon/**/*.c", recursive=True))
    count = 0
    for name in files:
        with open(name, encoding="utf-8") as f:
            text = f.read()
        tokens = TOKEN.findall(text)
        found = runs(tokens)
        for first, last in found:
            line = "".join(tokens[:first]).count("\n") + 1
            print(f"{os.path.relpath(name, root)}:{line}: not in _( ): {''.join(tokens[first:last + 1])[:70]}")
            tokens[first] = "_(" + tokens[first]
            tokens[last] += ")"
        if found and not check:
            with open(name, "w", encoding="utf-8") as f:
                f.write(include(name, "".join(tokens)))
        count += len(found)
    return 1 if check and count else 0


sys.exit(main(sys.argv[1:]))
