//! Errors of bundles.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

/// Why a bundle is refused.
#[derive(Clone, Debug, Error, PartialEq, Eq, Diagnostic)]
#[non_exhaustive]
pub enum BundleError {
    /// It is no archive, or a part of it is broken.
    #[error("cannot read the bundle {}: {reason}", path.display())]
    #[diagnostic(code("PG-RG-100"), help("build it again with `opa build -b DIR`"))]
    Broken {
        /// The bundle.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It is larger than any bundle of policies.
    #[error("the bundle {} is larger than {limit} bytes, or its files are", path.display())]
    #[diagnostic(code("PG-RG-101"), help("keep large data out of the bundle, or divide it"))]
    TooLarge {
        /// The bundle.
        path: PathBuf,
        /// The limit.
        limit: u64,
    },
    /// An entry that a bundle must not have.
    #[error("the bundle {} has an entry `{entry}` that {reason}", path.display())]
    #[diagnostic(
        code("PG-RG-102"),
        help("do not use this bundle unless you know who made it; `opa build` writes no such entry")
    )]
    Entry {
        /// The bundle.
        path: PathBuf,
        /// The entry.
        entry: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// It was compiled for something that has no Rego.
    #[error("the bundle {} is {kind} (`{entry}`), which planguard does not run", path.display())]
    #[diagnostic(code("PG-RG-103"), help("build it from the same policies with `opa build --target rego`"))]
    Compiled {
        /// The bundle.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
        /// The entry that says so.
        entry: String,
    },
    /// The manifest is wrong.
    #[error("the manifest of the bundle {} is wrong: {reason}", path.display())]
    #[diagnostic(code("PG-RG-104"), help("correct `.manifest`, and build the bundle again"))]
    Manifest {
        /// The bundle.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file fills a part of `data` that is not the bundle's.
    #[error("`{entry}` in the bundle {} has `{found}`, which is outside of the bundle's roots ({roots})", path.display())]
    #[diagnostic(code("PG-RG-105"), help("move it below a root, or add its root to `roots` in `.manifest`"))]
    OutsideRoots {
        /// The bundle.
        path: PathBuf,
        /// The file.
        entry: String,
        /// The path in `data`.
        found: String,
        /// The roots.
        roots: String,
    },
    /// Two bundles may fill the same part of `data`.
    #[error(
        "the bundles {} and {} overlap: both may fill `{root}` (roots `{root}` and `{other_root}`)",
        path.display(), other.display()
    )]
    #[diagnostic(
        code("PG-RG-106"),
        help(
            "give each bundle `roots` of its own in its `.manifest`; a bundle without roots fills all of `data`"
        )
    )]
    OverlappingRoots {
        /// One bundle.
        path: PathBuf,
        /// Its root.
        root: String,
        /// The other.
        other: PathBuf,
        /// Its root.
        other_root: String,
    },
    /// A key is given, and the bundle has no signature.
    #[error("the bundle {} is not signed, and a key is given", path.display())]
    #[diagnostic(
        code("PG-RG-107"),
        help(
            "build it with a signature: opa build -b POLICIES -o bundle.tar.gz --signing-key private.pem (docs/policies/bundles.md); without one nobody knows who made it"
        )
    )]
    NotSigned {
        /// The bundle.
        path: PathBuf,
    },
    /// The signature is not that of the key, or is for something else.
    #[error("the signature of the bundle {} is not accepted: {reason}", path.display())]
    #[diagnostic(
        code("PG-RG-108"),
        help("do not use this bundle; ask whoever made it for the bundle and the key")
    )]
    Signature {
        /// The bundle.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file is not the one that was signed.
    #[error("`{entry}` in the bundle {} {reason}", path.display())]
    #[diagnostic(code("PG-RG-109"), help("do not use this bundle: it was changed after it was signed"))]
    Changed {
        /// The bundle.
        path: PathBuf,
        /// The file.
        entry: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A bundle is given as data.
    #[error("the bundle {} cannot be loaded with --data", path.display())]
    #[diagnostic(
        code("PG-RG-110"),
        help("pass it with --policy, which loads its data at their places as well")
    )]
    AsData {
        /// The bundle.
        path: PathBuf,
    },
}
