//! Archives as attackers and other versions of OPA write them.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

use super::*;

struct Entry<'e> {
    name: &'e str,
    kind: EntryType,
    text: &'e [u8],
}

fn file<'e>(name: &'e str, text: &'e str) -> Entry<'e> {
    Entry { name, kind: EntryType::Regular, text: text.as_bytes() }
}

/// Headers are written by hand, since the writer refuses names that lead out.
fn archive(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for entry in entries {
        let mut header = Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..entry.name.len()].copy_from_slice(entry.name.as_bytes());
        header.set_entry_type(entry.kind);
        header.set_size(entry.text.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, entry.text).unwrap();
    }
    gzip(&builder.into_inner().unwrap())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn opened(entries: &[Entry<'_>]) -> Result<Bundle, BundleError> {
    of_bytes(Path::new("b.tar.gz"), &archive(entries), None)
}

#[test]
fn files_have_the_names_that_opa_gives_them() {
    let entries =
        [file("/data.json", "{}"), file("./policy/a.rego", "package a\n"), file("/.manifest", "{}")];
    let bundle = opened(&entries).unwrap();
    let names: Vec<&str> = bundle.files.keys().map(String::as_str).collect();
    assert_eq!(names, [".manifest", "data.json", "policy/a.rego"]);
    assert_eq!(bundle.roots, [""]);
}

#[test]
fn entries_that_lead_elsewhere_are_refused() {
    for (entry, wanted) in [
        (file("../a.rego", "package a\n"), "leads out"),
        (file("/x/../../a.rego", "package a\n"), "leads out"),
        (file("c:\\a.rego", "package a\n"), "leads out"),
        (Entry { name: "..", kind: EntryType::Directory, text: b"" }, "leads out"),
        (Entry { name: "a.rego", kind: EntryType::Symlink, text: b"" }, "link"),
        (Entry { name: "a.rego", kind: EntryType::Link, text: b"" }, "link"),
        (Entry { name: "a.rego", kind: EntryType::Fifo, text: b"" }, "neither"),
        (Entry { name: "a.rego", kind: EntryType::Block, text: b"" }, "neither"),
    ] {
        let Err(BundleError::Entry { reason, .. }) = opened(&[entry]) else { panic!("{wanted}") };
        assert!(reason.contains(wanted), "{reason}");
    }
}

#[test]
fn a_name_is_there_once() {
    let twice = [file("/a.rego", "package a\n"), file("./a.rego", "package b\n")];
    let error = opened(&twice).unwrap_err();
    assert!(
        matches!(&error, BundleError::Entry { entry, reason: "it has twice", .. } if entry == "./a.rego")
    );
}

#[test]
fn a_small_archive_cannot_fill_the_memory() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let zeros = vec![0; 1 << 20];
    for _ in 0..129 {
        encoder.write_all(&zeros).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 1 << 20);
    assert!(matches!(of_bytes(Path::new("b"), &bomb, None), Err(BundleError::TooLarge { .. })));
}

#[test]
fn what_is_no_archive_is_refused() {
    let whole = archive(&[file("a.rego", "package a\n")]);
    for bytes in [&b"package a"[..], &whole[..whole.len() / 2], &gzip(b"package a"), &gzip(&[])] {
        assert!(matches!(of_bytes(Path::new("b"), bytes, None), Err(BundleError::Broken { .. })));
    }
}

#[test]
fn compiled_bundles_are_refused_by_name() {
    for (entry, wanted) in [
        (file("policy.wasm", ""), "compiled to WebAssembly"),
        (file("plan.json", "{}"), "compiled to a plan"),
        (file("patch.json", "{}"), "a change of another bundle"),
        (file(".manifest", r#"{"wasm": [{"entrypoint": "a/b"}]}"#), "compiled to WebAssembly"),
    ] {
        let Err(BundleError::Compiled { kind, .. }) = opened(&[entry]) else { panic!("{wanted}") };
        assert_eq!(kind, wanted);
    }
    assert!(opened(&[file("test/plan.json", "{}")]).is_ok());
}

#[test]
fn files_keep_to_the_roots() {
    let manifest = r#"{"revision": "1", "roots": ["aws/s3", "limits"], "rego_version": 1}"#;
    let with = |name, text| opened(&[file(".manifest", manifest), file(name, text)]);
    for (name, text) in [
        ("a.rego", "package aws.s3\n"),
        ("a.rego", "package aws.s3.names\n"),
        ("data.json", r#"{"limits": 1, "aws": {"s3": {}}}"#),
        ("aws/data.json", r#"{"s3": 1}"#),
        ("limits/data.yaml", "- 1\n"),
        ("aws/data.json", "{}"),
    ] {
        assert!(with(name, text).is_ok(), "{name} {text}");
    }
    for (name, text, wanted) in [
        ("a.rego", "package aws\n", "data.aws"),
        ("a.rego", "package aws.s3x\n", "data.aws.s3x"),
        ("a.rego", "package limit\n", "data.limit"),
        ("data.json", r#"{"limits": 1, "aws": {"s3": {}, "ec2": 1}}"#, "data.aws.ec2"),
        ("aws/data.json", "1", "data.aws"),
        ("other/data.yml", "a: 1\n", "data.other"),
    ] {
        let Err(BundleError::OutsideRoots { found, .. }) = with(name, text) else { panic!("{name} {text}") };
        assert_eq!(found, wanted);
    }
}

#[test]
fn a_wrong_manifest_is_refused() {
    for text in ["{", r#"{"roots": ["a", "a/b"]}"#, r#"{"roots": ["", "a"]}"#, r#"{"rego_version": 2}"#] {
        assert!(matches!(opened(&[file(".manifest", text)]), Err(BundleError::Manifest { .. })), "{text}");
    }
}

#[test]
fn roots_overlap_where_one_is_above_the_other() {
    for (left, right, expected) in
        [("a/b", "a", true), ("a/b", "a/b", true), ("", "x", true), ("a/b", "a/c", false), ("ab", "a", false)]
    {
        assert_eq!(manifest::overlap(left, right), expected, "{left} {right}");
        assert_eq!(manifest::overlap(right, left), expected, "{right} {left}");
    }
}

/// Bundles that `scripts/make-bundles.py` signed with other libraries.
fn fixture(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/bundles").join(name)).unwrap()
}

fn key(name: &str, scope: &str) -> Trust {
    Trust::of(&String::from_utf8(fixture(name)).unwrap(), scope).unwrap()
}

fn verified(bundle: &str, trust: &Trust) -> Result<Bundle, BundleError> {
    of_bytes(Path::new(bundle), &fixture(bundle), Some(trust))
}

#[test]
fn every_algorithm_is_verified() {
    for name in ["hs256", "hs384", "hs512", "rs256", "ps256", "es256", "es384", "eddsa"] {
        let key = match name {
            "rs256" | "ps256" => "rsa.pem".to_owned(),
            name if name.starts_with("hs") => "secret.txt".to_owned(),
            name => format!("{name}.pem"),
        };
        let key = self::key(&key, "");
        assert!(verified(&format!("{name}.tar.gz"), &key).is_ok(), "{name}");
    }
}

#[test]
fn what_somebody_else_signed_is_refused() {
    let reason = |bundle, key: &Trust| {
        let Err(BundleError::Signature { reason, .. }) = verified(bundle, key) else { panic!("{bundle}") };
        reason
    };
    assert_eq!(reason("rs256.tar.gz", &key("other.pem", "")), "it was not made with the given key");
    assert_eq!(
        reason("hs256.tar.gz", &Trust::of("other", "").unwrap()),
        "it was not made with the given key"
    );
    // With the public key as its secret, which everybody has.
    assert!(reason("confused.tar.gz", &key("rsa.pem", "")).contains("the given key is a public key"));
    assert!(reason("none.tar.gz", &key("rsa.pem", "")).contains("`none`"));
    assert!(reason("rs256.tar.gz", &key("secret.txt", "")).contains("the given key is a secret"));
    assert!(
        reason("scope.tar.gz", &key("rsa.pem", ""))
            .contains("it is for the scope `write`, and --bundle-scope names none")
    );
    assert!(
        reason("rs256.tar.gz", &key("rsa.pem", "write"))
            .contains("it is for no scope, and `write` is wanted")
    );
    assert!(verified("scope.tar.gz", &key("rsa.pem", "write")).is_ok());
    assert!(matches!(verified("unsigned.tar.gz", &key("rsa.pem", "")), Err(BundleError::NotSigned { .. })));
}

#[test]
fn a_file_that_was_not_signed_so_is_refused() {
    for (bundle, entry, wanted) in [
        ("tampered.tar.gz", "policy/main.rego", "is not the file that was signed"),
        ("tampered-data.tar.gz", "limits/data.json", "is not the file that was signed"),
        ("extra.tar.gz", "policy/extra.rego", "was not there when the bundle was signed"),
        ("missing.tar.gz", "limits/data.json", "was signed, and is missing"),
    ] {
        let Err(BundleError::Changed { entry: found, reason, .. }) = verified(bundle, &key("rsa.pem", ""))
        else {
            panic!("{bundle}")
        };
        assert_eq!((found.as_str(), reason), (entry, wanted));
    }
    // The same document in another form.
    assert!(verified("reformatted.tar.gz", &key("rsa.pem", "")).is_ok());
}

#[test]
fn a_file_without_a_public_key_or_secret_is_refused() {
    for (text, wanted) in [
        ("", "empty"),
        (" \n", "empty"),
        ("{}", "cannot be read|no key"),
        ("-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n", "private key"),
        ("-----BEGIN PUBLIC KEY-----\nMA==\n-----END PUBLIC KEY-----\n", "cannot be read|no key"),
    ] {
        let reason = Trust::of(text, "").unwrap_err();
        assert!(wanted.split('|').any(|wanted| reason.contains(wanted)), "{text}: {reason}");
    }
}
