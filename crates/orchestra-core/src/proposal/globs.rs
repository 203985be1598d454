//! How globs lie to each other: whether what one names can be among what others name.
//!
//! Decided name by name, without looking at any file. Both answers that are certain are right; where neither is, it is
//! said so: [`Lies::Unsure`]. Braces are spelled out first.

use globset::GlobBuilder;

use crate::ownership::{Place, Room};
use crate::path::RepoPath;
use crate::plan::Role;

/// How the files that a phase plans lie to what its role may write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Lies {
    /// All of them are the role's.
    Inside,
    /// None of them, or certainly more than the role's.
    Outside,
    /// That depends on the files there are.
    Unsure,
}

/// How many globs one with braces may stand for; more are left as they are written.
const MOST: usize = 64;

/// Tells how a phase's glob lies to what a role may write.
pub(super) fn lies(glob: &str, role: &Role) -> Lies {
    let Ok(room) = Room::of(role, None) else { return Lies::Unsure };
    let rules: Vec<Rule> = role.writes.iter().flat_map(|glob| Rule::of(glob)).collect();
    let parts: Vec<Lies> = spelled_out(glob).iter().map(|glob| lies_in(glob, &room, &rules)).collect();
    if parts.iter().all(|lies| *lies == Lies::Inside) {
        Lies::Inside
    } else if parts.contains(&Lies::Outside) {
        Lies::Outside
    } else {
        Lies::Unsure
    }
}

/// The same for one without braces.
fn lies_in(glob: &str, room: &Room, rules: &[Rule]) -> Lies {
    let is_owned = |path: &RepoPath| room.place(path, &[]) != Place::Outside;
    let names = names(glob);
    let plain = RepoPath::parse(names.join("/")).ok().filter(|_| !has_sign(glob) && !glob.ends_with('/'));
    if let Some(path) = plain
        && path.file_name().iter().rposition(|byte| *byte == b'.').is_some_and(|at| at > 0)
    {
        // A file by its name: that can be told exactly, also of the lock file of a manifest.
        return if is_owned(&path) { Lies::Inside } else { Lies::Outside };
    }
    let found = lies_to(&names, rules);
    // Some paths are in nobody's room however wide that is.
    let example = names.join("/").replace("**", "x").replace(['*', '?'], "x");
    let examples = [example.clone(), format!("{example}/x")].map(RepoPath::parse);
    let is_closed = !glob.contains(['[', '\\', '{'])
        && examples.iter().all(|path| path.as_ref().is_ok_and(|path| !is_owned(path)));
    let is_named = literal(&names) > 0;
    if found == Lies::Inside && is_named && is_closed { Lies::Outside } else { found }
}

/// Tells whether two globs may name the same path. Never says no where they do.
pub(super) fn may_meet(one: &str, two: &str) -> bool {
    let two: Vec<Vec<String>> = spelled_out(two).iter().map(|glob| names(glob)).collect();
    spelled_out(one).iter().any(|one| {
        let one = names(one);
        two.iter().any(|two| is_wild(&one) || is_wild(two) || meet(&one, two))
    })
}

/// One glob of a role, without braces.
struct Rule {
    gives: bool,
    names: Vec<String>,
}

impl Rule {
    fn of(glob: &str) -> Vec<Self> {
        let (gives, glob) = glob.strip_prefix('!').map_or((true, glob), |rest| (false, rest));
        spelled_out(glob).iter().map(|glob| Self { gives, names: names(glob) }).collect()
    }
}

fn lies_to(glob: &[String], rules: &[Rule]) -> Lies {
    if rules.iter().any(|rule| is_wild(&rule.names)) || is_wild(glob) {
        return Lies::Unsure;
    }
    let giving = |rule: &&Rule| rule.gives && meet(glob, &rule.names);
    let holding = rules.iter().rposition(|rule| rule.gives && holds(&rule.names, glob));
    if let Some(place) = holding {
        // Who plans what the role's file says, word for word, need not be told what that file takes away again.
        let is_own = rules.iter().any(|rule| rule.gives && rule.names == glob);
        let is_plain = glob.iter().all(|name| matches!(name.as_str(), "*" | "**") || !has_sign(name))
            && glob.last().is_some_and(|last| has_sign(last));
        // Names that are taken away wherever they are; of a plan that speaks of whole folders they are no part.
        let is_aside = |rule: &Rule| is_plain && rule.names.first().is_some_and(|first| first == "**");
        let takes = |rule: &Rule| !rule.gives && !is_aside(rule) && meet(glob, &rule.names);
        let is_taken = !is_own && rules[place..].iter().any(takes);
        return if is_taken { Lies::Unsure } else { Lies::Inside };
    }
    // Everything beneath a folder, of which the role has certain folders only.
    let folder = literal(glob);
    let is_all_beneath = glob.len() == folder + 1 && glob[folder] == "**";
    let is_narrower = |rule: &Rule| literal(&rule.names) > folder;
    let meeting: Vec<&Rule> = rules.iter().filter(giving).collect();
    if meeting.is_empty() || (is_all_beneath && meeting.iter().all(|rule| is_narrower(rule))) {
        Lies::Outside
    } else {
        Lies::Unsure
    }
}

/// Whether a glob crosses folders in so many places that comparing it would take long.
fn is_wild(names: &[String]) -> bool {
    names.iter().filter(|name| *name == "**").count() > 4
}

/// How many names of a glob are literal from its beginning on.
fn literal(names: &[String]) -> usize {
    names.iter().take_while(|name| !has_sign(name)).count()
}

/// Whether two globs may name the same path.
fn meet(one: &[String], two: &[String]) -> bool {
    match (one, two) {
        ([], rest) | (rest, []) => rest.iter().all(|name| name == "**"),
        ([first, rest @ ..], other) | (other, [first, rest @ ..]) if first == "**" => {
            rest.is_empty()
                || meet(rest, other)
                || other
                    .split_first()
                    .is_some_and(|(_, other)| meet(other, &[&["**".to_owned()], rest].concat()))
        }
        // A plain name at the end is all beneath the folder, too: whatever follows there may lie in it.
        ([a, one @ ..], [b, two @ ..]) => {
            names_meet(a, b)
                && (meet(one, two)
                    || (one.is_empty() && !has_sign(a) && !two.is_empty())
                    || (two.is_empty() && !has_sign(b) && !one.is_empty()))
        }
    }
}

fn names_meet(one: &str, two: &str) -> bool {
    match (has_sign(one), has_sign(two)) {
        (false, false) => one == two,
        (true, false) => matches(one, two),
        (false, true) => matches(two, one),
        (true, true) => {
            let ends = |name: &str| {
                let is_sign = |c| matches!(c, '*' | '?');
                let first = name.find(['*', '?', '[', '{', '\\']).unwrap_or(name.len());
                let last = name.rfind(is_sign).map_or(0, |at| at + 1);
                let is_simple = !name.contains(['[', '{', '\\']);
                (name[..first].to_owned(), if is_simple { name[last..].to_owned() } else { String::new() })
            };
            let ((begin_one, end_one), (begin_two, end_two)) = (ends(one), ends(two));
            (begin_one.starts_with(&begin_two) || begin_two.starts_with(&begin_one))
                && (end_one.ends_with(&end_two) || end_two.ends_with(&end_one))
        }
    }
}

/// Whether everything that `glob` names is named by `rule`. Says no where that is not certain.
fn holds(rule: &[String], glob: &[String]) -> bool {
    match (rule, glob) {
        ([], []) => true,
        // Everything beneath; and a rule that ends in a plain name has been given its `**`.
        ([all], _) if all == "**" => true,
        ([first, rest @ ..], _) if first == "**" => {
            holds(rest, glob) || glob.split_first().is_some_and(|(_, glob)| holds(rule, glob))
        }
        ([a, rule @ ..], [b, glob @ ..]) => {
            let is_held = a == b || (b != "**" && (a == "*" || (!has_sign(b) && matches(a, b))));
            let is_whole_folder = rule.is_empty() && !has_sign(a) && a == b;
            is_held && (holds(rule, glob) || is_whole_folder)
        }
        ([], _) | (_, []) => false,
    }
}

fn matches(glob: &str, name: &str) -> bool {
    let built = GlobBuilder::new(glob).literal_separator(true).build();
    // What cannot be compiled is refused elsewhere.
    built.is_ok_and(|glob| glob.compile_matcher().is_match(name))
}

fn has_sign(name: &str) -> bool {
    name.contains(['*', '?', '[', '{', '\\'])
}

fn names(glob: &str) -> Vec<String> {
    let mut names: Vec<String> =
        glob.split('/').filter(|name| !matches!(*name, "" | ".")).map(str::to_owned).collect();
    if names.is_empty() || (glob.ends_with('/') && names.last().is_some_and(|last| last != "**")) {
        names.push("**".to_owned());
    }
    names
}

/// A glob's braces as so many globs. One within another, or too many, stay as they are written.
fn spelled_out(glob: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut rest = glob;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((inside, after)) = after.split_once('}') else { return vec![glob.to_owned()] };
        let is_plain = !inside.contains('{') && !before.contains(['[', '\\']);
        let ways: Vec<&str> = inside.split(',').collect();
        if !is_plain || found.len() * ways.len() > MOST {
            return vec![glob.to_owned()];
        }
        found = found
            .iter()
            .flat_map(|begun| ways.iter().map(move |way| format!("{begun}{before}{way}")))
            .collect();
        rest = after;
    }
    found.into_iter().map(|begun| format!("{begun}{rest}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::RoleId;

    fn role(writes: &[&str]) -> Role {
        Role {
            id: RoleId::parse("backend-engineer").unwrap(),
            alias: None,
            icon: None,
            writes: writes.iter().map(|glob| (*glob).to_owned()).collect(),
            agent: None,
            model: None,
            keywords: Vec::new(),
            prompt: String::new(),
        }
    }

    #[test]
    fn a_plan_lies_inside_of_a_role_or_not_or_it_cannot_be_told() {
        let backend =
            role(&["src/**", "tests", "*.toml", "db/{one,two}/**", "**/*.sql", "!src/ui/**", "AGENTS.md"]);
        for glob in [
            "src/auth/**",
            "src/auth/*.rs",
            "src/auth.rs",
            "src/[ab].rs",
            "./src/auth/",
            "src/**",
            "tests/**",
            "tests/a/b.rs",
            "tests",
            "Cargo.toml",
            "Cargo.lock",
            "db/one/x",
            "db/{one,two}/**",
            "a/b/c.sql",
            "docs/**/*.sql",
            "AGENTS.md",
        ] {
            assert_eq!(lies(glob, &backend), Lies::Inside, "{glob}");
        }
        for glob in [
            "web/x.ts",
            "srcs/a.rs",
            "docs/*.md",
            "db/three/x.rs",
            "{src,web}/x.ts",
            "CLAUDE.md",
            "src/ui/x.ts",
            "a/b",
        ] {
            assert_eq!(lies(glob, &backend), Lies::Outside, "{glob}");
        }
        for glob in ["**", "s*/x.rs", "docs/**", "db/**", "src/*/**", "**/*.rs", "db"] {
            assert_eq!(lies(glob, &backend), Lies::Unsure, "{glob}");
        }
        // Of a folder the role has parts only, and nothing it owns lies everywhere.
        let api = role(&["src/api/**", "src/db/**"]);
        assert_eq!([lies("src/**", &api), lies("**", &api)], [Lies::Outside; 2]);
        assert_eq!([lies("src/a*/**", &api), lies("src/api", &api)], [Lies::Unsure, Lies::Inside]);
        assert_eq!(lies("x", &role(&[])), Lies::Outside);
        assert_eq!(
            [lies("src/x", &role(&["**"])), lies("CLAUDE.md", &role(&["**"]))],
            [Lies::Inside, Lies::Outside]
        );
    }

    #[test]
    fn names_that_are_no_engineers_anywhere_raise_no_doubt_about_a_folder() {
        // As `orchestra init` writes it.
        let backend = role(&[
            "src/**",
            "tests/**",
            "!**/.{claude,codex,cursor}/**",
            "!**/{AGENTS.md,CLAUDE.md,.mcp.json}",
        ]);
        for glob in ["src/**", "./src/", "src/auth/**", "src/*/**", "tests/*", "{src,tests}/**", "src/*.rs"] {
            assert_eq!(lies(glob, &backend), Lies::Inside, "{glob}");
        }
        for glob in ["src/AGENTS.md", "src/a/.mcp.json", "src/.claude/**", "docs/**", "src/a/.codex/x.toml"] {
            assert_eq!(lies(glob, &backend), Lies::Outside, "{glob}");
        }
        for glob in ["src/**/AGENTS.md", "src/**/*.md", "src/.c*/**"] {
            assert_eq!(lies(glob, &backend), Lies::Unsure, "{glob}");
        }
        // What is taken away as a whole is no longer the role's own.
        assert_eq!(lies("src/**", &role(&["src/**", "!src/**"])), Lies::Outside);
    }

    #[test]
    fn two_plans_meet_unless_it_is_certain_that_they_do_not() {
        for (one, two) in [
            ("src/auth/**", "src/**"),
            ("src/auth/**", "src/auth/login.rs"),
            ("src/*.rs", "src/a*"),
            ("src", "src/a/b"),
            ("{src,web}/x", "web/x"),
            ("**/*.rs", "src/a.rs"),
            ("a/b", "a/b"),
        ] {
            assert!(may_meet(one, two) && may_meet(two, one), "{one} {two}");
        }
        for (one, two) in [
            ("src/auth/**", "src/db/**"),
            ("src/*.rs", "src/a/b.rs"),
            ("*.toml", "src/x.toml"),
            ("src/a.rs", "src/b.rs"),
            ("{src,web}/x", "web/y"),
        ] {
            assert!(!may_meet(one, two) && !may_meet(two, one), "{one} {two}");
        }
    }
}
