//! The results of all test binaries of a run, summed up.

use std::fmt;

/// What the test binaries said at their ends.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tally {
    binaries: u32,
    passed: u32,
    failed: u32,
    ignored: u32,
    /// The names of tests that failed.
    failures: Vec<String>,
}

impl Tally {
    /// Takes a line of the output of `cargo test`.
    pub(crate) fn line(&mut self, line: &str) {
        let line = line.trim_end();
        if let Some(name) = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED")) {
            self.failures.push(name.to_owned());
        }
        // `test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s`
        let Some((_, counts)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". "))
        else {
            return;
        };
        let count = |what: &str| {
            let mut words = counts.split(';').filter_map(|count| count.trim().split_once(' '));
            words.find(|(_, word)| *word == what).and_then(|(number, _)| number.parse().ok()).unwrap_or(0)
        };
        self.binaries += 1;
        self.passed += count("passed");
        self.failed += count("failed");
        self.ignored += count("ignored");
    }

    pub(crate) fn passed(&self) -> u32 {
        self.passed
    }

    pub(crate) fn failed(&self) -> u32 {
        self.failed
    }

    /// The names of tests that failed.
    pub(crate) fn failures(&self) -> &[String] {
        &self.failures
    }

    /// Tells whether tests ran and none failed.
    pub(crate) fn is_good(&self) -> bool {
        self.passed > 0 && self.failed == 0 && self.failures.is_empty()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.failures.iter().try_for_each(|name| writeln!(f, "FAILED {name}"))?;
        let word = if self.is_good() { "ok" } else { "FAILED" };
        let Self { binaries, passed, failed, ignored, .. } = self;
        write!(
            f,
            "test result: {word}. {passed} passed, {failed} failed, {ignored} ignored, in {binaries} binaries"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(output: &str) -> Tally {
        let mut tally = Tally::default();
        output.lines().for_each(|line| tally.line(line));
        tally
    }

    #[test]
    fn the_results_of_all_binaries_are_summed_up() {
        let tally = tally(
            "test a ... ok\n\
             test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s\n\
             test b::c ... FAILED\n\
             test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 2 filtered out; finished in 1.00s\n\
             a test result: ok. 9 passed; 0 failed\n",
        );
        let expected = "FAILED b::c\ntest result: FAILED. 15 passed, 1 failed, 1 ignored, in 2 binaries";
        assert_eq!(tally.to_string(), expected);
        assert!(!tally.is_good());
    }

    #[test]
    fn a_run_without_a_single_test_is_not_good() {
        assert!(!tally("error: could not compile `a`").is_good());
        assert!(!tally("test result: ok. 0 passed; 0 failed; 0 ignored").is_good());
        assert!(tally("test result: ok. 1 passed; 0 failed; 0 ignored").is_good());
    }
}
