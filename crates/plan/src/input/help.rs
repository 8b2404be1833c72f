//! Remedies for rejected inputs: usually the command that produces a plan.

use super::origin::Origin;
use super::problem::{Problem, SpecialKind, TextKind};
use crate::text::escape;

/// How to fix a problem.
pub(super) fn help(problem: &Problem, origin: &Origin) -> String {
    match problem {
        Problem::Unreadable(_) => "check the path and its permissions".to_owned(),
        Problem::Special(SpecialKind::Fifo) => {
            "name the pipe on the command line, or pass it to standard input with `-`".to_owned()
        }
        Problem::Special(_) => "name a file, a directory, or `-` for standard input".to_owned(),
        // Standard input has no file that the program could show.
        Problem::BinaryPlan if origin.path().is_none() => format!("run: {}", show(origin)),
        Problem::BinaryPlan => format!(
            "run: {}\nor let planguard do it: `terraform = true` under [check] in planguard.toml, or for this run \
             `--terraform terraform`",
            show(origin)
        ),
        Problem::OldBinaryPlan => {
            "Terraform 0.11 has no JSON plans; plan again with Terraform 0.12 or later, \
             then run: terraform show -json tfplan > plan.json"
                .to_owned()
        }
        Problem::Zip => "extract it and name the plan in it".to_owned(),
        Problem::Empty => match origin {
            Origin::Stdin => "the command before the pipe printed nothing: read its error, and use \
                              `set -o pipefail` so that its failure is reported"
                .to_owned(),
            Origin::File(_) | Origin::Line { .. } | Origin::Memory(_) => {
                format!("the command that wrote it failed or is still at work; {}", rewrite(origin))
            }
        },
        Problem::TooLarge { .. } => "raise the limit with --max-size MB if the plan is this large".to_owned(),
        Problem::DamagedGzip(_) => {
            format!("test it with `gzip -t {}` and compress the plan again", origin.shell_word("plan.json.gz"))
        }
        Problem::NotUtf8 { .. } => format!("do not convert Terraform's output; {}", rewrite(origin)),
        Problem::DamagedUtf16(_) => powershell(),
        Problem::Syntax { .. } => format!(
            "the file was changed or damaged after Terraform wrote it; {}. In Windows PowerShell, {}",
            rewrite(origin),
            powershell()
        ),
        Problem::Truncated { .. } => format!(
            "the command that wrote it was interrupted, or its output was limited \
             (terragrunt's log ends at 65536 bytes: use `--json-out-dir`); {}",
            rewrite(origin)
        ),
        Problem::Concatenated { .. } => {
            "write each plan to its own file and name all of them; for terragrunt: \
             terragrunt run --all --json-out-dir plans plan"
                .to_owned()
        }
        Problem::TrailingText { .. } => {
            format!("remove other output from the file, such as standard error (`2>&1`); {}", rewrite(origin))
        }
        Problem::NotAnObject(_) => format!("name a file that contains one plan; {}", make_plan()),
        Problem::TooDeep { .. } => {
            format!("no configuration is nested this deep: the file is damaged or forged; {}", rewrite(origin))
        }
        Problem::HalfCharacter { .. } => format!(
            "Terraform writes whole characters: the file is damaged or forged; {}",
            rewrite(origin)
        ),
        Problem::RepeatedKey(_) => {
            format!("Terraform writes each key once: the file is damaged or forged; {}", rewrite(origin))
        }
        Problem::NoFormatVersion | Problem::MalformedFormatVersion | Problem::MistypedSection(_) => {
            format!("use the complete, unedited output of Terraform; {}", rewrite(origin))
        }
        Problem::UnsupportedFormatVersion(_) => {
            "use a release of planguard that supports this format".to_owned()
        }
        Problem::MisspeltKey { key, meant } => format!(
            "rename `{}` to `{meant}` if that is what it is; {}",
            escape::for_terminal_line(key),
            rewrite(origin)
        ),
        Problem::LinkOutside { path, .. } => {
            format!("name what it points to as well: {}", Origin::File(path.clone()).shell_word("plan.json"))
        }
        Problem::EventStream => {
            "save the plan and show it: terraform plan -out tfplan && terraform show -json tfplan > plan.json"
                .to_owned()
        }
        Problem::State => format!("name the plan instead; {}", make_plan()),
        Problem::ShownState | Problem::BareShow => {
            format!("name the plan file in the command; {}", rewrite(origin))
        }
        Problem::RedactedPlan => "download the plan's `json-output` instead of `json-output-redacted`; it needs \
                                  admin rights on the workspace"
            .to_owned(),
        Problem::CloudBookmark => {
            format!("run in the directory where it was created, logged in to HCP Terraform: {}", show(origin))
        }
        Problem::EncryptedPlan => format!(
            "run where the encryption is configured: tofu show -json {} > {}",
            origin.shell_word("tfplan"),
            origin.redirect_target()
        ),
        Problem::ShownConfiguration => {
            "show the plan instead: tofu plan -out tfplan && tofu show -json tfplan > plan.json".to_owned()
        }
        Problem::SetupTerraformWrapper => {
            "set `terraform_wrapper: false` on setup-terraform (or use v3 or later) and write the plan again, or \
             pass `--lenient` to remove the lines"
                .to_owned()
        }
        Problem::WrappedCommandFailed => {
            "read the log of the step that wrote it, and run the command again".to_owned()
        }
        Problem::TerragruntPrefix => {
            "let terragrunt write the plan to files: terragrunt run --all --json-out-dir plans plan".to_owned()
        }
        Problem::TextBeforeJson | Problem::NotJson(TextKind::Diagnostics) => format!(
            "read the command's messages in {}, and keep them out of the file; {}",
            origin.shell_word("its output"),
            rewrite(origin)
        ),
        Problem::NotJson(TextKind::HumanPlan) => {
            "write JSON: terraform plan -out tfplan && terraform show -json tfplan > plan.json".to_owned()
        }
        Problem::NotJson(TextKind::Other)
        | Problem::ProviderSchemas
        | Problem::Validation
        | Problem::VersionedWithoutPlan
        | Problem::NoPlanKeys => make_plan(),
        Problem::NothingFound => {
            "name a directory with plans; hidden directories are not searched".to_owned()
        }
        Problem::TerraformNotRun { .. } => {
            format!("pass the path of terraform or tofu with `--terraform`, or set it as `terraform` under [check]; or run: {}", show(origin))
        }
        Problem::TerraformFailed { .. } => format!(
            "run planguard in the initialised directory where the plan was created, with the same version of \
             Terraform, or run there: {}",
            show(origin)
        ),
        Problem::TerraformHung { .. } => format!(
            "find out what it waits for, or allow more with --terraform-timeout; or run: {}",
            show(origin)
        ),
        Problem::NoMatch => "name files or directories with plans; `*` and `?` match within a name, `**` matches directories, \
                             and none of them what begins with a dot"
            .to_owned(),
        Problem::InvalidPattern { .. } => {
            "correct the pattern: `**` stands alone between slashes, and `[` has a `]`".to_owned()
        }
        Problem::Changed => "check it again when nothing writes to it any more".to_owned(),
    }
}

/// The command that converts this file.
fn show(origin: &Origin) -> String {
    format!("terraform show -json {} > {}", origin.shell_word("tfplan"), origin.redirect_target())
}

fn make_plan() -> String {
    "create the plan's JSON with: terraform show -json tfplan > plan.json".to_owned()
}

/// The command that regenerates a damaged file.
fn rewrite(origin: &Origin) -> String {
    match origin.path() {
        Some(path) if path.extension().is_some_and(|extension| extension == "json") => {
            format!("regenerate it with: terraform show -json tfplan > {}", origin.shell_word("plan.json"))
        }
        // Any other name may be that of the binary plan.
        Some(_) | None => make_plan(),
    }
}

/// `>` in Windows PowerShell decodes the output with the console's code page and writes UTF-16.
fn powershell() -> String {
    "redirect with cmd: cmd /c \"terraform show -json tfplan > plan.json\"".to_owned()
}
