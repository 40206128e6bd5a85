# SPDX-License-Identifier: Apache-2.0
#
# python3 tests/page_words.py [FILE...]
#
# The page says t(French, English) where the words are used. Each call has both, neither
# empty, with as many ${...} in them, unless one chooses between plurals.
import glob
import re
import sys

TOKEN = re.compile(r"/\*.*?\*/|//[^\n]*|'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|[A-Za-z_$][\w$]*|\s+|.", re.S)


# A / after one of these begins a pattern, which may hold quotes.
PATTERN = re.compile(r"/(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
BEFORE_PATTERN = set("(,=:[!&|?{};>+") | {"return", ""}


def template(text, at):
    """The end of the template literal that begins at `at`: its ${ } may hold others."""
    at += 1
    while text[at] != "`":
        if text[at] == "\\":
            at += 1
        elif text.startswith("${", at):
            depth, at = 1, at + 2
            while depth:
                if text[at] == "`":
                    at = template(text, at) - 1
                depth += {"{": 1, "}": -1}.get(text[at], 0)
                at += 1
            continue
        at += 1
    return at + 1


def tokens_of(text):
    tokens, at, last = [], 0, ""
    while at < len(text):
        pattern = PATTERN.match(text, at) if last in BEFORE_PATTERN and text[at:at + 2] not in ("//", "/*") else None
        end = template(text, at) if text[at] == "`" else (pattern or TOKEN.match(text, at)).end()
        token = text[at:end]
        at = end
        if not token.isspace() and not token.startswith(("//", "/*")):
            tokens.append(token)
            last = token
    return tokens


def arguments(tokens, at):
    """The arguments of the call whose ( is at `at`, and where it ends."""
    out, depth = [[]], 0
    for i in range(at, len(tokens)):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(tokens[i], 0)
        if depth == 0:
            return [a for a in out if a], i
        if depth == 1 and tokens[i] == ",":
            out.append([])
        elif i > at:
            out[-1].append(tokens[i])
    return out, at


def literal(argument):
    return argument[0] if len(argument) == 1 and argument[0][0] in "'\"`" else None


def holes(text):
    return text.count("${")


def check(name):
    with open(name, encoding="utf-8") as f:
        tokens = tokens_of(f.read())
    calls = 0
    for i, token in enumerate(tokens[:-1]):
        if token != "t" or tokens[i + 1] != "(" or tokens[i - 1] in (".", "function"):
            continue
        args, _ = arguments(tokens, i + 1)
        if len(args) == 1 and args[0][:3] == [".", ".", "."]:
            continue # a pair from a table
        calls += 1
        said = " ".join("".join(a)[:50] for a in args)
        fr, en = (literal(a) for a in args) if len(args) == 2 else (None, None)
        if len(args) != 2:
            yield f"{name}: not two languages: t({said})"
        elif fr and en and (not fr[1:-1].strip() or not en[1:-1].strip()):
            yield f"{name}: empty: t({said})"
        elif fr and en and "?" not in fr + en and holes(fr) != holes(en):
            yield f"{name}: other values in the two: t({said})"
    totals.append(calls)


totals = []
files = sys.argv[1:] or sorted(glob.glob("daemon/page/*.js"))
problems = [p for name in files for p in check(name)]
print("\n".join(problems + [f"{sum(totals)} pairs in {len(files)} files"]))
sys.exit(1 if problems else 0)
