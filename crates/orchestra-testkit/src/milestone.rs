//! Milestones as a person would write them.

use std::fmt::Write as _;

/// A milestone to be added to a project.
#[derive(Clone, Debug)]
pub struct Milestone {
    id: String,
    front: String,
    phases: Vec<Phase>,
}

/// One of its phases.
#[derive(Clone, Debug)]
pub struct Phase {
    role: String,
    front: String,
}

impl Milestone {
    /// A milestone without phases; a design comes first.
    pub fn new(id: &str) -> Self {
        Self { id: id.to_owned(), front: String::new(), phases: Vec::new() }
    }

    /// Adds a line to the front matter: `rfc: skip`.
    #[must_use]
    pub fn with(mut self, line: &str) -> Self {
        // Writing to a String cannot fail.
        let _infallible = writeln!(self.front, "{line}");
        self
    }

    /// Adds a phase for a role.
    #[must_use]
    pub fn phase(self, role: &str) -> Self {
        self.phase_with(role, "")
    }

    /// Adds a phase with more lines of front matter.
    #[must_use]
    pub fn phase_with(mut self, role: &str, front: &str) -> Self {
        self.phases.push(Phase { role: role.to_owned(), front: front.to_owned() });
        self
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its files, relative to its folder.
    pub fn files(&self) -> Vec<(String, String)> {
        let Self { id, front, phases } = self;
        let head = format!("---\nid: {id}\ntitle: Work of {id}\nstatus: planning\n{front}---\n");
        let milestone = format!("{head}## Summary\nSomething.\n\n## Acceptance criteria\n- [ ] it works\n");
        let mut files = vec![
            ("milestone.md".to_owned(), milestone),
            ("prd.md".to_owned(), "# What and why\n".to_owned()),
            ("grooming.md".to_owned(), "# Grooming\n".to_owned()),
        ];
        for (index, Phase { role, front }) in phases.iter().enumerate() {
            let number = index + 1;
            let head = format!(
                "---\nrole: {role}\ntitle: Part {number}\nstatus: pending\norder: {number}\n{front}---\n"
            );
            let text = format!("{head}## Objective\nPart {number}.\n\n## Scope\n\n## Context\n\n## Result\n");
            files.push((format!("phases/phase-{number}.md"), text));
        }
        files
    }
}
