//! What only one machine has: its folders, and the servers that it loads from.

use super::{Fault, Tree, check, check_finds};

/// Where people and builds live. What stands in documents and tests is `/home/user`.
const FOLDERS: &[&str] = &["/home/", "/root/", "/Users/", "/work/", "/workspace/", "/builds/", "/mnt/"];

const MAY_STAND: &[&str] = &["/home/user"];

/// Hosts that may be named. A registry or a mirror is the business of the machine that builds.
const HOSTS: &[&str] = &[
    "127.0.0.1",
    "agentclientprotocol.com",
    // Where models are asked by default.
    "api.anthropic.com",
    "api.openai.com",
    // Where Windows explains WSL.
    "aka.ms",
    "conventionalcommits.org",
    "crates.io",
    "docs.rs",
    "ecma-international.org",
    "example.com",
    "example.org",
    "git-scm.com",
    "github.com",
    // No host at all, by RFC 2606.
    "host.invalid",
    "json-schema.org",
    "localhost",
    "no-color.org",
    "openrouter.ai",
    "rustup.rs",
    "www.conventionalcommits.org",
    "www.unicode.org",
    // The name of what an SVG is written in.
    "www.w3.org",
    // The value of a proxy variable in a test.
    "p",
];

fn faults(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| *path != "xtask/tests/tidy/places.rs") {
        for (number, line) in text.lines().enumerate() {
            let mut object = |what: String| faults.push(Fault::at(path, number + 1, what));
            for folder in FOLDERS {
                for at in line.match_indices(folder).map(|(at, _)| at) {
                    if begins_a_path(line, at) && !MAY_STAND.iter().any(|known| stands_at(line, at, known)) {
                        object(format!(
                            "`{folder}…` is a place on one machine: write `/home/user`, or a path from the top"
                        ));
                    }
                }
            }
            // Below `.example` is nobody, by RFC 2606.
            for host in hosts(line).filter(|host| !HOSTS.contains(host) && !host.ends_with(".example")) {
                object(format!(
                    "`{host}` is a host that nobody listed: use example.com, or add it to HOSTS if anybody may know it"
                ));
            }
        }
    }
    faults
}

/// Tells whether a path begins here rather than goes on.
fn begins_a_path(line: &str, at: usize) -> bool {
    !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-~*/}$".contains(c))
}

fn stands_at(line: &str, at: usize, known: &str) -> bool {
    line[at..].strip_prefix(known).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
}

/// The hosts of the URLs in a line, without user, password and port.
fn hosts(line: &str) -> impl Iterator<Item = &str> {
    ["http://", "https://", "ssh://", "git://"].into_iter().flat_map(move |scheme| {
        line.match_indices(scheme).filter_map(move |(at, _)| {
            let rest = &line[at + scheme.len()..];
            let is_end = |c: char| !c.is_ascii_alphanumeric() && !"._-:@%".contains(c);
            let authority = rest.split(is_end).next().unwrap_or_default();
            let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            let host = host.split(':').next().unwrap_or_default().trim_end_matches('.');
            // A place for a host rather than a host: `https://{host}/`.
            (!host.is_empty()).then_some(host)
        })
    })
}

#[test]
fn nothing_names_a_place_that_only_one_machine_has() {
    check(&faults(Tree::of_repository()));
}

#[test]
fn a_place_that_only_one_machine_has_is_found() {
    let tree = Tree::of(&[
        ("a.md", "see `/home/ann/x` and /home/user/x\nand /home/username"),
        ("b.rs", "let a = \"/Users/x\"; let b = \"src/work/x\"; let c = \"/work/x\";"),
        (
            "c.toml",
            "index = \"sparse+https://mirror.invalid/index\"\nurl = \"https://me:secret@github.com:443/x\"",
        ),
        ("d.md", "http://127.0.0.1:8080, https://{host}/, <https://docs.rs>."),
    ]);
    check_finds(
        &faults(&tree),
        &[
            "a.md:1: `/home/…`",
            "a.md:2: `/home/…`",
            "b.rs:1: `/Users/…`",
            "b.rs:1: `/work/…`",
            "c.toml:1: `mirror.invalid`",
        ],
    );
}
