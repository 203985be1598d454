//! What must hold in every project after every run.

use std::collections::BTreeMap;

use crate::project::TestProject;

impl TestProject {
    /// Works with their commits, oldest first: `M1-x phase-1`.
    pub fn ledger(&self) -> Vec<String> {
        let format = "--format=%(trailers:key=Orchestra-Milestone,valueonly,separator=) \
                      %(trailers:key=Orchestra-Phase,valueonly,separator=)";
        let log = self.git(&["log", "--reverse", format]);
        log.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    /// Refs that keep what was saved, without the common begin of their names.
    pub fn rescued(&self) -> Vec<String> {
        let refs = self.git(&["for-each-ref", "--format=%(refname)", "refs/orchestra/rescue"]);
        refs.lines().map(|line| line.trim_start_matches("refs/orchestra/rescue/").to_owned()).collect()
    }

    /// Whether some rescue ref holds a file with exactly this text.
    pub fn has_rescued(&self, text: &str) -> bool {
        let hash = {
            let path = self.top().join("looked-for");
            std::fs::write(&path, text).unwrap();
            self.git(&["hash-object", "--no-filters", path.to_str().unwrap()]).trim().to_owned()
        };
        self.rescued().iter().any(|name| {
            let tree = self.git(&["rev-list", "--objects", "-1", &format!("refs/orchestra/rescue/{name}")]);
            let parents = self.git(&["ls-tree", "-r", &format!("refs/orchestra/rescue/{name}")]);
            tree.contains(&hash) || parents.contains(&hash)
        })
    }

    /// One commit a work, sound objects, no lock and nothing of ours left behind.
    pub fn check(&self) {
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for work in self.ledger() {
            *counts.entry(work).or_default() += 1;
        }
        let twice: Vec<&String> =
            counts.iter().filter(|(_, count)| **count > 1).map(|(work, _)| work).collect();
        assert!(twice.is_empty(), "committed more than once: {twice:?}");
        let fsck =
            self.git_command(&self.root()).args(["fsck", "--strict", "--no-dangling"]).output().unwrap();
        let said =
            String::from_utf8_lossy(&fsck.stdout).into_owned() + &String::from_utf8_lossy(&fsck.stderr);
        assert!(fsck.status.success() && said.trim().is_empty(), "{said}");
        for lock in ["index.lock", "HEAD.lock", "refs/heads/main.lock"] {
            assert!(!self.has(&format!(".git/{lock}")), "left behind: {lock}");
        }
        let left = self.git(&["ls-files", "--others", "--exclude-standard"]);
        assert!(!left.contains("orchestra-tmp"), "left behind: {left}");
    }

    /// What the branch published.
    pub fn remote_subjects(&self) -> Vec<String> {
        let log = self.git_at(&self.remote(), &["log", "--reverse", "--format=%s", "main"]);
        log.lines().map(str::to_owned).collect()
    }
}
