//! What can go wrong with policies; each of these leaves the verdict undecided.

use std::path::PathBuf;
use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

/// The name and text of a policy file, for showing where something is wrong in it.
pub type PolicyText = Arc<NamedSource<Arc<str>>>;

/// Why policies could not be loaded, or why their answer cannot be relied on.
#[derive(Clone, Debug, Error, Diagnostic)]
#[non_exhaustive]
pub enum PolicyError {
    /// Nothing to evaluate.
    #[error("no policy found in {searched}")]
    #[diagnostic(
        code("PG-RG-001"),
        help("name a file that ends in .rego, or a directory that holds such files")
    )]
    NoPolicies {
        /// The paths that were searched.
        searched: String,
    },

    /// A path that does not exist or may not be read.
    #[error("cannot read {}: {reason}", path.display())]
    #[diagnostic(code("PG-RG-002"), help("check the path and its permissions"))]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        reason: String,
    },

    /// A symbolic link that leads out of the directory that was named.
    #[error("{} leads out of its directory, to {}", path.display(), target.display())]
    #[diagnostic(
        code("PG-RG-003"),
        help("copy the files into the directory, or name their directory as well")
    )]
    EscapingLink {
        /// The link.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },

    /// A device, pipe or socket where a file was expected.
    #[error("{} is not a regular file", path.display())]
    #[diagnostic(code("PG-RG-004"), help("remove it from the directory"))]
    SpecialFile {
        /// The path.
        path: PathBuf,
    },

    /// A file beyond the size that a person writes.
    #[error("{} is larger than {limit} bytes", path.display())]
    #[diagnostic(code("PG-RG-005"), help("split the file"))]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit that it exceeds.
        limit: u64,
    },

    /// A file that is not text.
    #[error("{} is not UTF-8 text", path.display())]
    #[diagnostic(code("PG-RG-006"), help("save the file as UTF-8"))]
    NotText {
        /// The file.
        path: PathBuf,
    },

    /// A data document that does not parse, or whose root is no object.
    #[error("{} is not a data document: {reason}", path.display())]
    #[diagnostic(code("PG-RG-007"), help("a data document is JSON or YAML whose root is an object"))]
    InvalidData {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },

    /// Two data documents that give one path different values.
    #[error("{} contradicts an earlier data document: {reason}", path.display())]
    #[diagnostic(
        code("PG-RG-008"),
        help("all data documents are merged at the root of `data`; rename one of the keys")
    )]
    ConflictingData {
        /// The later file.
        path: PathBuf,
        /// What the engine said.
        reason: String,
    },

    /// A policy that does not parse.
    #[error("cannot parse policy: {reason}")]
    #[diagnostic(code("PG-RG-010"))]
    Syntax {
        /// What the parser said.
        reason: String,
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// Where the parser stopped.
        #[label("here")]
        at: Option<SourceSpan>,
        /// How to put it right.
        #[help]
        help: String,
    },

    /// A policy whose brackets or operators nest so deeply that parsing it would take minutes or exhaust the
    /// stack.
    #[error("policy nests too deeply: {reason}")]
    #[diagnostic(
        code("PG-RG-011"),
        help("give the inner parts names, or move the literal into a data document")
    )]
    TooDeep {
        /// What nests.
        reason: &'static str,
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// Where the limit is reached.
        #[label("too deep here")]
        at: SourceSpan,
    },

    /// A policy that parses and that the engine cannot put in order, for instance for an unsafe variable.
    #[error("cannot compile policy: {reason}")]
    #[diagnostic(
        code("PG-RG-012"),
        help("the file was left out; the other policies were evaluated without it")
    )]
    Uncompilable {
        /// What the engine said.
        reason: String,
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// Where.
        #[label("here")]
        at: Option<SourceSpan>,
    },

    /// The engine refused the policies and named none of them.
    #[error("cannot compile the policies: {reason}")]
    #[diagnostic(code("PG-RG-013"), help("load the policies one at a time to find the one that is to blame"))]
    EngineRefused {
        /// What the engine said.
        reason: String,
    },

    /// A function that reaches outside the evaluation.
    #[error("policy uses `{name}`, which is refused: {reason}")]
    #[diagnostic(
        code("PG-RG-014"),
        help("fetch the value before the run, put it into a document and pass that with --data")
    )]
    RefusedFunction {
        /// The function.
        name: String,
        /// Why it is refused.
        reason: &'static str,
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The use.
        #[label("refused")]
        at: SourceSpan,
    },

    /// A call of something that is neither a builtin nor a function of the loaded policies.
    #[error("no function is called `{name}`")]
    #[diagnostic(code("PG-RG-015"))]
    UnknownFunction {
        /// The name as written.
        name: String,
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The call.
        #[label("unknown function")]
        at: SourceSpan,
        /// How to put it right.
        #[help]
        help: String,
    },

    /// Functions or rules that need each other.
    #[error("policy is recursive: {cycle}")]
    #[diagnostic(
        code("PG-RG-016"),
        help("Rego has no recursion; walk(x, [path, value]) visits nested values")
    )]
    Recursion {
        /// The names, joined by arrows, the first one repeated at the end.
        cycle: String,
        /// The policy that holds the first of them.
        #[source_code]
        text: PolicyText,
        /// The first rule of the cycle.
        #[label("part of the cycle")]
        at: SourceSpan,
    },

    /// A chain of rules that need each other, longer than the stack could be relied on to carry.
    #[error("more than {limit} rules need each other in turn, starting with `{rule}`")]
    #[diagnostic(code("PG-RG-017"), help("shorten the chain"))]
    ChainTooLong {
        /// The longest chain that is accepted.
        limit: usize,
        /// Where the chain starts.
        rule: String,
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The rule.
        #[label("starts here")]
        at: SourceSpan,
    },

    /// `[path, value] := walk(x)`, which the engine evaluates to nothing.
    #[error("the result of `walk` is assigned, which the engine evaluates to nothing")]
    #[diagnostic(code("PG-RG-018"))]
    AssignedWalk {
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The assignment.
        #[label("yields nothing")]
        at: SourceSpan,
        /// The form to write.
        #[help]
        help: String,
    },

    /// A reference to something that no plan has, so that the rule can never fire.
    #[error("no plan has `{path}`")]
    #[diagnostic(code("PG-RG-019"))]
    UnknownInput {
        /// The reference, up to the part that is unknown.
        path: String,
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The reference.
        #[label("always undefined")]
        at: SourceSpan,
        /// How to put it right.
        #[help]
        help: String,
    },

    /// A negation with a variable that gets no value outside of it, as in `not xs[_] == 1`. OPA refuses it as unsafe.
    #[error("a negation has a variable without a value")]
    #[diagnostic(
        code("PG-RG-022"),
        help("give the variable a value before, or negate a rule or function that does the search")
    )]
    UnsafeNegation {
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The variable.
        #[label("has no value")]
        at: SourceSpan,
    },

    /// A policy that the engine can read and the front end cannot, so that it might not mean what OPA takes it to
    /// mean.
    #[error("policy has a form that is not supported")]
    #[diagnostic(
        code("PG-RG-021"),
        help("write it as `opa fmt` does; a bracket has to follow its name without a blank")
    )]
    Unread {
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// Where reading stopped.
        #[label("not understood")]
        at: SourceSpan,
    },

    /// A `# METADATA` block that is not YAML.
    #[error("cannot read the METADATA block: {reason}")]
    #[diagnostic(code("PG-RG-020"), help("the comment lines after `# METADATA` must be one YAML mapping"))]
    InvalidMetadata {
        /// What the YAML reader said.
        reason: String,
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The block.
        #[label("here")]
        at: SourceSpan,
    },

    /// A namespace that matches no package.
    #[error("no policy has the package `{pattern}`")]
    #[diagnostic(code("PG-RG-030"))]
    UnknownNamespace {
        /// The namespace as given.
        pattern: String,
        /// How to put it right.
        #[help]
        help: String,
    },

    /// A namespace whose packages have nothing to evaluate.
    #[error("package `{pattern}` has no rule called deny, violation or warn")]
    #[diagnostic(
        code("PG-RG-031"),
        help("rules that decide are called deny, violation or warn, alone or followed by _name")
    )]
    NoDecisionRule {
        /// The namespace as given.
        pattern: String,
    },

    /// A rule that nothing uses and whose name is almost one that decides.
    #[error("rule `{rule}` decides nothing: {reason}")]
    #[diagnostic(code("PG-RG-032"))]
    NearMiss {
        /// The rule's name.
        rule: String,
        /// Why it is not evaluated.
        reason: &'static str,
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The rule's head.
        #[label("never evaluated")]
        at: SourceSpan,
        /// How to put it right.
        #[help]
        help: String,
    },

    /// `deny[msg] if …`, which in Rego v1 builds an object and not a set.
    #[error("rule `{rule}` builds an object, not a set of messages")]
    #[diagnostic(code("PG-RG-033"))]
    NotASet {
        /// The rule's name.
        rule: String,
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The rule's head.
        #[label("no `contains`")]
        at: SourceSpan,
        /// How to put it right.
        #[help]
        help: String,
    },

    /// A result that says neither yes nor no.
    #[error("rule `{rule}` yields {shape}, which is not a result")]
    #[diagnostic(
        code("PG-RG-040"),
        help("a result is a set of strings, a set of objects with a string `msg`, or a boolean")
    )]
    ResultShape {
        /// The rule's path.
        rule: String,
        /// What it yields.
        shape: &'static str,
    },

    /// A result object without its message.
    #[error("rule `{rule}` yields an object without a string `msg`")]
    #[diagnostic(code("PG-RG-041"), help("add `msg` with the text of the finding"))]
    NoMessage {
        /// The rule's path.
        rule: String,
    },

    /// An `exception` that can match no rule.
    #[error("rule `{rule}` yields something other than arrays of names, which excepts nothing")]
    #[diagnostic(code("PG-RG-042"), help("write `exception contains [\"name\"]` to except deny_name"))]
    ExceptionShape {
        /// The rule's path.
        rule: String,
    },

    /// A builtin that failed. The findings are those that are left when its result counts as undefined.
    #[error("rule `{rule}` may have missed something: {reason}")]
    #[diagnostic(
        code("PG-RG-043"),
        help("test the value before the call, so that the builtin gets what it expects")
    )]
    SwallowedError {
        /// The rule's path.
        rule: String,
        /// What the builtin said; this may quote values of the plan.
        reason: String,
        /// The policy.
        #[source_code]
        text: Option<PolicyText>,
        /// The call.
        #[label("failed here")]
        at: Option<SourceSpan>,
    },

    /// A rule that could not be evaluated.
    #[error("cannot evaluate rule `{rule}`: {reason}")]
    #[diagnostic(code("PG-RG-044"), help("the other rules were evaluated"))]
    RuleFailed {
        /// The rule's path.
        rule: String,
        /// What the engine said; this may quote values of the plan.
        reason: String,
        /// The policy.
        #[source_code]
        text: Option<PolicyText>,
        /// Where.
        #[label("here")]
        at: Option<SourceSpan>,
    },

    /// A rule that took too long.
    #[error("rule `{rule}` took longer than {limit_ms} ms and was stopped")]
    #[diagnostic(code("PG-RG-045"), help("make the rule cheaper, or give policies more time"))]
    OutOfTime {
        /// The rule's path.
        rule: String,
        /// The limit in milliseconds.
        limit_ms: u128,
    },

    /// A rule that needed too much memory.
    #[error("rule `{rule}` needed more than {limit} bytes and was stopped")]
    #[diagnostic(
        code("PG-RG-046"),
        help("make the rule cheaper, give policies more memory, or check fewer plans at a time")
    )]
    OutOfMemory {
        /// The rule's path.
        rule: String,
        /// The limit in bytes.
        limit: u64,
    },

    /// A rule on which the engine panicked.
    #[error("the engine crashed on rule `{rule}`: {reason}")]
    #[diagnostic(code("PG-RG-047"), help("this is a defect of the engine; please report the policy"))]
    Crashed {
        /// The rule's path.
        rule: String,
        /// The panic's message.
        reason: String,
    },

    /// Rules that were not reached because others had used up the time of the whole evaluation.
    #[error("no time was left for {} rules: {}", rules.len(), rules.join(", "))]
    #[diagnostic(code("PG-RG-048"), help("make the slow rules cheaper, or give policies more time"))]
    NotReached {
        /// The rules' paths.
        rules: Vec<String>,
    },

    /// The system gave no thread to work on.
    #[error("cannot start a thread for policies: {reason}")]
    #[diagnostic(code("PG-RG-049"), help("free memory or raise the limit on threads"))]
    NoThread {
        /// What the operating system said.
        reason: String,
    },

    /// Loading took so long that it was given up.
    #[error("loading the policies was given up: {reason}")]
    #[diagnostic(code("PG-RG-050"), help("load the policies one at a time to find the one that is to blame"))]
    LoadAbandoned {
        /// What happened.
        reason: String,
    },

    /// Files that look like those of several platforms.
    #[error("{} looks like policies for several platforms: {shapes}", path.display())]
    #[diagnostic(
        code("PG-RG-070"),
        help("say which one with --convention, or name the directories one by one")
    )]
    AmbiguousConvention {
        /// The file or directory.
        path: PathBuf,
        /// The conventions, each with what speaks for it.
        shapes: String,
    },

    /// A directory without the file that its platform needs.
    #[error("{} has no {expected}, which {platform} needs", path.display())]
    #[diagnostic(code("PG-RG-071"), help("name the directory that holds it"))]
    NoConfiguration {
        /// The platform.
        platform: &'static str,
        /// The directory.
        path: PathBuf,
        /// The names that the file may have.
        expected: String,
    },

    /// A configuration file that says something else than its platform understands.
    #[error("{place}: {reason}")]
    #[diagnostic(code("PG-RG-072"))]
    InvalidConfiguration {
        /// File and line.
        place: String,
        /// What is wrong.
        reason: String,
        /// The file.
        #[source_code]
        text: PolicyText,
        /// Where.
        #[label("here")]
        at: SourceSpan,
        /// How to put it right.
        #[help]
        help: String,
    },

    /// A directory in which nothing is for the platform that it is said to be for.
    #[error("{} has no policy for {platform}", path.display())]
    #[diagnostic(
        code("PG-RG-073"),
        help("name the directory that holds the policies, or another --convention")
    )]
    NoneOfPlatform {
        /// The platform.
        platform: &'static str,
        /// The file or directory.
        path: PathBuf,
    },

    /// A policy without a rule that its platform asks for.
    #[error("{file} decides nothing: {platform} asks for {expected}")]
    #[diagnostic(code("PG-RG-074"), help("correct the names of its package and rules, or leave it out"))]
    DecidesNothing {
        /// The policy.
        file: String,
        /// The platform.
        platform: &'static str,
        /// The paths of rules.
        expected: &'static str,
    },

    /// A query for a rule that does not exist.
    #[error("policy `{policy}` asks for `{query}`, and there is no such rule")]
    #[diagnostic(code("PG-RG-075"))]
    UnknownQuery {
        /// The policy's name.
        policy: String,
        /// The query.
        query: String,
        /// The configuration file.
        #[source_code]
        text: PolicyText,
        /// The query in it.
        #[label("no such rule")]
        at: SourceSpan,
        /// How to put it right.
        #[help]
        help: String,
    },

    /// A result of a query that the platform would refuse.
    #[error("rule `{rule}` yields {shape}, and the platform needs an array")]
    #[diagnostic(code("PG-RG-076"), help("write the rule as a set of messages, which is an array in JSON"))]
    NoArray {
        /// The rule's path.
        rule: String,
        /// What it yields.
        shape: &'static str,
    },

    /// Policies of which the platform would evaluate only one.
    #[error("{platform} evaluates one of these policies, the nearest to the project: {files}")]
    #[diagnostic(code("PG-RG-077"), help("name the file that is meant"))]
    SeveralPolicies {
        /// The platform.
        platform: &'static str,
        /// The files.
        files: String,
    },

    /// A description of a policy's parameters that cannot be used.
    #[error("{} does not describe parameters: {reason}", path.display())]
    #[diagnostic(code("PG-RG-078"), help("write a JSON Schema of an object, with properties"))]
    InvalidSchema {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },

    /// A document of context that cannot be used.
    #[error("{} is no context: {reason}", path.display())]
    #[diagnostic(
        code("PG-RG-080"),
        help("a context is a JSON object whose keys are those of the input, such as {{\"run\": {{…}}}}")
    )]
    InvalidContext {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },

    /// A policy that reads what nobody has said of the run.
    #[error("the policy reads `{path}`, which is not known")]
    #[diagnostic(code("PG-RG-081"))]
    MissingContext {
        /// The path into the input.
        path: String,
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The reference.
        #[label("not known")]
        at: SourceSpan,
        /// How to give it.
        #[help]
        help: String,
    },

    /// A plan that cannot be turned into the policies' input.
    #[error("cannot pass {plan} to policies: {reason}")]
    #[diagnostic(code("PG-RG-060"), help("write the plan again with `terraform show -json`"))]
    InvalidInput {
        /// The plan's name.
        plan: String,
        /// What is wrong.
        reason: String,
    },
}

impl PolicyError {
    /// That there is no policy in any of these places.
    pub(super) fn nothing_in(paths: &[PathBuf]) -> Self {
        let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        let searched = if paths.is_empty() { "no path".to_owned() } else { paths.join(", ") };
        Self::NoPolicies { searched }
    }

    /// Whether two errors tell the reader the same.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        self.code_text() == other.code_text()
            && self.to_string() == other.to_string()
            && self.first_offset() == other.first_offset()
            && self.file() == other.file()
    }

    fn code_text(&self) -> Option<String> {
        self.code().map(|code| code.to_string())
    }

    fn first_offset(&self) -> Option<usize> {
        self.labels()?.next().map(|label| label.offset())
    }

    /// The name of the policy file that the error points into.
    pub fn file(&self) -> Option<String> {
        let label = self.labels()?.next()?;
        let contents = self.source_code()?.read_span(label.inner(), 0, 0).ok()?;
        contents.name().map(str::to_owned)
    }
}

/// Nobody reads more than this many errors, and a hostile policy could produce millions.
const ERROR_LIMIT: usize = 200;

/// Whether further errors would only be dropped. The verdict is undecided already.
pub(super) fn is_full(errors: &[PolicyError]) -> bool {
    errors.len() >= ERROR_LIMIT
}

/// Adds an error unless the reader has already been told, or been told of enough.
pub fn report(errors: &mut Vec<PolicyError>, error: PolicyError) {
    if !is_full(errors) && !errors.iter().any(|known| known.says_the_same(&error)) {
        errors.push(error);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn every_code_is_used_once() {
        let source = include_str!("error.rs");
        let marker = concat!("code(\"", "PG-RG-");
        let codes: Vec<&str> =
            source.match_indices(marker).map(|(start, _)| &source[start + 6..start + 15]).collect();
        let unique: BTreeSet<&str> = codes.iter().copied().collect();
        assert!(codes.len() > 30, "the codes are no longer found: {codes:?}");
        assert_eq!(unique.len(), codes.len());
    }
}
