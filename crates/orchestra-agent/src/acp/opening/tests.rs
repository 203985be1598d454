use super::*;

fn by_option(category: &str, current: &str, offered: &[&str]) -> Value {
    let options: Vec<Value> = offered.iter().map(|value| json!({ "value": value, "name": "x" })).collect();
    json!({ "id": format!("the-{category}"), "category": category, "currentValue": current, "options": options })
}

fn options(options: &[Value]) -> Value {
    json!({ "sessionId": "s", "configOptions": options })
}

fn modes(current: &str, offered: &[&str]) -> Value {
    let modes: Vec<Value> = offered.iter().map(|id| json!({ "id": id, "name": "Safe" })).collect();
    json!({ "sessionId": "s", "modes": { "currentModeId": current, "availableModes": modes } })
}

fn wanted(writes: bool, mode: Option<&str>, model: Option<&str>) -> Wanted {
    Wanted { mode: mode.map(str::to_owned), model: model.map(str::to_owned), writes }
}

/// What is set, as `method value`, and the mode that is kept.
fn set(opened: &Value, wanted: &Wanted) -> (Vec<String>, String) {
    let (mut settings, _) = Settings::of(opened, wanted).unwrap();
    let mut set = Vec::new();
    while let Some((_, method, params)) = settings.next("s") {
        let value = ["modeId", "value"].iter().find_map(|key| params[*key].as_str());
        set.push(format!("{method} {}", value.unwrap()));
    }
    (set, settings.kept().to_owned())
}

#[test]
fn a_turn_that_only_reads_gets_the_strictest_mode_there_is() {
    let reading = wanted(false, Some("yolo"), None);
    let claude = modes("bypassPermissions", &["default", "acceptEdits", "plan", "bypassPermissions"]);
    assert_eq!(set(&claude, &reading), (vec!["session/set_mode default".to_owned()], "default".to_owned()));
    let codex = options(&[by_option("mode", "agent", &["read-only", "workspace-write", "agent"])]);
    assert_eq!(set(&codex, &reading).0, ["session/set_config_option read-only"]);
    let opencode = options(&[by_option("mode", "build", &["build", "plan"])]);
    assert_eq!(set(&opencode, &reading).0, ["session/set_config_option plan"]);
    let strange = modes("go", &["go", "fly"]);
    let (_, remark) = Settings::of(&strange, &reading).unwrap();
    assert!(remark.unwrap().contains("(go, fly)"));
}

#[test]
fn a_turn_that_writes_gets_a_mode_that_asks_unless_another_is_configured() {
    let codex = options(&[by_option("mode", "agent", &["read-only", "workspace-write", "agent"])]);
    assert_eq!(set(&codex, &wanted(true, None, None)).0, ["session/set_config_option workspace-write"]);
    assert_eq!(set(&codex, &wanted(true, Some("agent"), None)), (Vec::new(), "agent".to_owned()));
    let opencode = options(&[by_option("mode", "build", &["build", "plan"])]);
    assert_eq!(set(&opencode, &wanted(true, None, None)), (Vec::new(), "build".to_owned()));
    let wrong = Settings::of(&codex, &wanted(true, Some("yolo"), None)).unwrap_err();
    assert_eq!(wrong.message, "the agent has no mode `yolo`");
    assert_eq!(wrong.hint, "it offers: read-only, workspace-write, agent");
}

#[test]
fn a_model_is_chosen_where_one_can_be() {
    let grouped = json!({ "category": "model", "id": "m", "currentValue": "a", "options": [
        { "group": "g", "name": "G", "options": [ { "value": "b" }, { "value": "c" } ] },
    ] });
    let opened = options(&[grouped]);
    assert_eq!(set(&opened, &wanted(true, None, Some("c"))).0, ["session/set_config_option c"]);
    assert_eq!(set(&opened, &wanted(true, None, Some("a"))).0, [""; 0]);
    assert_eq!(Settings::of(&opened, &wanted(true, None, Some("d"))).unwrap_err().hint, "it offers: b, c");
    let (_, remark) = Settings::of(&json!({}), &wanted(true, None, Some("d"))).unwrap();
    assert_eq!(remark.unwrap(), "it does not let a model be chosen: `d` is not set");
}

#[test]
fn a_mode_that_was_left_is_seen_in_either_kind_of_update() {
    let opened = options(&[by_option("mode", "default", &["default", "yolo"])]);
    let (settings, _) = Settings::of(&opened, &wanted(true, None, None)).unwrap();
    let left = |update: &Value| settings.left_for(update);
    assert_eq!(left(&json!({ "currentModeId": "yolo" })).as_deref(), Some("yolo"));
    assert_eq!(left(&options(&[by_option("mode", "yolo", &[])])).as_deref(), Some("yolo"));
    assert_eq!(left(&options(&[by_option("mode", "default", &[])])), None);
    assert_eq!(left(&options(&[by_option("model", "x", &[])])), None);
    let back = settings.back("s").unwrap();
    assert_eq!(back.1, json!({ "sessionId": "s", "configId": "the-mode", "value": "default" }));
    let (without, _) = Settings::of(&json!({}), &wanted(true, None, None)).unwrap();
    assert_eq!(without.left_for(&json!({ "currentModeId": "yolo" })), None);
}
