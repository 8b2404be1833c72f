#!/usr/bin/env python3
"""Builds the book in target/book with mdBook, puts the files that pages link to beside it, and fails on a dead link.

The pages are in target/book/docs, and begin with introduction.html.
"""

import html
import pathlib
import re
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
SITE = TOP / "target" / "book"


def main() -> int:
    shutil.rmtree(SITE, ignore_errors=True)
    subprocess.run(["mdbook", "build"], cwd=TOP, check=True)
    pages = {page: with_dots(page) for page in SITE.rglob("*.html")}
    anchors = {page: set(re.findall(r'\bid="([^"]+)"', text)) for page, text in pages.items()}
    dead, checked = [], 0
    for page, text in pages.items():
        # The page for printing holds all others, and the links of some mean those.
        if page.name in ("print.html", "404.html", "toc.html"):
            continue
        for link in map(html.unescape, re.findall(r'<a\b[^>]*\bhref="([^"]+)"', text)):
            if re.match(r"[a-z]+:", link):
                continue
            checked += 1
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            outside = SITE / "docs" not in target.parents
            if outside and not target.exists() and SITE in target.parents:
                copy(target)
            if not target.exists() or (anchor and target in anchors and anchor not in anchors[target]):
                dead.append(f"{page.relative_to(SITE)}: {link}")
    print(f"{len(pages)} pages, {checked} links", file=sys.stderr)
    for link in dead:
        print(f"dead: {link}", file=sys.stderr)
    return 1 if dead or checked < 1000 else 0


def with_dots(page: pathlib.Path) -> str:
    """Writes what a test leaves open in the output of a command as people do, and returns the page."""
    text = page.read_text(encoding="utf-8")
    block = r'(<code class="language-console">)(.*?)(</code>)'
    new = re.sub(block, lambda match: match[1] + re.sub(r"\[\.\.\]|(?m:^\.\.\.$)", "…", match[2]) + match[3], text, flags=re.S)
    if new != text:
        page.write_text(new, encoding="utf-8")
    return new


def copy(target: pathlib.Path) -> None:
    """Puts a file of the repository, or a directory of files, where a page expects it."""
    source = TOP / target.relative_to(SITE)
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


sys.exit(main())
