//! Payloads that act in one format or another, in every place where a plan, a policy or a settings file may have them,
//! through every format of `check`, read by the parsers and renderers that other programs use.

use std::collections::BTreeSet;
use std::fs;

use planguard::check::{CheckOptions, Details, Rules, check};
use planguard::input::{Batch, Document};
use planguard::pattern::Pattern;
use planguard::plan::InstanceKey;
use planguard::rego::{Policies, PolicyOptions};
use planguard::render::{Colour, Detail, Format, Layout, check::FORMATS};
use planguard::report::Report;
use planguard::waivers::{Waiver, WaiverPlace, Waivers};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag};
use serde_json::{Value, json};

use super::assert_tame;

/// What is said, and what it would do where nobody escapes it.
const PAYLOADS: [(&str, &str); 37] = [
    ("a workflow command", "::error file=a.tf,line=1::owned"),
    ("a workflow command on a new line", "x\n::set-output name=token::owned"),
    ("the end of workflow commands", "::stop-commands::owned"),
    ("a logging command of Azure Pipelines", "##vso[task.setvariable variable=x]owned"),
    ("a group of a CI log", "##[group]owned"),
    ("a property of a command", "a,title=owned::b;code=c]d"),
    ("percent-encoding", "%0A::error::owned%0D%25"),
    ("percent-encoding of Azure Pipelines", "%AZP25%0A##vso[task.complete result=Succeeded]"),
    ("an expression of a workflow", "${{ secrets.TOKEN }}"),
    ("an interpolation", "${file(\"/etc/passwd\")} %{ if true }owned"),
    ("a command of a shell", "$(touch owned) `touch owned`; touch owned"),
    ("colours", "\u{1b}[31mred\u{1b}[0m \u{1b}]0;owned\u{7}"),
    ("a link of a terminal", "\u{1b}]8;;http://evil.example\u{1b}\\owned\u{1b}]8;;\u{1b}\\"),
    ("eight-bit controls", "\u{9b}2J\u{90}owned\u{9c}"),
    ("a line that is overwritten", "denied\rPASS: 0 denials"),
    ("backspaces", "denied\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}passed"),
    ("reordered text", "owned\u{202e}drowssap\u{2066}x\u{2069}\u{200f}"),
    ("invisible text", "ow\u{200b}ned\u{2060}\u{feff}\u{ad}\u{e0041}\u{3164}"),
    ("separators of lines", "a\u{2028}::error::owned\u{2029}b\u{85}c\u{b}d\u{c}e"),
    ("a verdict of its own", "x\nPASS: 0 denials, 0 warnings\n"),
    ("a finding of its own", "x\ncritical[aws-owned] is owned\n  --> a.b"),
    ("an element of HTML", "<script>alert(1)</script><b>owned</b>"),
    ("an image of HTML", "<img src=x onerror=alert(1)><a href=\"javascript:x\">y</a>"),
    ("the end of a section", "</summary></details><details open><h1>owned"),
    ("entities", "&lt;script&gt; &#60;b&#62; &amp;owned; &excl;"),
    ("the end of a section of XML", "]]><failure/>\u{0}<![CDATA["),
    ("a declaration of XML", "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]>&b;<?owned?>"),
    ("a link of Markdown", "[owned](http://evil.example) <http://evil.example> www.evil.example"),
    ("an image of Markdown", "![owned](http://evil.example/a.png) [a]: http://evil.example"),
    ("headings and lines of Markdown", "x\n# owned\nowned\n===\n---\n> owned\n- [x] owned\n1. owned"),
    ("code of Markdown", "``` owned\n~~~\n`a``b` \\` ~~owned~~ **owned** _owned_ $owned$"),
    ("a cell of a table", "a | b \\| c\n|---|\n| owned |"),
    ("mentions and references", "@owned @org/team #1 GH-1 org/repo#1 0123456789abcdef fixes #2 :+1:"),
    ("formulas", "=HYPERLINK(\"http://evil.example\";\"owned\")+@SUM(1)-\t1"),
    ("a document of YAML", "x\n---\nowned: !!python/object:a\n...\n'\"{[&a *a"),
    ("a point of TAP", "x # SKIP owned\nok 99 - owned\nBail out! owned # TODO"),
    ("replaced characters", "\u{fffd}\u{fffe}\u{ffff}\u{10ffff}owned\"\\\u{0}"),
];

/// A name that no line has room for.
fn long() -> String {
    format!("long{}", "-owned".repeat(2_000))
}

fn rules() -> (tempfile::TempDir, Rules) {
    let directory = tempfile::tempdir().expect("a directory");
    let policy = "package main\n\ndeny contains input.resource_changes[_].change.after.input\n\n\
        deny contains result if {\n\tsome rc in input.resource_changes\n\tinput_of := rc.change.after.input\n\
        \tresult := {\"msg\": sprintf(\"%s is wrong\", [input_of]), \"address\": rc.address, \"severity\": \"high\", \
        \"remediation\": input_of, \"file\": input_of, \"line\": 3, \"owner\": input_of}\n}\n\n\
        warn contains sprintf(\"about %s\", [input.resource_changes[_].change.after.input])\n";
    fs::write(directory.path().join("p.rego"), policy).expect("written");
    let options = PolicyOptions { paths: vec![directory.path().to_owned()], ..PolicyOptions::default() };
    let policies = Policies::load(&options);
    assert!(policies.sets().iter().any(|set| !set.rules().is_empty()), "the policy is loaded");
    (directory, Rules { policies: Some(policies), ..Rules::default() })
}

/// A key in an address with nothing but what must be escaped: a forged plan need not hide what Terraform hides.
fn raw_key(payload: &str) -> String {
    let text = payload.replace('\\', "\\\\").replace('"', "\\\"").replace("${", "$${").replace("%{", "%%{");
    format!("[\"{text}\"]")
}

/// A plan that says it in the keys of resources and modules, in tags, in values and in its version.
fn plan(payload: &str) -> String {
    let key = InstanceKey::Text(payload.to_owned());
    let raw = raw_key(payload);
    let resource = |address: String, resource_type: &str, after: Value| {
        json!({
            "address": address, "mode": "managed", "type": resource_type, "name": "a", "index": payload,
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {"actions": ["create"], "before": null, "after": after, "after_unknown": {}},
        })
    };
    let instance = json!({"associate_public_ip_address": true, "tags": {"Name": payload, payload: payload}});
    let in_module = {
        let mut change =
            resource(format!("module.m{key}.aws_instance.a{key}"), "aws_instance", instance.clone());
        change["module_address"] = json!(format!("module.m{key}"));
        change
    };
    json!({
        "format_version": "1.2", "terraform_version": payload, "planned_values": {},
        "resource_changes": [
            resource(format!("aws_instance.a{raw}"), "aws_instance", instance),
            in_module,
            resource(format!("terraform_data.a{raw}"), "terraform_data", json!({"input": payload})),
        ],
    })
    .to_string()
}

/// The report of two plans and of one that is refused, with a waiver, all of which say it.
fn report(rules: &mut Rules, payload: &str) -> Report {
    let waiver = Waiver {
        rule: Pattern::new("aws-instance-*"),
        address: Some(Pattern::new("module.*")),
        environment: None,
        reason: payload.to_owned(),
        owner: Some(payload.to_owned()),
        ticket: Some(payload.to_owned()),
        expires: None,
        plan: None,
        place: WaiverPlace { file: payload.into(), line: 3 },
    };
    let unused =
        Waiver { rule: Pattern::new(payload), address: Some(Pattern::new(payload)), ..waiver.clone() };
    let today = "2026-01-01".parse().expect("a day");
    rules.waivers = Waivers::new(vec![waiver, unused], rules, today);
    let document = |name: &str, text: String| Document::from_text(name, text).expect("a plan");
    let refused = json!({
        "format_version": "1.2", "planned_values": {},
        "resource_changes": [{"address": payload, "change": {"actions": [payload], "after": {payload: 1}}}],
    });
    let documents = vec![
        document(payload, plan(payload)),
        document("b.json", plan(payload)),
        document(payload, refused.to_string()),
    ];
    // The page shows what else a plan has.
    let options = CheckOptions { details: Details::Wanted, ..CheckOptions::default() };
    check(&Batch { documents, ..Batch::default() }, rules, &options, &|_| {})
}

fn rendered(format: &Format<Report>, report: &Report, width: usize, detail: Detail) -> String {
    (format.render)(report, Layout { colour: Colour::Off, width, detail }).expect("a report")
}

#[test]
fn no_payload_acts_in_any_format() {
    let (_directory, mut rules) = rules();
    let long = long();
    for (what, payload) in PAYLOADS.into_iter().chain([("a long name", long.as_str())]) {
        let report = report(&mut rules, payload);
        let findings: usize = report.plans.iter().map(|plan| plan.findings.len()).sum();
        assert!(findings >= 10, "{what}: {findings}: {:?}", report.problems);
        for format in FORMATS.all() {
            let text = rendered(format, &report, 100, Detail::Failures);
            let what = format!("{} in {}", what, format.name);
            let own: &[&str] = if format.name == "github" { &["::error ", "::warning "] } else { &[] };
            assert_tame(text.as_bytes(), &what, own);
            let seen = Seen { what: &what, text: &text, report: &report, payload, findings };
            match format.name {
                "text" => seen.as_text(),
                "json" => seen.as_json(),
                "sarif" => seen.as_sarif(),
                "markdown" => seen.as_markdown(),
                "html" => seen.as_html(),
                "junit" => seen.as_junit(),
                "github" => seen.as_github(),
                "gitlab" => seen.as_gitlab(),
                "gitlab-terraform" => seen.as_numbers_of_changes(),
                "azure" => seen.as_azure(),
                "tap" => seen.as_tap(),
                "lines" => seen.as_lines(),
                "csv" => seen.as_csv(),
                "openmetrics" => seen.as_openmetrics(),
                other => panic!("{other} has no reader here"),
            }
        }
        for (width, detail) in [(40, Detail::Everything), (1_000, Detail::Everything)] {
            let text = rendered(FORMATS.default(), &report, width, detail);
            let what = format!("{what}, {width} columns wide");
            assert_tame(text.as_bytes(), &what, &[]);
            Seen { what: &what, text: &text, report: &report, payload, findings }.as_text();
        }
    }
}

/// What the reader of Markdown is there for: it must not overlook what acts.
#[test]
fn markup_of_a_payload_is_seen() {
    for markdown in [
        "[a](b)",
        "![a](b)",
        "<b>a</b>",
        "x\n# a",
        "# a",
        "> a",
        "- [x] a",
        "1. a",
        "~~~\na\n~~~",
        "@a",
        "a#1",
        "http://a.example",
        "a[^1]\n\n[^1]: b",
        "$a$",
        "*a*",
        "---",
        "<a@b.example>",
    ] {
        let seen = std::panic::catch_unwind(|| only_own_markup(markdown, "", &["<details>"]));
        assert!(seen.is_err(), "{markdown}");
    }
    only_own_markup("## a\n\n**b** `[c](d)`\n\n<details>\n", "", &["<details>"]);
}

/// The elements that a page has.
const PAGE_ELEMENTS: &[&str] = &[
    "!doctype", "a", "article", "aside", "b", "body", "button", "code", "dd", "defs", "del", "details",
    "dialog", "div", "dl", "dt", "em", "form", "g", "h1", "h2", "h3", "head", "header", "html", "input",
    "ins", "kbd", "label", "li", "main", "marker", "meta", "nav", "noscript", "option", "p", "path", "rect",
    "section", "select", "span", "strong", "summary", "svg", "table", "tbody", "td", "text", "th", "thead",
    "title", "tr", "ul",
];

/// The attributes that they have. None runs anything, and none but `href` leads anywhere.
const PAGE_ATTRIBUTES: &[&str] = &[
    "aria-hidden",
    "aria-keyshortcuts",
    "aria-label",
    "aria-labelledby",
    "autocomplete",
    "charset",
    "checked",
    "class",
    "content",
    "d",
    "data-filter",
    "data-label",
    "data-open",
    "data-plan",
    "data-sort",
    "height",
    "hidden",
    "href",
    "html",
    "http-equiv",
    "id",
    "lang",
    "marker-end",
    "markerheight",
    "markerwidth",
    "method",
    "name",
    "open",
    "orient",
    "placeholder",
    "refx",
    "refy",
    "role",
    "rx",
    "scope",
    "spellcheck",
    "tabindex",
    "text-anchor",
    "title",
    "type",
    "value",
    "viewbox",
    "width",
    "x",
    "y",
];

/// The start tags of a page and their attributes, in lower case. What is no tag is an error: a page is written by a
/// template, and has no comments and no stray `<`.
fn tags(text: &str, what: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut tags = Vec::new();
    for (at, _) in text.match_indices('<') {
        let rest = &text[at + 1..];
        let end = rest.find('>').unwrap_or_else(|| panic!("{what}: an open tag"));
        let tag = &rest[..end];
        assert!(!tag.contains('<'), "{what}: <{tag}>");
        if tag.starts_with('/') {
            continue;
        }
        let name: String = tag.chars().take_while(|c| !c.is_whitespace() && *c != '/').collect();
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '!'), "{what}: <{tag}>");
        let mut attributes = Vec::new();
        let mut rest = tag[name.len()..].trim();
        while !rest.is_empty() && rest != "/" {
            let name: String = rest.chars().take_while(|c| !c.is_whitespace() && *c != '=').collect();
            rest = &rest[name.len()..];
            let value = match rest.strip_prefix("=\"") {
                Some(quoted) => {
                    let (value, after) = quoted.split_once('"').unwrap_or_else(|| panic!("{what}: <{tag}>"));
                    rest = after;
                    value
                }
                None => "",
            };
            attributes.push((name.to_lowercase(), value.to_owned()));
            rest = rest.trim_start();
        }
        tags.push((name.to_lowercase(), attributes));
    }
    tags
}

/// A report in one format, and what it is about.
struct Seen<'s> {
    what: &'s str,
    text: &'s str,
    report: &'s Report,
    payload: &'s str,
    findings: usize,
}

impl Seen<'_> {
    fn problems(&self) -> usize {
        self.report.problems.len()
    }

    fn json(&self) -> Value {
        serde_json::from_str(self.text).unwrap_or_else(|error| panic!("{}: {error}", self.what))
    }

    /// Nothing of a plan starts a line as the report itself does.
    fn as_text(&self) {
        let verdicts = ["PASS", "DENIED:", "INCOMPLETE:"];
        let is_verdict = |line: &&str| verdicts.iter().any(|word| line.starts_with(word));
        // The table of plans has the words in its last column, and narrow tables in the first.
        let in_table = |line: &&str| line.starts_with("DENIED     ") || line.starts_with("INCOMPLETE ");
        let found: Vec<&str> = self.text.lines().filter(is_verdict).filter(|line| !in_table(line)).collect();
        assert_eq!(found.len(), 1, "{}: {found:?}", self.what);
        assert_eq!(self.text.lines().last(), found.first().copied(), "{}", self.what);
        let severities = ["critical[", "high[", "medium[", "low[", "info["];
        let known: BTreeSet<&str> = self
            .report
            .plans
            .iter()
            .flat_map(|plan| &plan.findings)
            .map(|finding| finding.rule.id.unescaped())
            .collect();
        for line in self.text.lines() {
            let Some(rest) = severities.iter().find_map(|severity| line.strip_prefix(severity)) else {
                continue;
            };
            let rule = rest.split(']').next().unwrap_or_default();
            assert!(known.contains(rule), "{}: {line}", self.what);
        }
    }

    /// A program gets every text exactly.
    fn as_json(&self) {
        let report = self.json();
        let findings = report["plans"][0]["findings"].as_array().expect("findings").iter();
        let exact = findings.filter(|finding| finding["message"] == self.payload).count();
        assert_eq!(exact, 1, "{}", self.what);
        assert_eq!(report["plans"][0]["terraform_version"], self.payload, "{}", self.what);
        assert_eq!(report["waivers"][0]["reason"], self.payload, "{}", self.what);
    }

    fn as_sarif(&self) {
        let log = self.json();
        let run = &log["runs"][0];
        assert_eq!(run["results"].as_array().expect("results").len(), self.findings, "{}", self.what);
        // Viewers make links of this, and of nothing else.
        for result in run["results"].as_array().expect("results") {
            let message = result["message"]["text"].as_str().expect("a text");
            assert!(!message.contains("]("), "{}: {message}", self.what);
        }
        for rule in run["tool"]["driver"]["rules"].as_array().expect("rules") {
            only_own_markup(rule["help"]["markdown"].as_str().expect("Markdown"), self.what, &[]);
        }
    }

    fn as_markdown(&self) {
        let own =
            ["<!-- planguard -->", "<details>", "<details open>", "</details>", "<summary>", "</summary>"];
        only_own_markup(self.text, self.what, &own);
        let rows = self.text.lines().filter(|line| line.starts_with('|'));
        rows.for_each(|row| assert_eq!(row.matches('|').count(), 7, "{}: {row}", self.what));
    }

    /// No text becomes an element, an attribute or a script, or leads away from the page.
    fn as_html(&self) {
        let mut text = self.text.to_owned();
        let mut raw = Vec::new();
        for (start, end) in [
            ("<style>", "</style>"),
            ("<script type=\"application/json\" id=\"data\">", "</script>"),
            ("<script>", "</script>"),
        ] {
            let (before, rest) =
                text.split_once(start).unwrap_or_else(|| panic!("{}: no {start}", self.what));
            let (inside, after) = rest.split_once(end).expect("the end of the element");
            raw.push(inside.to_owned());
            text = format!("{before}{after}");
        }
        let data: Value =
            serde_json::from_str(&raw[1]).unwrap_or_else(|error| panic!("{}: {error}", self.what));
        assert_eq!(data["resources"].as_array().expect("resources").len(), 6, "{}", self.what);
        let tags = tags(&text, self.what);
        assert!(tags.iter().all(|(name, _)| name != "script" && name != "style"), "{}", self.what);
        let mut findings = 0;
        for (name, attributes) in &tags {
            assert!(PAGE_ELEMENTS.contains(&name.as_str()), "{}: <{name}>", self.what);
            for (attribute, value) in attributes {
                assert!(PAGE_ATTRIBUTES.contains(&attribute.as_str()), "{}: {attribute}", self.what);
                let leads_within = attribute != "href" || value.starts_with('#');
                assert!(leads_within, "{}: {value}", self.what);
                findings += usize::from(attribute == "id" && value.starts_with("finding-"));
            }
        }
        assert_eq!(findings, self.findings, "{}", self.what);
    }

    fn as_junit(&self) {
        let document =
            roxmltree::Document::parse(self.text).unwrap_or_else(|error| panic!("{}: {error}", self.what));
        let known = [
            "testsuites",
            "testsuite",
            "testcase",
            "failure",
            "error",
            "skipped",
            "system-out",
            "system-err",
        ];
        let known_attributes = [
            "name",
            "tests",
            "failures",
            "errors",
            "disabled",
            "skipped",
            "classname",
            "message",
            "type",
            "file",
            "line",
            "time",
            "timestamp",
            "uuid",
        ];
        let mut cases = 0;
        for node in document.descendants() {
            assert!(!node.is_comment() && !node.is_pi(), "{}: {node:?}", self.what);
            if !node.is_element() {
                continue;
            }
            let name = node.tag_name().name();
            assert!(known.contains(&name), "{}: <{name}>", self.what);
            cases += usize::from(name == "testcase");
            for attribute in node.attributes() {
                assert!(known_attributes.contains(&attribute.name()), "{}: {attribute:?}", self.what);
            }
        }
        assert_eq!(cases, self.findings + self.report.plans.len() + self.problems(), "{}", self.what);
        let read = quick_junit::Report::deserialize_from_str(self.text).expect("JUnit");
        assert_eq!(read.tests, cases, "{}", self.what);
    }

    /// Every line is a command of planguard's own, but the last, which is for people.
    fn as_github(&self) {
        let lines: Vec<&str> = self.text.lines().collect();
        let (last, commands) = lines.split_last().expect("lines");
        for line in commands {
            let (head, message) =
                line[2..].split_once("::").unwrap_or_else(|| panic!("{}: {line}", self.what));
            assert!(line.starts_with("::error ") || line.starts_with("::warning "), "{}: {line}", self.what);
            // What separates properties stands only between them.
            let (_, properties) = head.split_once(' ').expect("properties");
            for property in properties.split(',') {
                let (name, value) =
                    property.split_once('=').unwrap_or_else(|| panic!("{}: {line}", self.what));
                assert!(
                    ["title", "file", "line", "col", "endColumn"].contains(&name),
                    "{}: {line}",
                    self.what
                );
                assert!(!value.contains(':'), "{}: {line}", self.what);
            }
            // Every percent sign is an escape of GitHub's.
            for (at, _) in message.match_indices('%') {
                let escapes = ["%25", "%0A", "%0D"];
                assert!(
                    escapes.iter().any(|escape| message[at..].starts_with(escape)),
                    "{}: {line}",
                    self.what
                );
            }
        }
        assert!(commands.len() <= 20 && !commands.is_empty(), "{}", self.what);
        assert!(last.starts_with("DENIED: ") || last.starts_with("INCOMPLETE: "), "{}: {last}", self.what);
    }

    fn as_gitlab(&self) {
        let entries = self.json();
        for entry in entries.as_array().expect("entries") {
            let severity = entry["severity"].as_str().expect("a severity");
            assert!(["blocker", "critical", "major", "minor", "info"].contains(&severity), "{}", self.what);
            assert!(
                entry["location"]["lines"]["begin"].as_u64().is_some_and(|line| line > 0),
                "{}",
                self.what
            );
        }
        assert!(super::has(&entries, self.payload), "{}", self.what);
    }

    fn as_numbers_of_changes(&self) {
        assert_eq!(self.json(), json!({"create": 6, "update": 0, "delete": 0}), "{}", self.what);
    }

    fn as_azure(&self) {
        let lines: Vec<&str> = self.text.lines().collect();
        let (last, commands) = lines.split_last().expect("lines");
        for line in commands {
            let rest =
                line.strip_prefix("##vso[task.logissue ").unwrap_or_else(|| panic!("{}: {line}", self.what));
            let (properties, message) = rest.split_once(']').expect("the end of the properties");
            for property in properties.split(';') {
                let (name, _) = property.split_once('=').unwrap_or_else(|| panic!("{}: {line}", self.what));
                let names = ["type", "sourcepath", "linenumber", "columnnumber", "code"];
                assert!(names.contains(&name), "{}: {line}", self.what);
            }
            for (at, _) in message.match_indices('%') {
                let escapes = ["%AZP25", "%0A", "%0D"];
                assert!(
                    escapes.iter().any(|escape| message[at..].starts_with(escape)),
                    "{}: {line}",
                    self.what
                );
            }
        }
        assert!(last.starts_with("DENIED: ") || last.starts_with("INCOMPLETE: "), "{}: {last}", self.what);
    }

    /// No text starts a line of its own, or is taken for the verdict.
    fn as_lines(&self) {
        let lines: Vec<&str> = self.text.lines().collect();
        let (last, items) = lines.split_last().expect("a verdict");
        assert!(["DENIED", "INCOMPLETE"].contains(last), "{}: {last}", self.what);
        let findings = self.report.plans.iter().flat_map(|plan| &plan.findings);
        let most = findings.map(|finding| finding.shares.len().max(1)).sum::<usize>() + self.problems();
        assert!(!items.is_empty() && items.len() <= most, "{}", self.what);
        for line in items {
            let words = line.strip_prefix("FAIL ").and_then(|line| line.split_once('['));
            let words = words.map(|(word, _)| word);
            let known = ["error", "critical", "high", "medium", "low", "info"];
            assert!(words.is_some_and(|word| known.contains(&word)), "{}: {line}", self.what);
        }
    }

    /// A harness sees exactly planguard's own points.
    fn as_tap(&self) {
        let mut lines = self.text.lines();
        assert_eq!(lines.next(), Some("TAP version 14"));
        let points = self.findings + self.report.plans.len() + self.problems();
        assert_eq!(lines.next(), Some(format!("1..{points}").as_str()), "{}", self.what);
        let mut number = 0;
        let mut inside = false;
        for line in lines {
            match (inside, line) {
                (false, "  ---") => inside = true,
                (true, "  ...") => inside = false,
                (true, line) => {
                    // A value is JSON, and so one of YAML.
                    let (key, value) =
                        line.strip_prefix("  ").and_then(|line| line.split_once(": ")).expect("a pair");
                    assert!(key.chars().all(|c| c.is_ascii_lowercase()), "{}: {line}", self.what);
                    serde_json::from_str::<Value>(value)
                        .unwrap_or_else(|error| panic!("{}: {error}: {line}", self.what));
                }
                (false, line) => {
                    number += 1;
                    let rest = line.strip_prefix("not ").unwrap_or(line);
                    let rest = rest.strip_prefix(&format!("ok {number} - "));
                    let rest = rest.unwrap_or_else(|| panic!("{}: {line}", self.what));
                    let plain = rest.replace("\\\\", "").replace("\\#", "");
                    let directives: Vec<&str> = plain.split(" # ").skip(1).collect();
                    let own = ["TODO a warning", "TODO waived: "];
                    assert!(
                        directives.iter().all(|word| own.iter().any(|own| word.starts_with(own))),
                        "{}: {line}",
                        self.what
                    );
                    assert_eq!(plain.matches('#').count(), directives.len(), "{}: {line}", self.what);
                }
            }
        }
        assert_eq!(number, points, "{}", self.what);
    }

    fn as_csv(&self) {
        let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(self.text.as_bytes());
        let names = reader.headers().expect("names").clone();
        let records: Vec<csv::StringRecord> = reader
            .records()
            .map(|record| record.unwrap_or_else(|error| panic!("{}: {error}", self.what)))
            .collect();
        assert_eq!(records.len(), self.findings + self.problems(), "{}", self.what);
        for record in &records {
            assert_eq!(record.len(), names.len(), "{}", self.what);
            for cell in record {
                let is_formula = cell
                    .trim_start()
                    .starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
                assert!(!is_formula || cell.parse::<f64>().is_ok(), "{}: {cell}", self.what);
                assert!(!cell.contains(['\n', '\r', '\t']), "{}: {cell}", self.what);
            }
        }
    }

    fn as_openmetrics(&self) {
        let lines: Vec<&str> = self.text.lines().collect();
        assert_eq!(lines.last(), Some(&"# EOF"), "{}", self.what);
        assert_eq!(lines.iter().filter(|line| line.starts_with("# EOF")).count(), 1, "{}", self.what);
        for line in &lines[..lines.len() - 1] {
            if line.starts_with("# HELP planguard_")
                || line.starts_with("# TYPE planguard_")
                || line.starts_with("# UNIT planguard_")
            {
                continue;
            }
            assert!(line.starts_with("planguard_"), "{}: {line}", self.what);
            let (_, value) = line.rsplit_once(' ').expect("a value");
            assert!(value.parse::<f64>().is_ok(), "{}: {line}", self.what);
            if let Some((_, labels)) = line.split_once('{') {
                let labels = labels.rsplit_once('}').expect("the end of the labels").0;
                let quotes = labels.replace("\\\\", "").replace("\\\"", "").matches('"').count();
                assert!(quotes.is_multiple_of(2), "{}: {line}", self.what);
            }
        }
    }
}

/// Renders Markdown with all that GitHub and GitLab know, and looks at what came out: headings, tables and sections of
/// planguard's own, and no markup of a payload.
fn only_own_markup(markdown: &str, what: &str, own_html: &[&str]) {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_MATH
        | Options::ENABLE_GFM
        | Options::ENABLE_WIKILINKS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_DEFINITION_LIST
        | Options::ENABLE_SUPERSCRIPT
        | Options::ENABLE_SUBSCRIPT;
    let mut strong = false;
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                assert!(matches!(level, HeadingLevel::H2 | HeadingLevel::H3), "{what}: {level:?}\n{markdown}");
            }
            Event::Start(Tag::Strong) => strong = true,
            Event::Start(
                Tag::Paragraph
                | Tag::HtmlBlock
                | Tag::List(None)
                | Tag::Item
                | Tag::Table(_)
                | Tag::TableHead
                | Tag::TableRow
                | Tag::TableCell,
            )
            | Event::End(_)
            | Event::SoftBreak
            // Sites leave code alone.
            | Event::Code(_) => {}
            Event::Html(html) | Event::InlineHtml(html) => {
                let mut rest = html.to_string();
                own_html.iter().for_each(|own| rest = rest.replace(own, ""));
                assert!(!rest.contains(['<', '>', '&', '[', '`']), "{what}: {html}\n{markdown}");
            }
            // Sites look for mentions, references and addresses in the text of the finished page.
            Event::Text(text) => {
                let acts = ['@', '#', '<', '>', '[', ']', '!', '`', '|', '{', '$', '\\', '&', '_'];
                let is_own = strong && !own_html.is_empty();
                assert!(is_own || !text.contains(acts), "{what}: {text}\n{markdown}");
                assert!(!text.contains("http") && !text.contains("www."), "{what}: {text}");
                strong = false;
            }
            other => panic!("{what}: {other:?}\n{markdown}"),
        }
    }
}
