//! Errors of policies; each makes the verdict incomplete.

mod convention;
mod reading;

use std::path::PathBuf;
use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

pub use self::convention::ConventionError;
pub use self::reading::ReadingError;
use super::git_source::GitSourceError;
use super::opa_bundle::BundleError;

/// The name and text of a policy file, for snippets.
pub type PolicyText = Arc<NamedSource<Arc<str>>>;

/// An error of loading or evaluating policies.
#[derive(Clone, Debug, Error, Diagnostic)]
#[non_exhaustive]
pub enum PolicyError {
    /// Policies or data documents that cannot be read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Reading(#[from] ReadingError),

    /// Policies that are not what their platform evaluates.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Convention(#[from] ConventionError),

    /// A bundle that is refused.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Bundle(Arc<BundleError>),

    /// Policies of a commit that cannot be had.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Git(Arc<GitSourceError>),

    /// A path into `data` that nothing defines.
    #[error("nothing defines `{path}`")]
    #[diagnostic(code("PG-RG-024"))]
    UnknownData {
        /// The path.
        path: String,
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The reference.
        #[label("leads to nothing")]
        at: SourceSpan,
        /// How to put it right.
        #[help]
        help: String,
    },

    /// A reference that could mean its own rule, as far as the engine can tell.
    #[error("the engine cannot follow a reference into all packages: {cycle}")]
    #[diagnostic(
        code("PG-RG-029"),
        help(
            "name the package, or put the packages that are meant below one name: `data.rules[package].deny`"
        )
    )]
    DispatchToItself {
        /// The names, joined by arrows, the first one repeated at the end.
        cycle: String,
        /// The policy that holds the first of them.
        #[source_code]
        text: PolicyText,
        /// The first rule of the cycle.
        #[label("could need itself")]
        at: SourceSpan,
    },

    /// A policy that does not parse.
    #[error("cannot parse policy: {reason}")]
    #[diagnostic(code("PG-RG-010"))]
    Syntax {
        /// The parser's message.
        reason: String,
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The place of the error.
        #[label("here")]
        at: Option<SourceSpan>,
        /// The remedy.
        #[help]
        help: String,
    },

    /// A policy that nests so deeply that parsing it would take minutes or exhaust the stack.
    #[error("policy nests too deeply: {reason}")]
    #[diagnostic(
        code("PG-RG-011"),
        help("assign inner parts to variables, or move the literal into a data document")
    )]
    TooDeep {
        /// The nested construct.
        reason: &'static str,
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The place that exceeds the limit.
        #[label("too deep here")]
        at: SourceSpan,
    },

    /// A policy that parses but does not compile, for instance because of an unsafe variable.
    #[error("cannot compile policy: {reason}")]
    #[diagnostic(
        code("PG-RG-012"),
        help("fix the file; it was skipped, and the other policies were evaluated without it")
    )]
    Uncompilable {
        /// The engine's message.
        reason: String,
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The place of the error.
        #[label("here")]
        at: Option<SourceSpan>,
    },

    /// The policies do not compile, and the engine names none of them.
    #[error("cannot compile the policies: {reason}")]
    #[diagnostic(code("PG-RG-013"), help("load the policies one at a time to find the cause"))]
    EngineRefused {
        /// The engine's message.
        reason: String,
    },

    /// A function that needs the network or the environment.
    #[error("`{name}` is not allowed: {reason}")]
    #[diagnostic(
        code("PG-RG-014"),
        help("fetch the value before the run, put it into a document and pass it with --data")
    )]
    RefusedFunction {
        /// The function.
        name: String,
        /// The reason.
        reason: &'static str,
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The use.
        #[label("not allowed")]
        at: SourceSpan,
    },

    /// A call of a function that is neither a builtin nor defined by a loaded policy.
    #[error("unknown function `{name}`")]
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
        /// The remedy.
        #[help]
        help: String,
    },

    /// Functions or rules that depend on each other.
    #[error("policy is recursive: {cycle}")]
    #[diagnostic(
        code("PG-RG-016"),
        help("remove the cycle; to visit nested values, use `walk(x, [path, value])`")
    )]
    Recursion {
        /// The names joined by arrows, with the first one repeated at the end.
        cycle: String,
        /// The policy that contains the first of them.
        #[source_code]
        text: PolicyText,
        /// The first rule of the cycle.
        #[label("part of the cycle")]
        at: SourceSpan,
    },

    /// A chain of dependent rules that is too long for the stack.
    #[error("`{rule}` depends on a chain of more than {limit} rules")]
    #[diagnostic(code("PG-RG-017"), help("shorten the chain"))]
    ChainTooLong {
        /// The maximum length of a chain.
        limit: usize,
        /// The first rule of the chain.
        rule: String,
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The rule.
        #[label("starts here")]
        at: SourceSpan,
    },

    /// `[path, value] := walk(x)`, which is undefined in the engine.
    #[error("`walk` with one argument is always undefined in the engine")]
    #[diagnostic(code("PG-RG-018"))]
    AssignedWalk {
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The call.
        #[label("always undefined")]
        at: SourceSpan,
        /// The equivalent form.
        #[help]
        help: String,
    },

    /// A reference that no plan contains, so that the rule never fires.
    #[error("no plan contains `{path}`")]
    #[diagnostic(code("PG-RG-019"))]
    UnknownInput {
        /// The reference up to the unknown part.
        path: String,
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The reference.
        #[label("always undefined")]
        at: SourceSpan,
        /// The remedy.
        #[help]
        help: String,
    },

    /// A negation with a variable that is bound only inside it, as in `not xs[_] == 1`. OPA rejects it as unsafe.
    #[error("unbound variable in a negation")]
    #[diagnostic(
        code("PG-RG-022"),
        help("bind the variable before the negation, or negate a rule or function that searches for it")
    )]
    UnsafeNegation {
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The variable.
        #[label("unbound")]
        at: SourceSpan,
    },

    /// A body of only `not true` or `true with …`, which OPA leaves out where the head has to be evaluated: the rule
    /// holds there.
    #[error("OPA does not read this body")]
    #[diagnostic(
        code("PG-RG-084"),
        help(
            "write `false` to switch the rule off; OPA takes `not true` and `true with …` alone in a body for `true`"
        )
    )]
    IgnoredBody {
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The body.
        #[label("left out by OPA")]
        at: SourceSpan,
    },

    /// An argument with an object whose key a later statement finds: OPA evaluates the call before that, and what tests
    /// its result tests nothing.
    #[error("the key of this argument has no value yet")]
    #[diagnostic(
        code("PG-RG-085"),
        help(
            "find the key before the call: OPA calls the function without it, and does not see what tests the result"
        )
    )]
    LateKey {
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The key.
        #[label("found by a later statement")]
        at: SourceSpan,
    },

    /// A rule that decides, or one that it uses, draws a random number: what it decides is chance.
    #[error("the verdict would be another one in every run")]
    #[diagnostic(
        code("PG-RG-086"),
        help(
            "OPA draws another number in every run, planguard always the same one; take a number from the plan, or pass \
             one with --data"
        )
    )]
    RandomNumber {
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The call.
        #[label("random")]
        at: SourceSpan,
    },

    /// A policy that imports a keyword that is unknown here, and whose words mean something else then.
    #[error("the keyword that this imports is not supported")]
    #[diagnostic(
        code("PG-RG-082"),
        help("write the policy with the keywords of Rego v1: `contains`, `every`, `if` and `in`")
    )]
    UnknownKeyword {
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The import.
        #[label("not supported")]
        at: SourceSpan,
    },

    /// A policy that the engine can parse but the front end cannot, so that the engine might evaluate it differently
    /// from OPA.
    #[error("unsupported syntax")]
    #[diagnostic(
        code("PG-RG-021"),
        help("format the policy with `opa fmt`; no space is allowed between a name and its bracket")
    )]
    UnsupportedSyntax {
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The place of the unsupported syntax.
        #[label("not supported")]
        at: SourceSpan,
    },

    /// A `# METADATA` block that is not YAML.
    #[error("invalid METADATA block: {reason}")]
    #[diagnostic(code("PG-RG-020"), help("write one YAML mapping in the comment lines after `# METADATA`"))]
    InvalidMetadata {
        /// The YAML parser's message.
        reason: String,
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The block.
        #[label("here")]
        at: SourceSpan,
    },

    /// A namespace that matches no package.
    #[error("no package matches namespace `{pattern}`")]
    #[diagnostic(code("PG-RG-030"))]
    UnknownNamespace {
        /// The namespace.
        pattern: String,
        /// The remedy.
        #[help]
        help: String,
    },

    /// A namespace whose packages contain no rule that decides.
    #[error("package `{pattern}` has no rule named `deny`, `violation` or `warn`")]
    #[diagnostic(
        code("PG-RG-031"),
        help("name the rules `deny`, `violation` or `warn`, optionally followed by `_name`")
    )]
    NoDecisionRule {
        /// The namespace.
        pattern: String,
    },

    /// An unused rule whose name resembles one that decides.
    #[error("rule `{rule}` is not evaluated: {reason}")]
    #[diagnostic(code("PG-RG-032"))]
    NearMiss {
        /// The rule's name.
        rule: String,
        /// The reason.
        reason: &'static str,
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The rule's head.
        #[label("never evaluated")]
        at: SourceSpan,
        /// The remedy.
        #[help]
        help: String,
    },

    /// `deny[msg] if …`, which builds an object in Rego v1, not a set.
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
        /// The remedy.
        #[help]
        help: String,
    },

    /// A value of a deciding rule that is not a valid result.
    #[error("invalid result of rule `{rule}`: {shape}")]
    #[diagnostic(
        code("PG-RG-040"),
        help("return a set of strings, a set of objects with a string `msg`, or a boolean")
    )]
    ResultShape {
        /// The rule's path.
        rule: String,
        /// The kind of the value.
        shape: &'static str,
    },

    /// A result object without a message.
    #[error("invalid result of rule `{rule}`: an object without a string `msg`")]
    #[diagnostic(code("PG-RG-041"), help("add `msg` with the text of the finding"))]
    NoMessage {
        /// The rule's path.
        rule: String,
    },

    /// An `exception` that cannot match a rule.
    #[error("invalid exception of rule `{rule}`: not an array of names")]
    #[diagnostic(code("PG-RG-042"), help("write `exception contains [\"name\"]` to except `deny_name`"))]
    ExceptionShape {
        /// The rule's path.
        rule: String,
    },

    /// A builtin that failed. The findings are those with its result treated as undefined.
    #[error("rule `{rule}` may have missed findings: {reason}")]
    #[diagnostic(code("PG-RG-043"), help("test the value before the call"))]
    SwallowedError {
        /// The rule's path.
        rule: String,
        /// The builtin's message; it may quote values of the plan.
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
    #[diagnostic(code("PG-RG-044"), help("fix the rule; the other rules were evaluated"))]
    RuleFailed {
        /// The rule's path.
        rule: String,
        /// The engine's message; it may quote values of the plan.
        reason: String,
        /// The policy.
        #[source_code]
        text: Option<PolicyText>,
        /// The place of the error.
        #[label("here")]
        at: Option<SourceSpan>,
    },

    /// A rule that exceeded its time limit.
    #[error("rule `{rule}` exceeded its time limit of {limit_ms} ms")]
    #[diagnostic(code("PG-RG-045"), help("simplify the rule, or raise the time limit"))]
    OutOfTime {
        /// The rule's path.
        rule: String,
        /// The limit in milliseconds.
        limit_ms: u128,
    },

    /// A rule that is not evaluated, because it exceeded its time limit before.
    #[error("rule `{rule}` was not evaluated: it exceeded its time limit before in this run")]
    #[diagnostic(code("PG-RG-083"), help("simplify the rule, or raise the time limit"))]
    OutOfTimeBefore {
        /// The rule's path.
        rule: String,
    },

    /// A rule that exceeded its memory limit.
    #[error("rule `{rule}` exceeded its memory limit of {limit} bytes")]
    #[diagnostic(code("PG-RG-046"), help("simplify the rule, or check fewer plans at a time"))]
    OutOfMemory {
        /// The rule's path.
        rule: String,
        /// The limit in bytes.
        limit: u64,
    },

    /// A rule on which the engine panicked.
    #[error("the engine crashed on rule `{rule}`: {reason}")]
    #[diagnostic(code("PG-RG-047"), help("this is a bug in the engine; please report it with the policy"))]
    Crashed {
        /// The rule's path.
        rule: String,
        /// The message of the panic.
        reason: String,
    },

    /// Rules that were not evaluated because other rules used up the time of the whole evaluation.
    #[error(
        "time limit exceeded before {} {}: {}",
        rules.len(),
        if rules.len() == 1 { "rule was evaluated" } else { "rules were evaluated" },
        rules.join(", ")
    )]
    #[diagnostic(code("PG-RG-048"), help("simplify the slow rules, or raise the time limit"))]
    NotReached {
        /// The rules' paths.
        rules: Vec<String>,
    },

    /// No thread could be started.
    #[error("cannot start a thread for policies: {reason}")]
    #[diagnostic(code("PG-RG-049"), help("free memory or raise the limit on threads"))]
    NoThread {
        /// The operating system's message.
        reason: String,
    },

    /// Loading was stopped because it took too long.
    #[error("loading the policies was stopped: {reason}")]
    #[diagnostic(code("PG-RG-050"), help("load the policies one at a time to find the cause"))]
    LoadAbandoned {
        /// The reason.
        reason: String,
    },

    /// An invalid context document.
    #[error("invalid context {}: {reason}", path.display())]
    #[diagnostic(
        code("PG-RG-080"),
        help("write a JSON object with keys of the input, such as {{\"run\": {{…}}}}")
    )]
    InvalidContext {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },

    /// A file with costs that is no report of Infracost.
    #[error("{}: not a cost report of Infracost: {reason}", path.display())]
    #[diagnostic(
        code("PG-CO-003"),
        help("write it with: infracost breakdown --path plan.json --format json > costs.json")
    )]
    InvalidCosts {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },

    /// A policy that reads a value of the run that is not given.
    #[error("the policy reads `{path}`, which is not set")]
    #[diagnostic(code("PG-RG-081"))]
    MissingContext {
        /// The path into the input.
        path: String,
        /// The policy.
        #[source_code]
        text: PolicyText,
        /// The reference.
        #[label("not set")]
        at: SourceSpan,
        /// How to set it.
        #[help]
        help: String,
    },

    /// A plan that cannot be converted to the input of policies.
    #[error("cannot pass {plan} to policies: {reason}")]
    #[diagnostic(code("PG-RG-060"), help("regenerate the plan with `terraform show -json`"))]
    InvalidInput {
        /// The plan's name.
        plan: String,
        /// The reason.
        reason: String,
    },
}

impl PolicyError {
    /// Returns the error for paths without a policy.
    pub(super) fn nothing_in(paths: &[PathBuf]) -> Self {
        let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        let searched = if paths.is_empty() { "no path".to_owned() } else { paths.join(", ") };
        ReadingError::NoPolicies { searched }.into()
    }

    /// Returns whether two errors print the same.
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

    /// Returns the name of the policy file that the error points to.
    pub fn file(&self) -> Option<String> {
        let label = self.labels()?.next()?;
        let contents = self.source_code()?.read_span(label.inner(), 0, 0).ok()?;
        contents.name().map(str::to_owned)
    }
}

/// The maximum number of reported errors; a hostile policy could produce millions.
const ERROR_LIMIT: usize = 200;

/// Returns whether further errors are dropped. The verdict is already incomplete.
pub(super) fn is_full(errors: &[PolicyError]) -> bool {
    errors.len() >= ERROR_LIMIT
}

/// Adds an error unless it is already reported, or the limit is reached.
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
        let source =
            [include_str!("mod.rs"), include_str!("convention.rs"), include_str!("reading.rs")].concat();
        let marker = concat!("code(\"", "PG-RG-");
        let codes: Vec<&str> =
            source.match_indices(marker).map(|(start, _)| &source[start + 6..start + 15]).collect();
        let unique: BTreeSet<&str> = codes.iter().copied().collect();
        assert!(codes.len() > 30, "too few codes found: {codes:?}");
        assert_eq!(unique.len(), codes.len());
    }
}
