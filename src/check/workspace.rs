//! The workspace that a plan was made in, as far as its directory says so. The plan itself does not.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// The most bytes of a name. Longer ones are no names of workspaces.
const MOST: u64 = 90;

/// The workspace that is selected in the directory of a plan: `terraform workspace select` writes its name there. None in
/// a directory where nobody selected one.
pub(super) fn selected_beside(plan: &Path) -> Option<String> {
    let file = plan.parent()?.join(".terraform").join("environment");
    // A pipe of that name would never end.
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    File::open(file).ok()?.take(MOST + 1).read_to_string(&mut text).ok()?;
    let name = text.trim();
    let is_name = !name.is_empty() && text.len() as u64 <= MOST && !name.contains(['/', '\n', '\r']);
    is_name.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_selected_workspace_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let plan = directory.path().join("tfplan.json");
        assert_eq!(selected_beside(&plan), None);
        fs::create_dir(directory.path().join(".terraform")).unwrap();
        let file = directory.path().join(".terraform/environment");
        for (text, wanted) in [
            ("prod", Some("prod")),
            ("prod-eu\n", Some("prod-eu")),
            ("", None),
            ("a/b", None),
            ("a\nb", None),
            (&"x".repeat(91), None),
        ] {
            fs::write(&file, text).unwrap();
            assert_eq!(selected_beside(&plan).as_deref(), wanted, "{text}");
        }
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        assert_eq!(selected_beside(&plan), None);
        assert_eq!(selected_beside(Path::new("/")), None);
    }
}
