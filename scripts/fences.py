# SPDX-License-Identifier: MIT
"""The fenced blocks of a Markdown page: where they stand and what they hold.

Used by weave, replay and lessons, so that all three agree on what a block is.
"""

import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Block:
    """A fenced block: lines[first:last] of the page is what is inside."""

    def __init__(self, info, first):
        self.info = info      # "console norun"
        self.first = first    # index of the first line inside
        self.last = first     # index of the closing fence
        self.lines = []

    @property
    def words(self):
        return self.info.split()

    @property
    def language(self):
        return self.words[0] if self.words else ""


def blocks(lines):
    """Every fenced block of a page, given as lines without newlines."""
    found, open_block, fence = [], None, ""
    for number, line in enumerate(lines):
        mark = re.match(r" {0,3}(`{3,}|~{3,})(.*)$", line)
        if open_block is None:
            if mark:
                fence = mark.group(1)
                open_block = Block(mark.group(2).strip(), number + 1)
        elif (mark and mark.group(1).startswith(fence)
              and not mark.group(2).strip()):
            open_block.last = number
            found.append(open_block)
            open_block = None
        else:
            open_block.lines.append(line)
    if open_block is not None:
        open_block.last = len(lines)
        found.append(open_block)
    return found


def read_lines(path):
    with open(path, encoding="utf-8") as page:
        return page.read().split("\n")


def shown(path):
    """A path as a message names it: from where the user stands, if below."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative
