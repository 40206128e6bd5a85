# SPDX-License-Identifier: Apache-2.0
#
# python3 tests/finding_words.py
#
# Each code that can be said of a value has its sentence in daemon/rules/sentences.def, in
# both languages, and each sentence there is of a code that can be said. The codes are read
# out of the calls that raise findings; a code that this reading cannot follow is a failure.
import glob
import re
import sys

TABLE = "daemon/rules/sentences.def"
# Which argument of a call is the code.
RAISES = {"findings_add": 2, "say": 2, "reading_reject": 1, "reading_note": 1, "reject_candidates": 1}
# Codes that come from elsewhere: a parameter of those above, another finding's, a rule's of rules.def.
PASSED_ON = {"code", "one->code", "f->list[f->count - 1].code", "r->value"}
CALL = re.compile(r"\b(%s)\(" % "|".join(RAISES))
LITERAL = r'"((?:[^"\\]|\\.)*)"'


def read(name):
    with open(name, encoding="utf-8") as f:
        return re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)


def arguments(text, at):
    """The arguments of the call whose ( is just before `at`."""
    out, depth, quoted = [""], 1, False
    while depth > 0:
        c = text[at]
        quoted ^= c == '"' and text[at - 1] not in "\\'"
        depth += 0 if quoted else {"(": 1, "{": 1, ")": -1, "}": -1}.get(c, 0)
        if c == "," and depth == 1 and not quoted:
            out.append("")
        else:
            out[-1] += c
        at += 1
    return [a.strip() for a in out]


def codes_of(code, text):
    """The codes an argument stands for; None: cannot be told."""
    macro = re.search(r"#define %s %s" % (re.escape(code), LITERAL), text)
    chosen = re.search(r"^(?:static )?const char \*%s\b[^{;]*\{(.*?)^\}" % re.escape(code.split("(")[0]), text, re.S | re.M)
    if macro:
        return [macro[1]]
    if chosen: # a function that picks one
        code = chosen[1]
    if code in PASSED_ON:
        return []
    return re.findall(LITERAL, code[code.find("?") + 1:]) or None


def raised(sources):
    everything = "\n".join(sources.values())
    for name, text in sources.items():
        for call in CALL.finditer(text):
            if call[1] == "say" and "daemon/rules/checking.h" not in text:
                continue # another word of that name
            args = arguments(text, call.end())
            code = args[RAISES[call[1]]] if len(args) > RAISES[call[1]] else ""
            if re.match(r"(const char|struct)\b", code) or "struct" in args[0]:
                continue # its declaration
            yield name, code, codes_of(code, everything)


def main():
    sources = {n: read(n) for n in sorted(glob.glob("proto/*.c") + glob.glob("daemon/*/*.[ch]"))}
    said, problems = {}, []
    for name, code, found in raised(sources):
        if found is None:
            problems.append(f"{name}: what {code} is, cannot be told")
        for one in found or []:
            said.setdefault(one, name)
    for args in re.findall(r"^SUM\((.*)\)", read("daemon/rules/rules.def"), re.M):
        said.setdefault(args.split(",")[-1].strip(' "'), "daemon/rules/rules.def")
    rows = re.findall(r"^SENTENCE\(%s,\s*%s,\s*%s,\s*%s\)$" % ((LITERAL,) * 4), read(TABLE), re.M)
    general = {row[0] for row in rows if row[1] == ""}
    problems += [f"{name}: {code} has no sentence in {TABLE}" for code, name in said.items() if code not in general]
    problems += [f"{TABLE}: nothing says {code}" for code in sorted({row[0] for row in rows}) if code not in said]
    problems += [f"{TABLE}: {row[0]}: empty" for row in rows if not row[2] or not row[3]]
    if len(rows) != len(re.findall(r"^SENTENCE\(", read(TABLE), re.M)):
        problems.append(f"{TABLE}: a row that cannot be read: SENTENCE(\"code\", \"field\", \"French\", \"English\")")
    print("\n".join(problems + [f"{len(said)} codes, {len(rows)} sentences"]))
    return 1 if problems or len(said) < 50 else 0


sys.exit(main())
