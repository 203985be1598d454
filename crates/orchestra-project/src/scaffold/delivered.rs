//! `.orchestra/.template.json`: what was delivered, so that an upgrade can tell what a person changed, and delivers the
//! same for the same project on any machine.

use std::collections::BTreeMap;
use std::path::Path;

use orchestra_core::path::ContentHash;
use serde::{Deserialize, Serialize};

use super::render::Values;
use super::{FileToWrite, Place, ScaffoldError, TemplateFile, look};

/// What was delivered, and by which version.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Delivered {
    /// The version that delivered last.
    pub(crate) version: String,
    /// The hash of each file as it was delivered or offered, by its path below `.orchestra`.
    pub(crate) files: BTreeMap<String, ContentHash>,
    /// What the template was filled in with: who plays the roles and what is verified is the project's policy, and not
    /// what the next one who upgrades happens to have installed.
    #[serde(default)]
    pub(crate) values: Values,
}

impl Default for Delivered {
    fn default() -> Self {
        Self { version: env!("CARGO_PKG_VERSION").to_owned(), files: BTreeMap::new(), values: Values::new() }
    }
}

impl Delivered {
    /// Where the record lies, below the top of the project.
    pub(crate) const PATH: &str = ".orchestra/.template.json";

    /// Reads the record; `None` where there is none, or none that can be read: then every file counts as a person's.
    pub(crate) fn read(root: &Path) -> Result<Option<Self>, ScaffoldError> {
        Ok(look(root, Self::PATH)?.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// Notes that a file is delivered as it is.
    pub(crate) fn record(&mut self, file: &TemplateFile) {
        self.files.insert(file.path.clone(), ContentHash::of(file.text.as_bytes()));
    }

    /// Tells whether a file was delivered before, by its path below `.orchestra`.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// The record as a file to be written by this version.
    pub(crate) fn to_file(&self, root: &Path) -> Result<FileToWrite, ScaffoldError> {
        let record = Self { version: env!("CARGO_PKG_VERSION").to_owned(), ..self.clone() };
        let text = serde_json::to_string_pretty(&record).expect("text keys and text values make JSON");
        let old = look(root, Self::PATH)?;
        Ok(FileToWrite { place: Place::Project(Self::PATH.to_owned()), old, new: (text + "\n").into_bytes() })
    }
}
