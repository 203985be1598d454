//! Which tools there are, and what a model is told of them.

use std::time::Duration;

use orchestra_core::own_tool::schema_of;
use orchestra_core::words;
use schemars::JsonSchema;
use serde_json::Value;

use super::{Access, edit, list, read, run, search, write};

/// One of the tools of a [`super::Toolbox`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Tool {
    Read,
    List,
    Search,
    Write,
    Edit,
    Run,
}

impl Tool {
    pub(super) const READING: &'static [Self] = &[Self::Read, Self::List, Self::Search];
    pub(super) const ALL: &'static [Self] =
        &[Self::Read, Self::List, Self::Search, Self::Write, Self::Edit, Self::Run];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::List => "list",
            Self::Search => "search",
            Self::Write => "write",
            Self::Edit => "edit",
            Self::Run => "run",
        }
    }

    pub(super) fn access(self) -> Access {
        match self {
            Self::Read | Self::List | Self::Search => Access::Reads,
            Self::Write | Self::Edit | Self::Run => Access::Writes,
        }
    }

    /// The schema of its arguments.
    pub(super) fn schema(self) -> Value {
        fn of<T: JsonSchema>() -> Value {
            let mut schema = schema_of::<T>();
            // The tool's own description says it better.
            if let Some(object) = schema.as_object_mut() {
                object.remove("description");
            }
            schema
        }
        match self {
            Self::Read => of::<read::ReadArgs>(),
            Self::List => of::<list::ListArgs>(),
            Self::Search => of::<search::SearchArgs>(),
            Self::Write => of::<write::WriteArgs>(),
            Self::Edit => of::<edit::EditArgs>(),
            Self::Run => of::<run::RunArgs>(),
        }
    }

    /// What a model is told of it.
    pub(super) fn description(self, timeout: Duration) -> String {
        let text = match self {
            Self::Read => {
                "Read a file of the repository. Its lines come numbered, up to 2,000 of them or 64 kB; the heading says \
                 where to go on. The numbers are not in the file."
            }
            Self::List => {
                "List a folder of the repository, without what git ignores. Folders end in `/`. At the beginning it is \
                 cheaper than a search."
            }
            Self::Search => {
                "Search the files of the repository for a regular expression, without what git ignores and without \
                 binary files. Up to 200 matching lines come with path and number."
            }
            Self::Write => {
                "Write a whole file, a new one or in place of one that is there, with the folders above it. Only where \
                 your role may write. For a part of a file use `edit`."
            }
            Self::Edit => {
                "Replace a piece of a file: `old`, exactly as it stands there, by `new`. `old` must be there once, \
                 unless `all` is set. Line ends of the file are kept."
            }
            Self::Run => {
                return format!(
                    "Run a command by `/bin/sh -c` at the top of the repository. No terminal, nothing on standard input. \
                     It is ended after {} or the `timeout_seconds` that you give, with all that it started: nothing goes \
                     on in the background. Of long output the beginning and the end are kept.",
                    words::duration(timeout)
                );
            }
        };
        text.to_owned()
    }
}
