//! A key goes into one header of one endpoint, and nowhere else.

use std::path::Path;
use std::process::{Command, Stdio};

use orchestra_testkit::model_server::Reply;

use super::desk::{Desk, KEY, WIRES};
use super::*;

/// Forms in which the key could show, each long enough to mean nothing else.
fn forms() -> Vec<(String, Vec<u8>)> {
    let mut forms = vec![("raw".to_owned(), KEY.as_bytes().to_vec())];
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    for (name, upper) in [("percent-encoded", true), ("percent-encoded in small letters", false)] {
        let encoded: String = KEY
            .bytes()
            .map(|byte| match byte {
                byte if is_plain(byte) => char::from(byte).to_string(),
                byte if upper => format!("%{byte:02X}"),
                byte => format!("%{byte:02x}"),
            })
            .collect();
        forms.push((name.to_owned(), encoded.into_bytes()));
    }
    forms.push(("as JSON that escapes slashes".to_owned(), KEY.replace('/', "\\/").into_bytes()));
    let digit = |value: u8| b"0123456789abcdef"[usize::from(value)];
    let hex = KEY.bytes().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    forms.push(("hexadecimal".to_owned(), hex.collect()));
    for shift in 0..3 {
        for alphabet in [STANDARD, URL_SAFE] {
            forms.push((format!("base64 behind {shift} bytes"), base64_inside(shift, alphabet)));
        }
    }
    forms
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The signs of the key in base64 that do not depend on what stands before and behind it: as many bytes before it as given.
fn base64_inside(before: usize, alphabet: &[u8; 64]) -> Vec<u8> {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(KEY.as_bytes());
    let first = before.div_ceil(3) * 3;
    let last = bytes.len() / 3 * 3;
    bytes[first..last]
        .chunks(3)
        .flat_map(|three| {
            let bits = three.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
            [18, 12, 6, 0].map(|shift| alphabet[bits >> shift & 63])
        })
        .collect()
}

/// Fails where the key shows in these bytes in any form.
fn is_clean(place: &str, bytes: &[u8]) {
    for (form, bytes_of_form) in forms() {
        let is_there = bytes.windows(bytes_of_form.len()).any(|window| window == bytes_of_form);
        assert!(!is_there, "the key shows in {place}, {form}");
    }
}

/// All files below a folder, and their names.
fn is_clean_below(folder: &Path) -> usize {
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        let name = path.display().to_string();
        is_clean("a name", name.as_bytes());
        if kind.is_dir() {
            count += is_clean_below(&path);
        } else if kind.is_file() {
            is_clean(&name, &fs::read(&path).unwrap());
            count += 1;
        }
    }
    count
}

/// Every object of a repository, unpacked.
fn is_clean_in_git(project: &TestProject, repository: &Path) {
    let mut command: Command = project.git_command(repository);
    command.args(["cat-file", "--batch-all-objects", "--batch"]).stdin(Stdio::null());
    let output = command.output().unwrap();
    assert!(output.status.success() && !output.stdout.is_empty());
    is_clean(&format!("an object of {}", repository.display()), &output.stdout);
}

/// Everything that tells of agents says it without the key.
fn what_is_printed_is_clean(desk: &Desk) {
    for args in [
        &["doctor"][..],
        &["doctor", "--json"],
        &["config"],
        &["config", "--json"],
        &["status", "--json"],
        &["trust", "--show"],
        &["prompt", "M1", "phase-1"],
    ] {
        let ran = desk.run(args).expect(0);
        assert!(!ran.stdout.is_empty(), "{args:?}");
        is_clean(&format!("what {args:?} says"), ran.said().as_bytes());
    }
}

/// The endpoint got it, where it belongs.
fn what_is_sent_has_it_in_a_header(desk: &Desk) {
    // It was used: each request has it in its header, and nowhere else.
    let requests = desk.server.requests();
    assert!(requests.len() >= 6, "{}", requests.len());
    for asked in &requests {
        let with: Vec<&(String, String)> =
            asked.headers.iter().filter(|(_, value)| value.contains(KEY)).collect();
        assert_eq!(with.len(), 1, "{:?}", asked.headers);
        assert!(["x-api-key", "authorization"].contains(&with[0].0.as_str()), "{with:?}");
        is_clean("a request's path", asked.path.as_bytes());
        is_clean("a request's body", &asked.raw);
    }
}

#[test]
fn what_is_looked_for_is_found() {
    // A search that finds nothing must be able to find something.
    let there = |text: &str| {
        forms().iter().any(|(_, form)| text.as_bytes().windows(form.len()).any(|window| window == form))
    };
    let encode = |bytes: &[u8]| {
        let mut command = Command::new("base64");
        command.arg("--wrap=0").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), bytes).unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    };
    for before in ["", "x", "xy", "xyz"] {
        let text = format!("{before}{KEY}: and more");
        assert!(there(&text));
        assert!(there(&encode(text.as_bytes())), "{before}");
    }
    assert!(there("sk-orch-canary-7Qw9%2FZx3%2BKp5%3DLm1_Rt8"));
    assert!(!there("sk-orch-canary-"));
}

#[test]
fn a31_the_key_is_in_the_header_and_nowhere_else() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        let project = &desk.project;
        let mut screens: Vec<(&str, Vec<u8>)> = Vec::new();

        let mut pm = desk.pm();
        desk.plans(Reply::new().say("I propose this.").call("propose_milestone", &login()));
        desk.plans(Reply::new().say("So it is."));
        pm.send_text("let people log in");
        pm.wait_armed("a create");
        pm.keys("a");
        pm.wait_for("So it is.");

        // What a model gets to see of what it starts, and of who started it.
        let look = "env | sort > src/auth.txt; printenv >> src/auth.txt; set >> src/auth.txt; \
                    tr '\\0' '\\n' < /proc/self/environ >> src/auth.txt; \
                    cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' > ../argv; env; cat src/auth.txt";
        desk.builds(Reply::new().call("run", &json!({ "command": look })));
        desk.reports(&json!({ "summary": "looked around" }));
        desk.reports(&json!({ "verdict": "approved", "summary": "fine" }));
        let mut worker = desk.screen(&["start", "--once"]);
        worker.wait_armed("a push");
        worker.keys("a");
        assert_eq!(worker.end(), 0, "{}", worker.screen());
        screens.push(("the worker's screen", worker.raw().to_vec()));

        // One that is not accepted.
        desk.plans(
            Reply::new().fault(orchestra_testkit::model_server::Fault::Status(
                401,
                json!({ "error": { "type": "authentication_error", "message": format!("bad key {KEY}") } })
                    .to_string(),
            )),
        );
        pm.send_text("and log out");
        pm.wait_for("nobody answers");
        pm.keys("\x03");
        pm.wait_for("ctrl-c again: leave");
        pm.keys("\x03");
        let _code = pm.end();
        screens.push(("the planner's screen", pm.raw().to_vec()));

        what_is_printed_is_clean(&desk);
        what_is_sent_has_it_in_a_header(&desk);
        let seen = project.read("src/auth.txt");
        assert!(seen.contains("PATH="), "{seen}");
        assert!(fs::read_to_string(project.top().join("argv")).unwrap().contains("orchestra"));

        for (what, bytes) in &screens {
            is_clean(what, bytes);
        }
        // The project with its state, the remote, the home with the data folder, and what was left beside them.
        assert!(is_clean_below(&project.top()) > 50);
        is_clean_in_git(project, &project.root());
        is_clean_in_git(project, &project.remote());
        assert_eq!(project.ledger(), ["M1-user-login phase-1", "M1-user-login close"]);
    }
}
