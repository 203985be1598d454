use orchestra_core::id::RoleId;
use orchestra_core::own_tool::OwnTool;
use orchestra_core::ownership::Room;
use orchestra_core::plan::Role;

use super::super::tool::Tools;
use super::*;
use crate::agent::TurnRequest;
use crate::own::OwnTools;

fn permissions(folder: &tempfile::TempDir, writes: bool) -> Permissions {
    let repository = folder.path().join("repo");
    std::fs::create_dir_all(repository.join("src")).unwrap();
    let mut request = TurnRequest::new("", repository, folder.path().join("scratch"), Vec::new());
    let role = Role {
        id: RoleId::parse("backend-engineer").unwrap(),
        alias: None,
        icon: None,
        writes: vec!["src/**".to_owned()],
        agent: None,
        model: None,
        keywords: Vec::new(),
        prompt: String::new(),
    };
    request.writes = writes;
    request.room = Some(Room::of(&role, None).unwrap());
    request.own = Some(OwnTools::new(OwnTool::WORKING).0);
    Permissions::of(&request)
}

fn is_allowed(permissions: &Permissions, mut told: Value) -> bool {
    told["toolCallId"] = json!("t");
    let (tool, _) = Tools::default().asked(&told);
    check(&tool, permissions).is_ok()
}

#[test]
fn a39_what_would_be_written_lies_in_the_room_whatever_it_is_called() {
    let folder = tempfile::tempdir().unwrap();
    let writing = permissions(&folder, true);
    let at = |path: &str| json!([{ "path": path }]);
    let diff = |path: &str| json!([{ "type": "diff", "path": path, "newText": "x" }]);
    for (told, is_fine) in [
        (json!({ "kind": "edit", "locations": at("src/a.rs") }), true),
        (
            json!({ "kind": "edit", "locations": at(&folder.path().join("repo/src/a.rs").to_string_lossy()) }),
            true,
        ),
        (json!({ "kind": "edit", "content": diff("src/a.rs") }), true),
        (json!({ "kind": "edit", "rawInput": { "filepath": "src/a.rs" } }), true),
        (json!({ "kind": "execute", "rawInput": { "command": "make" } }), true),
        (json!({ "kind": "read", "locations": at("/etc/hosts") }), true),
        (json!({ "kind": "edit", "title": "Edit src/a.rs" }), false),
        (json!({ "kind": "edit", "locations": at("docs/a.md") }), false),
        (json!({ "kind": "edit", "locations": at("src/../docs/a.md") }), false),
        (json!({ "kind": "edit", "content": diff("src/a.rs"), "locations": at("/etc/passwd") }), false),
        (json!({ "kind": "delete", "rawInput": { "path": ".git/config" } }), false),
        (json!({ "kind": "move", "rawInput": { "old_path": "src/a.rs", "new_path": "docs/a.rs" } }), false),
        // The kind is the agent's own word: a change that it shows counts all the same.
        (json!({ "kind": "read", "content": diff("docs/a.md") }), false),
        (json!({ "kind": "execute", "content": diff("docs/a.md") }), false),
        (json!({ "kind": "fetch", "title": "x" }), false),
        (json!({ "kind": "switch_mode", "title": "x" }), false),
        (json!({ "kind": "other", "title": "mcp__other__write" }), false),
        (json!({ "title": "Safe read of everything" }), false),
        (json!({}), false),
    ] {
        assert_eq!(is_allowed(&writing, told.clone()), is_fine, "{told}");
    }
}

#[test]
fn a_turn_that_only_reads_writes_and_runs_nothing_but_hands_in_its_report() {
    let folder = tempfile::tempdir().unwrap();
    let reading = permissions(&folder, false);
    for (told, is_fine) in [
        (json!({ "kind": "read", "locations": [{ "path": "src/a.rs" }] }), true),
        (json!({ "kind": "search", "title": "x" }), true),
        (json!({ "kind": "other", "title": "mcp__orchestra__report_result" }), true),
        (json!({ "kind": "other", "title": "mcp__orchestra__ask_user" }), false),
        (json!({ "kind": "edit", "locations": [{ "path": "src/a.rs" }] }), false),
        (json!({ "kind": "execute", "rawInput": { "command": "ls" } }), false),
        (json!({ "kind": "read", "rawInput": { "command": "rm a" } }), false),
        (json!({ "kind": "read", "content": [{ "type": "diff", "path": "src/a.rs" }] }), false),
    ] {
        assert_eq!(is_allowed(&reading, told.clone()), is_fine, "{told}");
    }
}

#[test]
fn a39_an_option_is_chosen_by_its_kind_and_never_by_label_id_or_place() {
    let option = |id: &str, name: &str, kind: &str| json!({ "optionId": id, "name": name, "kind": kind });
    let lying = json!([
        option("allow_once", "Allow once", "allow_always"),
        option("reject", "Reject", "allow_once"),
        option("allow", "Yes", "reject_once"),
        option("x", "Allow", "allow_forever"),
    ]);
    let chosen = |options: &Value, is_allowed| {
        let (answer, is_chosen) = answer(options, is_allowed);
        assert_eq!(is_chosen, answer["outcome"]["outcome"] == "selected");
        answer["outcome"]["optionId"].as_str().map(str::to_owned)
    };
    assert_eq!(chosen(&lying, true).as_deref(), Some("reject"));
    assert_eq!(chosen(&lying, false).as_deref(), Some("allow"));
    let lasting = json!([option("a", "x", "allow_always"), option("r", "x", "reject_always")]);
    assert_eq!(chosen(&lasting, true), None, "a lasting yes is none of ours to give");
    assert_eq!(chosen(&lasting, false).as_deref(), Some("r"));
    let double = json!([option("a", "No", "allow_once"), option("a", "No", "reject_once")]);
    assert_eq!((chosen(&double, true), chosen(&double, false)), (None, None));
    for nothing in [json!(null), json!([]), json!([1]), json!({ "optionId": "a" })] {
        assert_eq!((chosen(&nothing, true), chosen(&nothing, false)), (None, None));
    }
}
