//! Links between the pages: what they point to exists, and the book has every page once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a page says of itself and of others.
#[derive(Default)]
struct Page {
    /// The names by which its headings can be linked to, as GitHub and mdBook make them.
    anchors: BTreeSet<String>,
    links: Vec<String>,
}

fn read(path: &Path) -> Page {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut page = Page::default();
    let mut heading: Option<String> = None;
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                let slug = slug(&heading.take().unwrap_or_default());
                let number = numbers.entry(slug.clone()).or_default();
                page.anchors.insert(if *number == 0 { slug } else { format!("{slug}-{number}") });
                *number += 1;
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                page.links.push(dest_url.to_string());
            }
            _ => {}
        }
    }
    page
}

/// `What denies` is linked to as `what-denies`.
fn slug(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept.chars().filter(|one| one.is_alphanumeric() || matches!(one, ' ' | '-' | '_'));
    kept.map(|one| if one == ' ' { '-' } else { one }).collect()
}

fn pages() -> Vec<PathBuf> {
    let top = [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "SECURITY.md",
        "benches/README.md",
        "fixtures/README.md",
        "fuzz/README.md",
    ];
    let docs = walkdir::WalkDir::new(root().join("docs"))
        .into_iter()
        .map(|entry| entry.expect("a file").into_path());
    let docs = docs.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let mut pages: Vec<PathBuf> =
        top.iter().map(|page| root().join(page)).filter(|page| page.exists()).collect();
    pages.extend(docs);
    pages.sort();
    pages
}

/// A path without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

#[test]
fn what_pages_link_to_exists() {
    let read: BTreeMap<PathBuf, Page> =
        pages().into_iter().map(|page| (page.clone(), self::read(&page))).collect();
    let mut dead = Vec::new();
    let mut checked = 0;
    for (path, page) in &read {
        for link in &page.links {
            if link.starts_with("https://") || link.starts_with("http://") {
                continue;
            }
            checked += 1;
            let (file, anchor) =
                link.split_once('#').map_or((link.as_str(), None), |(file, anchor)| (file, Some(anchor)));
            let target = if file.is_empty() {
                path.clone()
            } else {
                plain(&path.parent().expect("a directory").join(file))
            };
            let lives = target.exists()
                && anchor
                    .is_none_or(|anchor| read.get(&target).is_some_and(|page| page.anchors.contains(anchor)));
            if !lives {
                dead.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(dead.is_empty(), "dead links:\n{}", dead.join("\n"));
    assert!(checked > 100, "{checked} links");
}

/// The book's table of contents has every page of `docs` once, and nothing else.
#[test]
fn the_book_has_every_page() {
    let docs = root().join("docs");
    let contents = docs.join("SUMMARY.md");
    let listed: Vec<PathBuf> = read(&contents).links.iter().map(|link| plain(&docs.join(link))).collect();
    let all: BTreeSet<PathBuf> =
        pages().into_iter().filter(|page| page.starts_with(&docs) && *page != contents).collect();
    let named: BTreeSet<PathBuf> = listed.iter().cloned().collect();
    assert_eq!(named.len(), listed.len(), "a page is listed twice");
    let difference: Vec<&PathBuf> = named.symmetric_difference(&all).collect();
    assert!(difference.is_empty(), "docs/SUMMARY.md and docs/ differ in {difference:?}");
}

#[test]
fn headings_are_named_as_renderers_name_them() {
    assert_eq!(slug("What leaves the verdict undecided"), "what-leaves-the-verdict-undecided");
    assert_eq!(slug("`planguard.toml`, in short"), "planguardtoml-in-short");
}
