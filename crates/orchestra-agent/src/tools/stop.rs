//! When work that only reads comes to an end before it is done.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

/// How long one call may read.
const MAX_TIME: Duration = Duration::from_secs(20);

/// Ends a call that nobody waits for any more, or that takes too long.
#[derive(Clone, Debug)]
pub(super) struct Stop {
    cancel: CancellationToken,
    deadline: Instant,
}

impl Stop {
    pub(super) fn new(cancel: CancellationToken) -> Self {
        Self { cancel, deadline: Instant::now() + MAX_TIME }
    }

    /// One that is due from the beginning, since its turn was ended.
    #[cfg(test)]
    pub(super) fn ended() -> Self {
        let cancel = CancellationToken::new();
        cancel.cancel();
        Self::new(cancel)
    }

    /// One that is due from the beginning, since its time is over.
    #[cfg(test)]
    pub(super) fn over() -> Self {
        Self { cancel: CancellationToken::new(), deadline: Instant::now() }
    }

    pub(super) fn is_due(&self) -> bool {
        self.cancel.is_cancelled() || Instant::now() >= self.deadline
    }

    /// Why it is due.
    pub(super) fn words(&self) -> String {
        if self.cancel.is_cancelled() {
            "the turn was ended".to_owned()
        } else {
            format!("it takes longer than {} s", MAX_TIME.as_secs())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tools::files::Files;
    use crate::tools::{Answer, list, read, search};

    fn args<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> T {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn work_that_is_not_waited_for_any_more_ends_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("f"), "needle\n").unwrap();
        let files = Files::open(folder.path(), None).unwrap();
        let answers = |stop: &Stop| {
            [
                read::read(&files, &args(json!({ "path": "f" })), stop),
                list::list(&files, &args(json!({})), stop),
                search::search(&files, &args(json!({ "pattern": "needle" })), stop),
                search::search(&files, &args(json!({ "pattern": "needle", "path": "f" })), stop),
            ]
        };
        let [read, list, search, file] = answers(&Stop::ended());
        assert_eq!(read, Answer::wrong("`f`: the turn was ended"));
        assert!(list.text.contains("0 lines; not all of it: the turn was ended"), "{}", list.text);
        for search in [search, file] {
            assert!(
                search.text.contains("no line matches; not all was searched: the turn"),
                "{}",
                search.text
            );
        }
        assert!(answers(&Stop::over()).iter().all(|answer| answer.text.contains("takes longer than 20 s")));
        let whole = answers(&Stop::new(CancellationToken::new()));
        assert!(whole[2].text.contains("1 line in 1 file"), "{}", whole[2].text);
    }
}
