//! Checks of globs as they are read, before anything is matched with them.

use globset::GlobBuilder;

/// Says what is wrong with a glob that must stay inside the repository and out of git's own folder.
///
/// `.orchestra` is a matter of who writes: open to roles, closed to the plan of a phase.
pub(crate) fn fault(glob: &str, may_plan_documents: bool) -> Option<(&'static str, &'static str)> {
    const RELATIVE: &str = "write it relative to the top of the repository, as in `src/auth/**`";
    if glob.trim().is_empty() {
        return Some(("an empty glob", RELATIVE));
    }
    if glob.starts_with(['/', '~', '\\']) || glob.as_bytes().get(1) == Some(&b':') {
        return Some(("an absolute path", RELATIVE));
    }
    if glob.split(['/', '\\', '{', '}', ',']).any(|name| name == "..") {
        return Some(("a glob that leaves the repository", RELATIVE));
    }
    let first = glob.split('/').find(|name| !matches!(*name, "" | ".")).unwrap_or_default().to_lowercase();
    if first == ".git" {
        return Some(("a glob into `.git`", "git's own folder is closed to every role"));
    }
    if first == ".orchestra" && !may_plan_documents {
        return Some(("a glob into `.orchestra`", "Orchestra writes its documents itself: leave it out"));
    }
    // Before an ordinary sign, and before `*`, a backslash is a folder's end on another system rather than an escape.
    let mut after_backslashes = glob.split('\\').skip(1).filter(|rest| !rest.is_empty());
    if after_backslashes.any(|rest| !rest.starts_with(['[', ']', '{', '}', '?', '!'])) {
        return Some(("a glob with `\\`", "write `/` between folders, and `[*]` for a star in a name"));
    }
    let is_valid = GlobBuilder::new(glob).literal_separator(true).build().is_ok();
    (!is_valid)
        .then_some(("not a glob", "expected signs such as `*`, `**`, `?`, `[ab]`, `{a,b}`, each closed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_stays_inside_and_out_of_gits_folder() {
        for glob in [
            "src/**",
            "*.rs",
            "{a,b}/**",
            "tests/[ab].rs",
            ".github/**",
            ".gitignore",
            "a..b",
            "app/\\[id\\]/**",
        ] {
            assert_eq!(fault(glob, false), None, "{glob}");
        }
        for glob in [
            "",
            "/etc/**",
            "~/x",
            "C:\\x",
            "../x",
            "src/../../x",
            "{..,a}/x",
            ".git/**",
            ".GIT/config",
            "./.git/x",
            ".orchestra/**",
            "src\\**",
            "src\\auth\\a.rs",
            "src/[",
            "{a",
        ] {
            assert!(fault(glob, false).is_some(), "{glob}");
        }
        assert_eq!(fault(".orchestra/milestones/*/rfc.md", true), None);
    }
}
