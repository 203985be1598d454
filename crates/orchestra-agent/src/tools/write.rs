//! `write`: a whole file.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Answer;
use super::atomic::{self, MAX_FILE};
use super::files::{Files, refusal};
use super::shown::{Heading, counted};

/// Writes a whole file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WriteArgs {
    /// The file, from the top of the repository.
    path: String,
    /// All of its content.
    content: String,
}

pub(super) fn write(files: &Files, args: &WriteArgs) -> Answer {
    if args.content.len() as u64 > MAX_FILE {
        return Answer::wrong(format!("the content is larger than {}", counted(MAX_FILE, "byte")));
    }
    let target = match files.to_write(&args.path) {
        Ok(target) => target,
        Err(why) => return Answer::wrong(why),
    };
    let mut heading = Heading::new("write", &target.name.path);
    let lines = counted(args.content.lines().count() as u64, "line");
    let bytes = counted(args.content.len() as u64, "byte");
    if target.name.kind.is_none() {
        heading.say(format!("created with {lines}, {bytes}"));
        return files.write(&target, args.content.as_bytes(), None, &mut heading);
    }
    match atomic::read(&target.name) {
        Ok(Some(before)) if before.bytes == args.content.as_bytes() => {
            Answer::text(heading.say("its content is this already; nothing was written").over(""))
        }
        Ok(Some(before)) => {
            heading.say(format!("replaced with {lines}, {bytes}"));
            files.write(&target, args.content.as_bytes(), Some(&before), &mut heading)
        }
        Ok(None) => Answer::wrong(format!(
            "`{}` is larger than {}, and is not replaced",
            target.name.path,
            counted(MAX_FILE, "byte")
        )),
        Err(error) => Answer::wrong(refusal(&args.path, &error)),
    }
}
