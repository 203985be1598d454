use orchestra_testkit::model_server::ModelServer;
use serde_json::Value;

use crate::project::{Project, script};

/// Every check by its name: its state, what was found, and what to do.
fn checks(project: &Project, args: &[&str]) -> (i32, Vec<Value>) {
    let run = project.run([&["doctor", "--json"][..], args].concat());
    (run.code, serde_json::from_str(&run.stdout).unwrap())
}

fn find(checks: &[Value], name: &str) -> (String, String) {
    let check =
        checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("{name}: {checks:#?}"));
    let text = |key: &str| check[key].as_str().unwrap().to_owned();
    (text("state"), format!("{} → {}", text("found"), text("hint")))
}

/// What is not as it must be, by name.
fn bad(checks: &[Value]) -> Vec<&str> {
    let bad = checks.iter().filter(|check| check["state"] == "bad");
    bad.map(|check| check["name"].as_str().unwrap()).collect()
}

#[test]
fn everything_is_found_and_told_in_a_line_each() {
    let project = Project::with_remote();
    let said = project.run(["doctor"]).well();
    for part in [
        "✔ git ",
        "✔ identity ",
        "Person <person@example.com>",
        "✔ lock ",
        "✔ trust ",
        "✔ branch ",
        "✔ space ",
        "✔ agent claude ",
        "1.2.3 (an agent), logged in",
        "✔ push ",
        "would go to origin (../remote.git), branch main",
        "· sandbox ",
        "level C",
        "· hooks ",
        "Everything is as it must be.\n",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn outside_of_a_project_it_says_what_is_missing() {
    let (code, found) = checks(&Project::bare_folder(), &[]);
    assert_eq!((code, bad(&found)), (2, vec!["git"]));
    assert!(find(&found, "git").1.ends_with("→ git init"), "{found:?}");
    let (code, found) = checks(&Project::new(), &["--auto"]);
    assert_eq!((code, bad(&found)), (2, vec!["project"]));
    assert!(find(&found, "project").1.ends_with("→ orchestra init"), "{found:?}");
}

#[test]
fn before_a_night_everything_that_could_ask_is_tried() {
    let project = Project::with_remote();
    let (code, found) = checks(&project, &["--auto"]);
    assert_eq!((code, bad(&found)), (0, vec![]), "{found:#?}");
    assert!(find(&found, "push").1.starts_with("origin (../remote.git), branch main would take it"));
    assert!(find(&found, "signing").1.starts_with("commits are not signed here"));
    // Nothing reached the remote, and nothing was left behind.
    assert_eq!(project.git(["-C", "../remote.git", "log", "--format=%s", "main"]).lines().count(), 2);
    assert_eq!(project.status(), "");
}

#[test]
fn a_signature_is_made_and_thrown_away_or_said_to_be_missing() {
    let project = Project::with_remote();
    let made = "#!/bin/sh\ncat >/dev/null\necho '[GNUPG:] SIG_CREATED D' >&2\n\
                printf -- '-----BEGIN PGP SIGNATURE-----\\nx\\n-----END PGP SIGNATURE-----\\n'\n";
    project.program("signer", made);
    project.git(["config", "commit.gpgsign", "true"]);
    project.git(["config", "gpg.program", project.base().join("bin/signer").to_str().unwrap()]);
    let before = project.git(["count-objects", "-v"]);
    let (_, found) = checks(&project, &["--auto"]);
    assert_eq!(bad(&found), ["trust"], "what signs is the repository's own: {found:#?}");
    project.run(["trust", "--yes"]).well();
    let (code, found) = checks(&project, &["--auto"]);
    assert_eq!(code, 0, "{found:#?}");
    assert!(find(&found, "signing").1.starts_with("a commit was signed, and thrown away"));
    assert_eq!(project.git(["count-objects", "-v"]), before);

    project.program("signer", "#!/bin/sh\necho 'no pinentry' >&2\nexit 2\n");
    let (code, found) = checks(&project, &["--auto"]);
    assert_eq!((code, bad(&found)), (2, vec!["signing"]));
    let (_, told) = find(&found, "signing");
    assert!(told.contains("no pinentry") && told.contains("commit.gpgsign false"), "{told}");
}

#[test]
fn a_remote_that_would_not_take_a_push_is_told_with_its_words() {
    let project = Project::with_remote();
    project.git(["remote", "set-url", "origin", "../gone.git"]);
    let (code, found) = checks(&project, &["--auto"]);
    assert_eq!((code, bad(&found)), (2, vec!["push"]));
    assert!(find(&found, "push").1.contains("could not be reached"), "{found:#?}");
    // Without `--auto` nobody is asked.
    assert_eq!(checks(&project, &[]).0, 0);

    project.git(["remote", "set-url", "origin", "../remote.git"]);
    script(&project.root().join(".git/hooks/pre-push"), "#!/bin/sh\necho 'not on Fridays' >&2\nexit 1\n");
    let (_, found) = checks(&project, &["--auto"]);
    assert!(find(&found, "push").1.contains("not on Fridays"), "{found:#?}");
    assert!(find(&found, "hooks").1.contains("pre-push"), "{found:#?}");
}

#[test]
fn without_a_remote_it_is_told_and_only_a_night_fails_for_it() {
    let project = Project::set_up();
    let (code, found) = checks(&project, &[]);
    assert_eq!((code, find(&found, "push").0.as_str()), (0, "note"));
    let (code, found) = checks(&project, &["--auto"]);
    assert_eq!((code, bad(&found)), (2, vec!["push"]));
    assert!(find(&found, "push").1.contains("git remote add origin URL"), "{found:#?}");
    let config = project.read(".orchestra/config.yaml");
    project.write(".orchestra/config.yaml", config + "gates: { push: never }\n");
    assert_eq!(checks(&project, &["--auto"]).0, 0);
}

#[test]
fn an_agent_that_is_missing_or_not_logged_in_is_told() {
    let project = Project::with_remote();
    std::fs::remove_file(project.base().join("home/.claude/.credentials.json")).unwrap();
    let (code, found) = checks(&project, &[]);
    assert_eq!((code, bad(&found)), (2, vec!["agent claude"]));
    assert!(find(&found, "agent claude").1.contains("not logged in → run `claude`"), "{found:#?}");
    std::fs::remove_file(project.base().join("bin/claude")).unwrap();
    let (_, found) = checks(&project, &[]);
    assert!(find(&found, "agent claude").1.contains("install `claude`"), "{found:#?}");
    let config = project.read(".orchestra/config.yaml").replace("default: claude", "# default: claude");
    project.write(".orchestra/config.yaml", config);
    let (_, found) = checks(&project, &[]);
    assert!(find(&found, "agents").1.ends_with("  default: claude"), "{found:#?}");
    project.write(".orchestra/config.yaml", "version: 1\n");
    let (_, found) = checks(&project, &[]);
    assert!(find(&found, "agents").1.contains("`orchestra demo` needs none"), "{found:#?}");
}

#[test]
fn a01_nothing_that_an_untrusted_project_names_is_started() {
    let mut project = Project::with_remote();
    let canary = project.base().join("PWNED");
    let run = format!("#!/bin/sh\ntouch {}\n", canary.display());
    script(&project.root().join("evil.sh"), &run);
    script(&project.root().join(".git/hooks/pre-push"), &run);
    project.git(["config", "commit.gpgsign", "true"]);
    project.git(["config", "gpg.program", project.root().join("evil.sh").to_str().unwrap()]);
    let config = project.read(".orchestra/config.yaml");
    let evil = "claude: { kind: command, preset: claude-code, run: [\"./evil.sh\"] }";
    let config = config.replace("claude: { kind: command, preset: claude-code }", evil);
    assert!(config.contains("evil.sh"), "{config}");
    project.write(".orchestra/config.yaml", config);
    let (code, found) = checks(&project, &["--auto"]);
    assert_eq!((code, bad(&found)), (2, vec!["trust"]), "{found:#?}");
    assert!(find(&found, "trust").1.ends_with("→ orchestra trust"), "{found:#?}");
    for name in ["agent claude", "signing", "push"] {
        assert_eq!(find(&found, name).0, "note", "{found:#?}");
    }
    assert!(!canary.exists());
    // The person's secrets are named, never shown.
    project.set("ANTHROPIC_API_KEY", "very-secret");
    let said = project.run(["doctor"]).stdout;
    assert!(said.contains("ANTHROPIC_API_KEY") && !said.contains("very-secret"), "{said}");
}

#[test]
fn a_branch_on_which_nothing_can_be_built_is_told_with_the_way_out() {
    let project = Project::with_remote();
    project.git(["checkout", "-q", "--detach"]);
    let (code, found) = checks(&project, &[]);
    assert_eq!(code, 2);
    assert!(find(&found, "branch").1.contains("git switch"), "{found:#?}");
}

#[test]
fn a_milestone_that_cannot_be_read_is_told_and_holds_nothing_up() {
    let project = Project::with_remote();
    project.write(".orchestra/milestones/M1-x/milestone.md", "---\nid: M1-x\nstatus: [\n---\n");
    let (code, found) = checks(&project, &[]);
    assert_eq!(code, 0, "{found:#?}");
    let (state, told) = find(&found, "documents");
    assert_eq!(state, "note");
    assert!(told.contains("M1-x is set aside") && told.contains("milestone.md:3:"), "{told}");
}

#[test]
fn a_branch_that_is_named_after_the_milestone_is_tried_with_the_next_one() {
    let project = Project::with_remote();
    let config = project.read(".orchestra/config.yaml");
    project.write(".orchestra/config.yaml", config + "push: { branch: \"orchestra/{milestone}\" }\n");
    let (_, found) = checks(&project, &["--auto"]);
    assert!(find(&found, "push").1.contains("no milestone is there yet to fill in"), "{found:#?}");
    project.milestone("one");
    let (code, found) = checks(&project, &["--auto"]);
    assert_eq!(code, 0, "{found:#?}");
    assert!(find(&found, "push").1.contains("branch orchestra/M1-one would take it"), "{found:#?}");
}

#[test]
fn an_agent_that_is_installed_is_offered_with_the_lines_that_make_it_one() {
    let project = Project::new();
    project.run(["init", "--commit"]).well();
    let (_, found) = checks(&project, &[]);
    assert!(find(&found, "agents").1.contains("install Claude Code"), "{found:#?}");
    project.agent("claude", "1.2.3");
    project.agent("codex", "4.5.6");
    for args in [&[][..], &["--auto"]] {
        let (code, found) = checks(&project, args);
        assert_eq!((code, bad(&found).contains(&"agents")), (2, true), "{found:#?}");
        let (_, told) = find(&found, "agents");
        assert!(
            told.contains("claude: Claude Code at ") && told.contains("1.2.3 (an agent), logged in"),
            "{told}"
        );
        assert!(!told.contains("install "), "{told}");
    }
    // What it says can be pasted as it is.
    let (_, found) = checks(&project, &[]);
    let (_, told) = find(&found, "agents");
    let (_, lines) = told.split_once("write into .orchestra/config.yaml:\n").unwrap();
    let lines: Vec<&str> = lines.lines().map(|line| line.strip_prefix("  ").unwrap()).collect();
    let config = project.read(".orchestra/config.yaml");
    project.write(".orchestra/config.yaml", format!("{config}\n{}\n", lines.join("\n")));
    project.run(["trust", "--yes"]).well();
    let (code, found) = checks(&project, &[]);
    assert_eq!(code, 0, "{found:#?}");
    assert!(find(&found, "agent claude").1.contains("logged in"), "{found:#?}");
    let said = project.run(["doctor"]).well();
    assert!(!said.contains("installed and not described"), "{said}");
    // Of two that are installed, the one that is not described yet.
    let codex = "    codex: { kind: command, preset: codex }\n".trim_start();
    let config = project.read(".orchestra/config.yaml").replace(&format!("  {codex}"), "");
    project.write(".orchestra/config.yaml", config);
    let said = project.run(["doctor"]).stdout;
    assert!(said.contains("installed and not described:\n"), "{said}");
    let hint = said.lines().skip_while(|line| !line.contains("→ to have it play a role")).nth(1).unwrap();
    assert_eq!(hint.trim(), codex.trim(), "{said}");
}

#[test]
fn a31_of_a_model_behind_an_endpoint_it_says_whether_there_is_a_key_and_asks_nobody() {
    let server = ModelServer::start();
    let mut project = Project::set_up();
    let config = project.read(".orchestra/config.yaml").replace("  default: claude\n", "  default: api\n");
    let agent = format!(
        "  api: {{ kind: http, wire: openai-chat, base_url: \"{}\", model: qwen3, key_env: MY_LOGIN }}\n",
        server.url()
    );
    let config = config.replace("  default: api\n", &format!("  default: api\n{agent}"));
    project.write(".orchestra/config.yaml", config);
    project.run(["trust", "--yes"]).well();
    let (_, found) = checks(&project, &[]);
    let (state, told) = find(&found, "agent api");
    assert_eq!(state, "bad", "{told}");
    assert!(told.contains(&format!("qwen3 at {} (openai-chat), no key", server.url())), "{told}");
    assert!(told.ends_with("→ set MY_LOGIN, or name another variable in the agent's `key_env`"), "{told}");

    project.set("MY_LOGIN", "planted canary 77");
    for args in [&["doctor", "--auto"][..], &["config"], &["doctor", "--json"]] {
        let said = project.run(args.iter().copied());
        assert!(!format!("{}{}", said.stdout, said.stderr).contains("planted"), "{args:?}");
    }
    let (_, found) = checks(&project, &[]);
    let (state, told) = find(&found, "agent api");
    assert!(state == "good" && told.contains("a key in MY_LOGIN; it was not asked"), "{told}");
    assert!(find(&found, "environment").1.contains("api does not get: "), "{found:#?}");
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn an_agent_that_is_described_and_not_chosen_is_offered() {
    let project = Project::set_up();
    let config = project.read(".orchestra/config.yaml").replace("  default: claude\n", "");
    project.write(".orchestra/config.yaml", config);
    let (_, found) = checks(&project, &[]);
    assert!(find(&found, "agents").1.ends_with("config.yaml:\n  default: claude"), "{found:#?}");
}
