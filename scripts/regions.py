# SPDX-License-Identifier: MIT
"""Finds a named piece of a source file: a marked region, or a definition.

A region stands between lines `/* region: name */` and `/* end: name */` (in
other languages `# region: name`).  In C the name may also be a function's, a
struct's, an object's or a macro's: then its definition is meant, with the
comment directly above it; where a header only declares a function, that.

The scan of C knows comments, strings, braces and preprocessor lines, and
nothing of types.  That is enough for code that is formatted by one tool.
"""

import re

MARK = re.compile(r"^\s*(?:/\*|//|#)\s*(region|end):\s*([\w.-]+)"
                  r"\s*(?:\*/)?\s*$")
TOKEN = re.compile(
    r"/\*.*?\*/|//[^\n]*"
    r'|"(?:\\.|[^"\\\n])*"' r"|'(?:\\.|[^'\\\n])*'"
    r"|^[ \t]*#(?:\\\n|/\*.*?\*/|[^\n])*",
    re.DOTALL | re.MULTILINE)


class NotFound(Exception):
    """Why a piece was not found, for people."""


def blanked(text):
    """C with comments, strings and preprocessor lines turned to blanks."""
    return TOKEN.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def declarations(text):
    """The top level of C: (start, head, end, is_body) a declaration each.

    head is what stands before the first brace; end is after the last `;` or
    `}`.  The braces of a struct or an initialiser do not end it, a function's
    do.
    """
    plain = blanked(text)
    depth, parens, start, brace, body = 0, 0, None, None, False
    for at, char in enumerate(plain):
        if start is None:
            if char.isspace():
                continue
            start, brace, body = at, None, False
        if char == "{":
            if depth == 0 and brace is None:
                brace = at
                body = plain[start:at].rstrip().endswith(")")
            depth += 1
        elif char == "}":
            depth -= 1
        elif char in "()":
            parens += 1 if char == "(" else -1
        if depth == 0 and parens == 0 and (
                char == ";" or (char == "}" and body)):
            yield (start, plain[start:brace or at], at + 1, body)
            start = None


def rank(head, body, has_brace, name):
    """How well a declaration defines name: 0 best, None not at all."""
    word = re.escape(name)
    if re.search(r"\b%s\s*\(" % word, head):
        # A name inside a parameter list is not what is declared.
        before = head[:re.search(r"\b%s\s*\(" % word, head).start()]
        if before.count("(") == before.count(")") and "=" not in before:
            return 0 if body else 2
        return None
    if body:
        return None
    if has_brace and re.match(r"(?:typedef\s+)?(?:struct|union|enum)\s+%s\s*$"
                              % word, head):
        return 0
    if re.search(r"\b%s\s*(?:\[[^\]]*\]\s*)*(?:=|;|,|$)" % word, head):
        if re.match(r"(?:struct|union|enum)\s+%s\s*$" % word, head):
            return None  # a forward declaration
        return 2 if head.startswith("extern") else 1
    return None


def line_of(text, offset):
    return text.count("\n", 0, offset)


def with_comment(lines, first):
    """The first line of the comment directly above line first."""
    above = first - 1
    if above >= 0 and lines[above].lstrip().startswith("//"):
        while above >= 0 and lines[above].lstrip().startswith("//"):
            above -= 1
        return above + 1
    if above >= 0 and lines[above].rstrip().endswith("*/"):
        while above >= 0 and "/*" not in lines[above]:
            above -= 1
        if above >= 0 and lines[above].lstrip().startswith("/*"):
            return above
    return first


def macro(lines, name):
    for first, line in enumerate(lines):
        if re.match(r"#\s*define\s+%s\b" % re.escape(name), line):
            last = first
            while lines[last].endswith("\\") and last + 1 < len(lines):
                last += 1
            return first, last + 1
    return None


def c_definition(text, name):
    """(first, last) lines of the definition of name, without its comment."""
    best = None
    for start, head, end, body in declarations(text):
        how = rank(head, body, start + len(head) < end - 1, name)
        if how is not None and (best is None or how < best[0]):
            best = (how, line_of(text, start), line_of(text, end - 1) + 1)
    if best:
        return best[1:]
    return macro(text.split("\n"), name)


def marked(lines, name):
    first = None
    for number, line in enumerate(lines):
        mark = MARK.match(line)
        if not mark or mark.group(2) != name:
            continue
        if mark.group(1) == "region":
            first = number + 1
        elif first is not None:
            return first, number
    if first is not None:
        raise NotFound("region '%s' has no end" % name)
    return None


def dedented(lines):
    margin = min((len(l) - len(l.lstrip()) for l in lines if l.strip()),
                 default=0)
    lines = [l[margin:].rstrip() for l in lines]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return lines


def is_c(path):
    return path.endswith((".c", ".h"))


def region(text, path, name):
    """The lines of the piece, or NotFound."""
    lines = text.split("\n")
    found = marked(lines, name)
    if found is None and is_c(path):
        found = c_definition(text, name)
        if found:
            found = (with_comment(lines, found[0]), found[1])
    if found is None:
        raise NotFound("has no region and no definition '%s'" % name)
    piece = [l for l in lines[found[0]:found[1]] if not MARK.match(l)]
    piece = dedented(piece)
    if not piece:
        raise NotFound("region '%s' is empty" % name)
    return piece


def defines(text, path, name):
    """Is name defined or declared in this source?"""
    if is_c(path):
        if c_definition(text, name):
            return True
        word = re.escape(name)
        plain = blanked(text)
        # A struct's field or an enumerator: declared within braces.
        for body in re.findall(r"\b(?:struct|union|enum)\b[^;{}()]*\{(.*?)\n\}",
                               plain + "\n}", re.DOTALL):
            if re.search(r"\b%s\b\s*(?:\[[^\]]*\]|\)\s*\(.*?\))?\s*[;,=:]"
                         % word, body + ",", re.DOTALL):
                return True
        return bool(re.search(r"\benum\b[^;{}()]*\{[^}]*\b%s\b" % word, plain))
    if path.endswith(".py"):
        return bool(re.search(r"^\s*(?:def|class)\s+%s\b|^%s\s*="
                              % (re.escape(name), re.escape(name)),
                              text, re.MULTILINE))
    return bool(re.search(r"\b%s\b" % re.escape(name), text))
