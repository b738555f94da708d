# SPDX-License-Identifier: GPL-2.0-or-later
"""What may be changed in a line of C: one thing, as a mistake would change it."""

import re
from dataclasses import dataclass

# Statements that say what happens to whoever debugs, or check what cannot be.
SAYS = re.compile(r"\s*(G_LOG|GST_(LOG|DEBUG|INFO|TRACE|MEMDUMP|FIXME)|g_debug|g_info"
                  r"|g_log|g_assert|g_return_(val_)?if_|G_STATIC_ASSERT|G_DEFINE"
                  r"|static_assert|_Static_assert)")
# Without them memory leaks, which only the address sanitizer notices.
FREES = re.compile(r"g_free|g_clear_|g_list_free|va_end|\w*_(free|unref|clear|destroy)"
                   r"(_full|_all)?$")
DECLARATION = re.compile(r"\s*(?!return\b|goto\b)[A-Za-z_]\w*( [A-Za-z_]\w*)*"
                         r"( \(\w+\))?( \*+| )[\w, *\[\]+]+;$")
FUNCTION = re.compile(r"\)\s*$")

RELATIONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*", "%": "*", "<<": ">>",
              ">>": "<<", "&": "|", "|": "&", "+=": "-=", "-=": "+=", "*=": "/=",
              "|=": "&=", "&=": "|="}
LOGIC = {"&&": "||", "||": "&&"}
STEPS = {"++": "--", "--": "++"}

CALL = re.compile(r"(?<![\w.])(?!(?:if|while|for|switch|return|sizeof|defined)\b)"
                  r"[A-Za-z_]\w* \(")
NUMBER = re.compile(r"(?<![\w.])(0[xX][0-9a-fA-F]+|\d+\.\d*|\d+)([uUlLfF]*)(?![\w.])")


@dataclass
class Mutation:
    operator: str
    line: int           # of the first line that is replaced, from 0
    new: list           # as many lines as it replaces


def mask(text):
    """The text without comments and without what is in quotation marks: spaces and
    underscores take their place, so that nothing moves."""
    def blank(match):
        found = match.group()
        if found[0] == "/":
            return re.sub(r"[^\n]", " ", found)
        return found[0] + re.sub(r"[^\n]", "_", found[1:-1]) + found[-1]
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'',
                  blank, text, flags=re.S)


def statements(lines):
    """For each line inside of a function the first line of its statement, and None
    for all others; lines are masked."""
    starts, inside, start, before = [], False, None, ""
    for number, line in enumerate(lines):
        code = line.rstrip()
        if code == "{" and FUNCTION.search(before):
            inside, start = True, None
            starts.append(None)
        elif code.startswith("}"):
            inside = False
            starts.append(None)
        elif not inside or not code or code.lstrip().startswith("#"):
            starts.append(None)
        else:
            if start is None:
                start = number
            starts.append(start)
            if re.search(r"([;{}:]|\belse|\bdo)$", code):
                start = None
            elif (re.match(r"\s*(if|while|for|switch|\} else if) \(",
                           lines[start]) and balance(lines[start:number + 1]) == 0):
                start = None
        if code:
            before = code
    return starts


def balance(lines):
    text = "".join(lines)
    return text.count("(") - text.count(")")


def arguments(line, start):
    """The spans of a call's arguments, whose parenthesis is before start, if it
    ends in this line."""
    spans, depth, begin = [], 0, start
    for at in range(start, len(line)):
        if line[at] in "([{":
            depth += 1
        elif line[at] in ")]}":
            if depth == 0:
                return spans + [(begin, at)]
            depth -= 1
        elif line[at] == "," and depth == 0:
            spans.append((begin, at))
            begin = at + 1
    return []


def tokens(table, line):
    for match in re.finditer(r"(?<= )(%s)(?= |$)" % "|".join(
            re.escape(token) for token in sorted(table, key=len, reverse=True)), line):
        yield match.span(), table[match.group()]


def relations(line, code):
    yield from tokens(RELATIONS, code)


def arithmetic(line, code):
    yield from tokens(ARITHMETIC, code)
    for match in re.finditer(r"\+\+|--", code):
        yield match.span(), STEPS[match.group()]


def logic(line, code):
    yield from tokens(LOGIC, code)


def constants(line, code):
    for match in re.finditer(r"\bTRUE\b|\bFALSE\b", code):
        yield match.span(), "FALSE" if match.group() == "TRUE" else "TRUE"
    for match in NUMBER.finditer(code):
        digits, suffix = match.groups()
        if "." in digits:
            yield match.span(), f"{float(digits) + 1}{suffix}"
        elif digits[:2] in ("0x", "0X"):
            yield match.span(), f"{int(digits, 16) + 1:#x}{suffix}"
        elif digits == "0" or digits[0] != "0":
            value = int(digits)
            yield match.span(), f"{value + 1}{suffix}"
            if value > 0:
                yield match.span(), f"{value - 1}{suffix}"
            if value > 1:
                yield match.span(), f"0{suffix}"


def negation(line, code):
    for match in re.finditer(r"\b(?:if|while) (\()", code):
        start = match.end(1)
        spans = arguments(code, start)
        if len(spans) == 1:
            yield spans[0], f"!({line[start:spans[0][1]]})"


def swaps(line, code):
    for match in CALL.finditer(code):
        spans = arguments(code, match.end())
        for (a, b), (c, d) in zip(spans, spans[1:]):
            one, two = line[a:b].strip(), line[c:d].strip()
            if one and two and one != two:
                space = "" if line[a] != " " else " "
                yield (a, d), f"{space}{two}, {one}"


def returns(line, code):
    match = re.match(r"\s*return (?!0;|1;|NULL;|TRUE;|FALSE;)(.+);$", code)
    if match and balance([code]) == 0:
        yield match.span(1), "0"
        yield match.span(1), "1"


WITHIN = {"relation": relations, "arithmetic": arithmetic, "logic": logic,
          "constant": constants, "negation": negation, "swap": swaps,
          "return": returns}


def removal(codes, number, start):
    """The lines of the call that begins in this line, if it is a statement."""
    if start != number:
        return []
    match = re.match(r"\s+([A-Za-z_]\w*) \(", codes[number])
    if not match or FREES.match(match.group(1)) or match.group(1) in (
            "if", "while", "for", "switch", "return", "sizeof", "g_autoptr", "g_auto",
            "va_start", "va_copy"):
        return []
    for end in range(number, min(number + 8, len(codes))):
        if codes[end].rstrip().endswith(";"):
            return codes[number:end + 1] if balance(codes[number:end + 1]) == 0 else []
    return []


def find(text):
    """Line by line: {line from 0: [Mutation]}."""
    lines = text.split("\n")
    codes = mask(text).split("\n")
    found = {}
    for number, start in enumerate(statements(codes)):
        if (start is None or SAYS.match(codes[start]) or
                DECLARATION.match(codes[number])):
            continue
        line, code = lines[number], codes[number]
        mutations, seen = [], {line}
        for operator, function in WITHIN.items():
            for (begin, end), new in function(line, code):
                changed = line[:begin] + new + line[end:]
                if changed not in seen:
                    seen.add(changed)
                    mutations.append(Mutation(operator, number, [changed]))
        removed = removal(codes, number, start)
        if removed:
            indent = line[:len(line) - len(line.lstrip())]
            mutations.append(Mutation("removal", number,
                                      [indent + ";"] + [""] * (len(removed) - 1)))
        if mutations:
            found[number] = mutations
    return found
