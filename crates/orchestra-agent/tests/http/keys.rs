//! The key shows nowhere: not in what is told, kept, written or sent to anybody but the endpoint's own header.

use orchestra_core::config::http::{KeySource, Secret};
use orchestra_testkit::model_server::{Fault, Reply};
use serde_json::json;

use super::desk::{Desk, KEY, WIRES};
use crate::support::run;

/// Everything that could hold it, in one text.
fn everything(desk: &Desk, outcome: &impl std::fmt::Debug, events: &impl std::fmt::Debug) -> String {
    let bodies: String =
        desk.server.requests().iter().map(orchestra_testkit::model_server::Asked::text).collect();
    let files = std::fs::read_dir(desk.folder())
        .unwrap()
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let files: String = files.collect();
    format!("{outcome:?}\n{events:?}\n{}\n{bodies}\n{files}\n{:?}", desk.written(), desk.agent())
}

#[tokio::test]
async fn a31_a_key_shows_nowhere_whatever_the_model_and_the_tools_say() {
    for wire in WIRES {
        for source in [desk_key(), KeySource::Written(Secret::new(KEY))] {
            let mut desk = Desk::new(wire);
            desk.config.key = source;
            desk.config.headers.insert("x-second-key".to_owned(), Secret::new("another canary 8"));
            // A file holds it, the model repeats it in pieces, and the endpoint in an error.
            *desk.tools.content.lock().unwrap() = Some(format!("KEY={KEY} and another canary 8"));
            let said = format!("It is {KEY}, and another canary 8.");
            let first = Reply::new().think(KEY).say(&said).call("read", &json!({ "path": KEY }));
            let error = json!({ "error": { "type": "authentication_error", "message": format!("no such key: {KEY}") } });
            desk.server.answer(first).fault(Fault::Status(401, error.to_string()));
            let mut request = desk.request();
            request.prompt = format!("The key is {KEY}.").into();
            let (outcome, events) = run(&desk.agent(), request).await;
            let all = everything(&desk, &outcome, &events);
            assert!(all.contains("[redacted]"));
            for planted in [KEY, "another canary"] {
                let at = all.find(planted);
                assert_eq!(at.map(|at| &all[at.saturating_sub(200)..at + planted.len()]), None, "{wire:?}");
            }
            let asked = &desk.server.requests()[0];
            let sent = asked.headers.iter().filter(|(_, value)| value.contains(KEY)).count();
            assert_eq!((sent, asked.header("x-second-key")), (1, Some("another canary 8")));
        }
    }
}

fn desk_key() -> KeySource {
    KeySource::Variable(super::desk::KEY_ENV.to_owned())
}
