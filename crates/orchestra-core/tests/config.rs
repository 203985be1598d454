//! Configuration as people write it, and what becomes of it.

use std::time::Duration;

use orchestra_core::config::layer::{ConfigLayer, Layer, parse_environment, parse_flags, parse_layer};
use orchestra_core::config::resolve::{Resolved, resolve};
use orchestra_core::config::trust::{commands_of, hash_of};
use orchestra_core::config::{AgentConfig, Config, GatePolicy, Notify, OutputFormat, Preset, VerifyPlan};
use orchestra_core::document::Parsed;
use orchestra_core::plan::{Complexity, Plan};

const PATH: &str = ".orchestra/config.yaml";

/// The example of the design.
const DESIGNED: &str = r#"# .orchestra/config.yaml
version: 1
gates:  { rfc: ask, push: auto }              # ask | auto | never
review: { when: never, fix_rounds: 3, again: true }
verify: ["cargo test -q"]
agents:
  default: claude                             # which agent plays a role that names none
  claude:  { kind: command, preset: claude-code }
  codex:   { kind: command, preset: codex, env: [OPENAI_BASE_URL], model: o5 }
  mine:    { kind: command, run: ["my-agent", "--prompt", "{prompt_file}"], output: json-lines, env: [MY_TOKEN] }
  demo:    { kind: scripted, script: .orchestra/demo.yaml }
  local:   { kind: http, wire: openai-chat, base_url: "http://127.0.0.1:11434/v1/", model: qwen3-coder }
  paid:    { kind: http, wire: anthropic-messages, model: claude-x, max_output: 8000, window: 200000, condense_at: 0.6, effort: high,
             headers: { X-Team: shop }, prices: { input: 3, cached: 0.3, output: 15 } }
  oc:      { kind: acp, run: [opencode, acp], env: [OPENCODE_KEY], model: a/b, mode: build }
models:
  claude: { trivial: haiku, quick: haiku, standard: sonnet, complex: opus }
prices: { qwen3-coder: { input: 0, output: 0.5 } }
limits: { jobs: 2, retries: 4, backoff: 5s, outage: 1h30m, repair_attempts: 1, circuit_failures: 5, phase_timeout: 1h, verify_timeout: 5m, hook_timeout: 1m,
          silence: 30s, output: 1MiB, snapshot: 1GiB }
push:   { remote: upstream, branch: "orchestra/{milestone}" }
"#;

fn project(text: &str) -> ConfigLayer {
    layer(Layer::Project, text)
}

fn layer(layer: Layer, text: &str) -> ConfigLayer {
    let path = if layer == Layer::Project { PATH } else { "user.yaml" };
    parse_layer(layer, path, text.as_bytes()).result.unwrap()
}

fn resolved(layers: Vec<ConfigLayer>) -> Resolved {
    resolve(layers).result.unwrap()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Errors, then warnings, as a person sees them.
fn told<T>(parsed: &Parsed<T>) -> String {
    let errors = parsed.result.as_ref().err().into_iter().flatten().map(ToString::to_string);
    let warnings = parsed.warnings.iter().map(|warning| format!("warning: {warning}"));
    errors.chain(warnings).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn tells(text: &str, expected: &str) {
    let parsed = parse_layer(Layer::Project, PATH, text.as_bytes());
    let told = match &parsed.result {
        Ok(layer) => {
            let mut merged = resolve(vec![layer.clone()]);
            merged.warnings.extend(parsed.warnings.clone());
            told(&merged)
        }
        Err(_) => told(&parsed),
    };
    assert_eq!(told, expected, "{text}");
}

#[test]
fn the_designed_file_is_read_whole() {
    let config = resolved(vec![project(DESIGNED)]).config;
    let defaults = Config::default();
    assert_eq!((config.gates.rfc, config.gates.push), (GatePolicy::Ask, GatePolicy::Auto));
    assert_eq!((config.review.always, config.review.fix_rounds, config.review.again), (false, 3, true));
    assert_eq!(config.verify, VerifyPlan::Always(vec!["cargo test -q".to_owned()]));
    assert_eq!(config.default_agent.as_ref().map(ToString::to_string), Some("claude".to_owned()));
    let names: Vec<&str> = config.agents.keys().map(orchestra_core::id::AgentName::as_str).collect();
    assert_eq!(names, ["claude", "codex", "demo", "local", "mine", "oc", "paid"]);
    let agents: Vec<&AgentConfig> = config.agents.values().collect();
    assert!(matches!(agents[0], AgentConfig::Command(agent) if agent.preset == Some(Preset::ClaudeCode)));
    assert!(matches!(agents[1], AgentConfig::Command(agent) if agent.model.as_deref() == Some("o5")));
    assert!(matches!(agents[2], AgentConfig::Scripted { script } if script == ".orchestra/demo.yaml"));
    assert!(
        matches!(agents[4], AgentConfig::Command(agent) if agent.run.len() == 3 && agent.output == OutputFormat::JsonLines)
    );
    assert!(
        matches!(agents[5], AgentConfig::Acp(agent) if agent.mode.as_deref() == Some("build") && !agents[5].hears())
    );
    assert_eq!(config.models.values().next().unwrap()[&Complexity::Complex], "opus");
    let limits = &config.limits;
    assert_eq!((limits.jobs, limits.retries, limits.repair_attempts, limits.circuit_failures), (2, 4, 1, 5));
    assert_eq!((limits.backoff, limits.outage), (Duration::from_secs(5), Duration::from_mins(90)));
    assert_eq!((limits.output, limits.snapshot), (1 << 20, 1 << 30));
    assert_ne!(limits.phase_timeout, defaults.limits.phase_timeout);
    assert_eq!(config.push.branch.as_deref(), Some("orchestra/{milestone}"));
}

#[test]
fn nothing_at_all_is_the_default() {
    for text in ["", "# comments\n", "version: 1\n", "gates:\nlimits: {}\n", "\u{feff}---\n"] {
        let resolved = resolved(vec![project(text)]);
        assert_eq!(resolved.config, Config::default(), "{text:?}");
        assert!(resolved.origins.iter().all(|origin| origin.layer == Layer::Default), "{text:?}");
    }
}

#[test]
fn what_is_shown_reads_back_as_the_same_configuration() {
    let first = resolved(vec![project(DESIGNED)]);
    let mut sections: Vec<(String, Vec<String>)> = Vec::new();
    // What only a person sets is in no project's file.
    for origin in first.origins.iter().filter(|origin| {
        !["notify", "notify_command", "notify_progress", "mouse"].contains(&origin.key.as_str())
    }) {
        assert_eq!(origin.layer, Layer::Project, "{origin:?}");
        let (section, key) = origin.key.split_once('.').unwrap_or((&origin.key, ""));
        let line = match key.split_once('.') {
            Some((agent, complexity)) => format!("\"{agent}.{complexity}\": {}", origin.value),
            None if key.is_empty() => origin.value.clone(),
            None => format!(
                "  {key}: {}",
                origin.value.replace("orchestra/{milestone}", "\"orchestra/{milestone}\"")
            ),
        };
        match sections.iter_mut().find(|(name, _)| name == section) {
            Some((_, lines)) => lines.push(line),
            None => sections.push((section.to_owned(), vec![line])),
        }
    }
    sections.retain(|(name, _)| name != "models");
    let text: String = sections
        .iter()
        .map(|(name, lines)| match name.as_str() {
            "verify" => format!("verify: {}\n", lines[0]),
            _ => format!("{name}:\n{}\n", lines.join("\n")),
        })
        .collect();
    let mut second = resolved(vec![project(&text)]).config;
    second.models.clone_from(&first.config.models);
    assert_eq!(second, first.config, "{text}");
}

#[test]
fn a_later_layer_wins_and_each_value_knows_where_it_is_from() {
    let environment =
        pairs(&[("ORCHESTRA_LIMITS_JOBS", "3"), ("ORCHESTRA_PHASE", "phase-1"), ("HOME", "/x")]);
    let flags = pairs(&[("limits.jobs", "4")]);
    let layers = vec![
        parse_flags(&flags).result.unwrap(),
        parse_environment(&environment).result.unwrap(),
        layer(Layer::User, "limits:\n  jobs: 2\n  retries: 9\npush: { branch: current }\n"),
        project("limits:\n  jobs: 1\n  retries: 8\n  backoff: 9s\npush:\n  branch: x\n"),
    ];
    let all = resolved(layers.clone());
    let from = |key: &str| {
        let origin = all.find_origin(key).unwrap();
        (origin.value.as_str(), origin.layer, origin.path.as_deref(), origin.line)
    };
    assert_eq!(from("limits.jobs"), ("4", Layer::Flags, Some("-c limits.jobs"), None));
    assert_eq!(from("limits.retries"), ("9", Layer::User, Some("user.yaml"), Some(3)));
    assert_eq!(from("limits.backoff"), ("9s", Layer::Project, Some(PATH), Some(4)));
    assert_eq!(from("push.branch"), ("current", Layer::User, Some("user.yaml"), Some(4)));
    assert_eq!(from("limits.outage"), ("4h", Layer::Default, None, None));
    let without_flags = resolved(layers[1..].to_vec());
    let origin = without_flags.find_origin("limits.jobs").unwrap();
    assert_eq!((origin.value.as_str(), origin.path.as_deref()), ("3", Some("ORCHESTRA_LIMITS_JOBS")));
}

#[test]
fn what_is_wrong_is_told_at_its_place() {
    tells(
        "limits: { jbos: 1 }\nverfy: [x]\n",
        ".orchestra/config.yaml:1:11: the key `jbos` is not known\n  hint: did you mean `jobs`? there are: jobs, retries, \
         backoff, outage, repair_attempts, circuit_failures, phase_timeout, verify_timeout, hook_timeout, silence, output, \
         snapshot\n.orchestra/config.yaml:2:1: the key `verfy` is not known\n  hint: did you mean `verify`? there are: \
         version, gates, review, verify, agents, models, prices, limits, push",
    );
    tells(
        "version: 2\nverfy: [x]\n",
        "warning: .orchestra/config.yaml:1:10: version 2 is newer than this program, which reads 1\n  hint: keys that it does \
         not know have no effect\nwarning: .orchestra/config.yaml:2:1: the key `verfy` is not known\n  hint: did you mean \
         `verify`? there are: version, gates, review, verify, agents, models, prices, limits, push",
    );
    tells(
        "agents:\n  local: { kind: acp, output: text }\n",
        ".orchestra/config.yaml:2:10: expected the key `run`\n  hint: add the program that speaks the protocol: `run: \
         [\"opencode\", \"acp\"]`\n.orchestra/config.yaml:2:23: the key `output` is not known\n  hint: there are: kind, run, \
         env, model, mode",
    );
    tells(
        "agents:\n  a: { kind: commnd }\n  b: {}\n  c: { kind: command }\n  d: { kind: command, run: my-agent --x }\n",
        ".orchestra/config.yaml:2:14: `commnd` is no kind of agent\n  hint: did you mean `command`? there are: scripted, \
         command, acp, http\n.orchestra/config.yaml:3:3: expected the key `kind` in agent `b`\n  hint: add it: one of scripted, \
         command, acp, http\n.orchestra/config.yaml:4:6: expected the key `preset` or `run`\n  hint: add `preset: claude-code` or `run: \
         [\"program\", \"argument\"]`\n.orchestra/config.yaml:5:28: a whole command line in `run`, which no shell takes \
         apart\n  hint: write one entry for each argument: [\"my-agent\", \"--x\"]",
    );
    tells(
        "gates: { rfc: yes }\n",
        ".orchestra/config.yaml:1:15: `yes` stands here, expected one of ask, auto, never\n  hint: there are: ask, auto, never",
    );
    tells(
        "limits:\n  jobs: 0\n  outage: 4 hours\n  output: lots\n",
        ".orchestra/config.yaml:2:9: `0` stands here, expected a number from 1 to 64\n.orchestra/config.yaml:3:11: `4 hours` \
         is no duration\n  hint: write it as `2h`, `20m`, `30s` or `1h30m`\n.orchestra/config.yaml:4:11: `lots` is no size\n  \
         hint: write it as `64MiB`, `1GiB` or a number of bytes",
    );
    tells(
        "agents: { default: claud, claude: { kind: command, preset: claude-code } }\nmodels: { codx: { quick: x } }\n",
        ".orchestra/config.yaml:1:11: the default agent `claud` is not described\n  hint: did you mean `claude`? there are: \
         claude\nwarning: .orchestra/config.yaml:2:19: there is no agent `codx` for these models\n  hint: there are: claude",
    );
    tells(
        "push: { remote: --upload-pack=x, branch: \"a/{phase}\" }\n",
        ".orchestra/config.yaml:1:17: `--upload-pack=x` cannot be a name on the remote's side\n  hint: no white space, and no \
         `-` at its beginning\n.orchestra/config.yaml:1:42: `a/{phase}` has a place for something that is not known\n  hint: \
         `{milestone}` is the only one",
    );
    tells(
        "agents:\n  a: { kind: scripted, script: ../x }\n  b: { kind: command, preset: codex, env: [\"A=b\"] }\n",
        ".orchestra/config.yaml:2:32: `../x` is no path inside the repository\n  hint: write it relative to the top of the \
         repository\n.orchestra/config.yaml:3:44: `A=b` is no name of a variable\n  hint: only names are written here; values \
         come from the environment",
    );
    tells(
        "- a\n",
        ".orchestra/config.yaml:1:1: a list stands here, expected keys with values\n  hint: write `key: value` on each line",
    );
    tells(
        "verify: { \"../x\": [a], \"web/**\": [\"\"] }\n",
        ".orchestra/config.yaml:1:11: a glob that leaves the repository: `../x`\n  hint: write it relative to the top of the \
         repository, as in `src/auth/**`\n.orchestra/config.yaml:1:35: an empty command in `verify`\n  hint: write a command, \
         or `verify: []` for none",
    );
}

#[test]
fn variables_and_flags_are_checked_like_a_file() {
    let wrong = parse_environment(&pairs(&[("ORCHESTRA_LIMITS_JBOS", "1"), ("ORCHESTRA_GATES_RFC", "no")]));
    let told = told(&wrong);
    assert!(
        told.contains("ORCHESTRA_LIMITS_JBOS:1:1: the variable `ORCHESTRA_LIMITS_JBOS` sets nothing"),
        "{told}"
    );
    assert!(told.contains("did you mean `ORCHESTRA_LIMITS_JOBS`?"), "{told}");
    assert!(told.contains("ORCHESTRA_GATES_RFC:1:1: `no` stands here"), "{told}");
}

#[test]
fn a_variable_that_sets_nothing_is_told() {
    let wrong = [
        ("ORCHESTRA_VERIFY", "only a file can set `verify`, and no variable\n  hint: write `verify:` into"),
        (
            "ORCHESTRA_MODELS_MINE_QUICK",
            "only a file can set `models`, and no variable\n  hint: write `models:`",
        ),
        (
            "ORCHESTRA_AGENTS_MINE",
            "only a file can set `agents`, and no variable\n  hint: of `agents` there are: agents.d",
        ),
        ("ORCHESTRA_AGENTS_DEFUALT", "only a file can set `agents`"),
        (
            "ORCHESTRA_GATES",
            "only a file can set `gates`, and no variable\n  hint: of `gates` there are: gates.rfc",
        ),
    ];
    for (name, what) in wrong {
        let parsed = parse_environment(&pairs(&[(name, "x")]));
        assert!(
            parsed.result.is_err() && told(&parsed).starts_with(&format!("{name}:1:1: {what}")),
            "{}",
            told(&parsed)
        );
    }
    for (name, hint) in [
        ("ORCHESTRA_FOO", "`orchestra config` shows every setting"),
        ("ORCHESTRA_VERSION", "`orchestra config` shows every setting"),
        ("ORCHESTRA_LIMIT_RETRIES", "did you mean `ORCHESTRA_LIMITS_RETRIES`?"),
        ("ORCHESTRA_VERIFYING", "`orchestra config` shows every setting"),
    ] {
        let parsed = parse_environment(&pairs(&[(name, "x")]));
        let said = format!("warning: {name}:1:1: this variable sets nothing\n  hint: {hint}");
        assert_eq!(told(&parsed), said);
        assert!(parsed.result.is_ok());
    }
    let of_agents = ["ATTEMPT", "GUARD", "MILESTONE", "MODEL", "PHASE", "REPORT", "ROLE"];
    for name in of_agents.map(|name| format!("ORCHESTRA_{name}")) {
        assert_eq!(told(&parse_environment(&pairs(&[(&name, "x")]))), "", "{name}");
    }
    assert_eq!(told(&parse_environment(&pairs(&[("MY_ORCHESTRA_VERIFY", "x"), ("ORCHESTRA", "x")]))), "");
}

#[test]
fn a_flag_that_sets_nothing_is_told_by_its_name() {
    let wrong = parse_flags(&pairs(&[
        ("limits.retires", "1"),
        ("gates.rfc", "no"),
        ("verify", "true"),
        ("models.mine.quick", "x"),
        ("agents", "claude"),
        ("gates", "ask"),
    ]));
    let told = told(&wrong);
    for (flag, what) in [
        ("limits.retires", "there is no setting `limits.retires`\n  hint: did you mean `limits.retries`?"),
        ("gates.rfc", "`no` stands here, expected one of ask, auto, never\n"),
        ("verify", "only a file can set `verify`\n  hint: write `verify:` into .orchestra/config.yaml"),
        ("models.mine.quick", "only a file can set `models.mine.quick`\n  hint: write `models:` into"),
        ("agents", "only a file can set `agents`\n  hint: of `agents` there are: agents.default; the rest"),
        (
            "gates",
            "only a file can set `gates`\n  hint: of `gates` there are: gates.rfc, gates.push; the rest",
        ),
    ] {
        assert!(told.contains(&format!("-c {flag}:1:1: {what}")), "{flag}: {told}");
    }
    assert_eq!(told.lines().count(), 12, "{told}");
}

#[test]
fn what_is_said_for_one_run_changes_nothing_of_what_is_asked_about_trust() {
    let text = "gates: { rfc: auto, push: ask }\nverify: [make test]\n";
    let trust = |more: Vec<ConfigLayer>| {
        let layers = [vec![project(text)], more].concat();
        commands_of(&resolved(layers), &Plan::default())
    };
    let plain = trust(Vec::new());
    assert_eq!(plain.len(), 2);
    let variable = parse_environment(&pairs(&[("ORCHESTRA_GATES_RFC", "ask")])).result.unwrap();
    let flag = parse_flags(&pairs(&[("gates.rfc", "ask"), ("gates.push", "auto")])).result.unwrap();
    assert_eq!(trust(vec![variable]), plain);
    assert_eq!(trust(vec![flag]), plain);
    // The person's own file is theirs for good.
    assert_eq!(trust(vec![layer(Layer::User, "gates: { rfc: ask }\n")]).len(), 1);
}

#[test]
fn more_phases_at_once_than_run_are_said_to_have_no_effect() {
    let warned = |layers: Vec<ConfigLayer>| {
        let parsed = resolve(layers);
        assert!(parsed.result.is_ok());
        parsed.warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let said = ": this version runs one phase at a time, not 2\n  hint: leave `limits.jobs` out";
    assert_eq!(warned(vec![project("limits: { jobs: 2 }\n")]), format!("{PATH}:1:11{said}"));
    let variable = parse_environment(&pairs(&[("ORCHESTRA_LIMITS_JOBS", "2")])).result.unwrap();
    assert_eq!(warned(vec![variable]), format!("ORCHESTRA_LIMITS_JOBS:1:1{said}"));
    let flag = parse_flags(&pairs(&[("limits.jobs", "2")])).result.unwrap();
    assert_eq!(warned(vec![flag.clone()]), format!("-c limits.jobs:1:1{said}"));
    let flag = parse_flags(&pairs(&[("limits.jobs", "1")])).result.unwrap();
    assert_eq!(warned(vec![project("limits: { jobs: 2 }\n"), flag]), "");
}

#[test]
fn verify_may_be_chosen_by_what_changed() {
    let config =
        resolved(vec![project("verify:\n  \"apps/web/**\": [\"pnpm -F web test\"]\n  \"**\": cargo test\n")])
            .config;
    let by_path = [("apps/web/**", "pnpm -F web test"), ("**", "cargo test")];
    let by_path = by_path.map(|(glob, command)| (glob.to_owned(), vec![command.to_owned()]));
    assert_eq!(config.verify, VerifyPlan::ByPath(by_path.into()));
}

fn items(layers: Vec<ConfigLayer>, plan: &Plan) -> Vec<String> {
    commands_of(&resolved(layers), plan).iter().map(ToString::to_string).collect()
}

#[test]
fn what_a_project_runs_or_opens_is_listed_with_its_place() {
    let wanted = [
        "gate: push: auto  (.orchestra/config.yaml:3)",
        "verify: cargo test -q  (.orchestra/config.yaml:5)",
        "agent: claude: preset claude-code  (.orchestra/config.yaml:8)",
        "agent: codex: preset codex  (.orchestra/config.yaml:9)",
        "variable: codex: OPENAI_BASE_URL  (.orchestra/config.yaml:9)",
        "script: .orchestra/demo.yaml  (.orchestra/config.yaml:11)",
        "endpoint: local: openai-chat http://127.0.0.1:11434/v1  (.orchestra/config.yaml:12)",
        "agent: mine: [\"my-agent\",\"--prompt\",\"{prompt_file}\"]  (.orchestra/config.yaml:10)",
        "variable: mine: MY_TOKEN  (.orchestra/config.yaml:10)",
        "agent: oc: acp [\"opencode\",\"acp\"] in the mode build  (.orchestra/config.yaml:15)",
        "variable: oc: OPENCODE_KEY  (.orchestra/config.yaml:15)",
        "endpoint: paid: anthropic-messages https://api.anthropic.com x-team: shop  (.orchestra/config.yaml:13)",
        "variable: paid: ANTHROPIC_API_KEY  (.orchestra/config.yaml:13)",
    ];
    assert_eq!(items(vec![project(DESIGNED)], &Plan::default()), wanted);
    assert_eq!(items(vec![layer(Layer::User, DESIGNED)], &Plan::default()), [""; 0]);
    let user = "verify: [make]\ngates: { push: ask }\n";
    assert_eq!(items(vec![project(DESIGNED), layer(Layer::User, user)], &Plan::default()), wanted[2..]);
}

#[test]
fn commands_of_phases_and_rooms_of_roles_are_listed_too() {
    let case = "=== roles/tester.md\n---\nid: tester\nagent: mine\nwrites: [\"**\"]\n---\n\
        === milestones/M1-x/milestone.md\n---\nid: M1-x\nstatus: planning\n---\n\
        === milestones/M1-x/phases/phase-1.md\n---\nrole: tester\nstatus: pending\norder: 1\nverify: [\"rm\\e[2J -r x\"]\n---\n";
    let plan = super::case::plan(&super::case::files(case));
    let wanted = [
        "verify: rm\\u{1b}[2J -r x  (.orchestra/milestones/M1-x/phases/phase-1.md)",
        "role's agent: tester: mine  (.orchestra/roles/tester.md)",
        "role may write: tester: **  (.orchestra/roles/tester.md)",
    ];
    assert_eq!(items(Vec::new(), &plan), wanted);
}

#[test]
fn trust_is_of_commands_and_not_of_the_file() {
    let hash = |text: &str| hash_of(&commands_of(&resolved(vec![project(text)]), &Plan::default()));
    let trusted = hash("verify: [a, b]\n");
    for same in [
        "# moved down\n\nverify: [b, a]\n",
        "verify:\n- a\n- b\n- a\nlimits: { jobs: 2 }\n",
        "verify: {\"x\": [a], \"y\": [b]}\n",
    ] {
        assert_eq!(hash(same), trusted, "{same}");
    }
    for other in [
        "verify: [a]\n",
        "verify: [\"a, b\"]\n",
        "verify: [a, b]\ngates: { rfc: auto }\n",
        "verify: [a, b, \"\\u0062 \"]\n",
    ] {
        assert_ne!(hash(other), trusted, "{other}");
    }
    let run = |list: &str| hash(&format!("agents: {{ m: {{ kind: command, run: {list} }} }}\n"));
    assert_ne!(run("[a, \"b c\"]"), run("[a, b, c]"));
}

#[test]
fn keys_mouse_and_notices_are_the_persons_alone() {
    let text = "keys: { document: [\"D\", f2], help: [] }\nnotify_command: [notify-send, Orchestra]\n";
    let resolved = resolved(vec![layer(Layer::User, text)]);
    let document = &resolved.config.keys["document"];
    assert_eq!(
        (document.keys.as_slice(), document.line, document.column),
        (["D".to_owned(), "f2".to_owned()].as_slice(), 1, 9)
    );
    assert_eq!(resolved.config.keys["help"].keys, [] as [String; 0]);
    assert_eq!(
        resolved.config.notify,
        Notify::Command(vec!["notify-send".to_owned(), "Orchestra".to_owned()])
    );
    assert_eq!(resolved.find_origin("keys.document").unwrap().value, "[\"D\",\"f2\"]".replace(',', ", "));
    // A word that comes later takes the program's place.
    let flags = parse_flags(&pairs(&[("notify", "off")])).result.unwrap();
    assert_eq!(resolve(vec![layer(Layer::User, text), flags]).result.unwrap().config.notify, Notify::Off);

    let elsewhere = "move it to your own configuration: `orchestra config` names the file";
    tells(
        "keys: { help: h }\nnotify: off\nnotify_command: [x]\nmouse: on\nnotify_progress: 1h\n",
        &["1:1: `keys`", "2:1: `notify`", "3:1: `notify_command`", "4:1: `mouse`", "5:1: `notify_progress`"]
            .map(|what| {
                format!(
                    ".orchestra/config.yaml:{what} is the person's to set, not the project's\n  hint: {elsewhere}"
                )
            })
            .join("\n"),
    );
    let faults = |text: &str| told(&parse_layer(Layer::User, "user.yaml", text.as_bytes()));
    assert!(faults("mouse: yes\n").contains("expected one of off, on"));
    let mouse = |text: &str| resolve(vec![layer(Layer::User, text)]).result.unwrap().config.mouse;
    assert_eq!(["", "mouse: on\n", "mouse: off\n"].map(mouse), [false, true, false]);
    let progress = |text: &str| resolve(vec![layer(Layer::User, text)]).result.unwrap().config.progress;
    let hours = |count: u64| Some(std::time::Duration::from_secs(count * 3_600));
    assert_eq!(
        ["notify_progress: 2h\n", "notify_progress: off\n", "notify: off\n"].map(progress),
        [hours(2), None, Some(std::time::Duration::from_mins(30))]
    );
    assert!(faults("notify_progress: 0s\n").contains("`0s` is no duration"));
    let variable = parse_environment(&pairs(&[("ORCHESTRA_MOUSE", "on")])).result.unwrap();
    assert!(resolve(vec![layer(Layer::User, "mouse: off\n"), variable]).result.unwrap().config.mouse);
    assert!(faults("notify: loud\n").contains("expected one of auto, bell, osc9, osc777, off"));
    assert!(faults("notify: bell\nnotify_command: [x]\n").contains("both `notify` and `notify_command`"));
    assert!(
        faults("notify_command: notify-send Orchestra\n").contains("user.yaml:1:1: a whole command line")
    );
    assert!(faults("notify_command: []\n").contains("no program stands here"));
    assert!(told(&parse_flags(&pairs(&[("keys.help", "h")]))).contains("only a file can set"));
    let variable = told(&parse_environment(&pairs(&[("ORCHESTRA_NOTIFY_COMMAND", "x")])));
    assert!(variable.contains("only a file can set `notify_command`"), "{variable}");
    assert!(variable.contains("into your own configuration"), "{variable}");
}
