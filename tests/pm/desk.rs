//! A project whose every role is played by a model on this machine.

use std::process::Command;

use orchestra_testkit::model_server::{ModelServer, Reply};
use orchestra_testkit::{Emulator, Ran, TestProject};
use serde_json::{Value, json};

use crate::trouble;

/// The variable with the key, which no service would name so.
pub(super) const KEY_ENV: &str = "ORCH_TEST_LOGIN";
/// The key that must show nowhere. It has characters that are written otherwise where it is encoded.
pub(super) const KEY: &str = "sk-orch-canary-7Qw9/Zx3+Kp5=Lm1_Rt8";

/// How the model is spoken to.
pub(super) const WIRES: [&str; 3] = ["anthropic-messages", "openai-chat", "openai-responses"];

/// In what a planner sends, and in what somebody sends who builds or reviews: a tool that only they have.
pub(super) const PLANNER: &str = "\"name\":\"propose_milestone\"";
pub(super) const WORKER: &str = "\"name\":\"report_result\"";

pub(super) struct Desk {
    pub(super) project: TestProject,
    pub(super) server: ModelServer,
}

impl Desk {
    pub(super) fn new(wire: &str) -> Self {
        let (server, project) =
            (ModelServer::start(), trouble::project("version: 1\nturns: [] # a model plays\n"));
        let url = server.url();
        project.write(
            ".orchestra/config.yaml",
            &format!(
                "version: 1\nverify: [\"sh check.sh\"]\nagents:\n  default: model\n  \
                 model: {{ kind: http, wire: {wire}, base_url: \"{url}\", model: model-1, key_env: {KEY_ENV} }}\n"
            ),
        );
        project.commit_all("chore: a model");
        project.git(&["push", "--quiet", "origin", "main"]);
        project.trust();
        Self { project, server }
    }

    /// What the planner answers next.
    pub(super) fn plans(&self, reply: Reply) -> &Self {
        self.server.when(PLANNER, reply);
        self
    }

    /// What somebody answers next who builds or reviews.
    pub(super) fn builds(&self, reply: Reply) -> &Self {
        self.server.when(WORKER, reply);
        self
    }

    /// One phase that writes a file.
    pub(super) fn builds_file(&self, path: &str) -> &Self {
        self.builds(Reply::new().call("write", &json!({ "path": path, "content": "in\n" })));
        self.reports(&json!({ "summary": "did it" }))
    }

    /// A report that is handed in.
    pub(super) fn reports(&self, report: &Value) -> &Self {
        self.builds(Reply::new().call("report_result", report))
    }

    /// The program on a screen that shows everything, with the key in its environment.
    pub(super) fn screen(&self, args: &[&str]) -> Emulator {
        Emulator::start_with(&self.project, args, (45, 160), &[(KEY_ENV, KEY)])
    }

    /// `orchestra pm` there.
    pub(super) fn pm(&self) -> Emulator {
        let mut screen = self.screen(&["pm"]);
        screen.wait_for_screen("say what you want to build");
        screen
    }

    /// The program without a terminal, with the key in its environment.
    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.project.orchestra(args);
        command.env(KEY_ENV, KEY);
        command
    }

    /// Runs it to its end.
    pub(super) fn run(&self, args: &[&str]) -> Ran {
        TestProject::start_as(self.command(args)).wait()
    }
}
