//! Disks and limits that say no while the worker builds: it stops with a word, nothing is cut short, and it goes on when
//! there is room.

use std::path::Path;
use std::process::Command;

use orchestra_testkit::{Milestone, Ran, TestProject};

use crate::killed::build_with;
use crate::trouble::{PLAIN, one_phase, project, with_turn};

fn planned() -> TestProject {
    let project = project(PLAIN);
    project.add(&Milestone::new("M1-one").phase("backend").phase("backend"));
    project
}

/// What every one of these comes to when there is room again.
fn goes_on(project: &TestProject) {
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), ["M1-one rfc", "M1-one phase-1", "M1-one phase-2", "M1-one close"]);
    assert_eq!(project.remote_subjects(), project.subjects());
    assert_eq!(project.status(), [] as [&str; 0]);
    project.check();
}

/// Runs a script with a small disk of its own at `$D`, which holds the project; `None` where this machine cannot.
fn on_small_disk(project: &TestProject, options: &str, script: &str) -> Option<Vec<Ran>> {
    let disk = project.top().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let (out, program) = (project.top().join("out"), project.program());
    std::fs::create_dir(&out).unwrap();
    let whole = format!(
        "mount -t tmpfs -o {options} none \"$D\" || exit 99\n\
         cp -a \"$P\" \"$D/project\" && mount --bind \"$D/project\" \"$P\" && cd \"$P\" || exit 98\n\
         runs=0\n\
         build() {{ runs=$((runs + 1)); '{}' start --once -c gates.rfc=never -c gates.push=never > \"$O/$runs.out\" 2>&1; echo $? > \"$O/$runs.code\"; }}\n\
         {script}\n\
         cd / && umount \"$P\" && rm -rf \"$P\" && cp -a \"$D/project\" \"$P\"\n",
        program.display()
    );
    let mut command = Command::new("unshare");
    command.args(["-Urm", "sh", "-c", &whole]).env_clear().envs(project.environment());
    command.env("D", &disk).env("P", project.root()).env("O", &out);
    let output = command.output();
    let code = output.as_ref().ok().and_then(|output| output.status.code());
    if !matches!(code, Some(0)) {
        let can =
            Command::new("unshare").args(["-Urm", "true"]).status().is_ok_and(|status| status.success());
        assert!(!can || code == Some(99), "{output:?}");
        eprintln!("SKIPPED on a disk with {options}: no namespaces here");
        return None;
    }
    Some((1..).map_while(|run| ran(&out, run)).collect())
}

fn ran(out: &Path, run: u32) -> Option<Ran> {
    let code = std::fs::read_to_string(out.join(format!("{run}.code"))).ok()?;
    let stdout = std::fs::read_to_string(out.join(format!("{run}.out"))).unwrap();
    Some(Ran { code: code.trim().parse().ok(), stdout, stderr: String::new() })
}

#[test]
fn f20_on_a_full_disk_the_worker_stops_with_a_word_and_goes_on_when_there_is_room() {
    for left in [0, 24, 96] {
        let project = planned();
        // All of the disk but this many KiB; then, all of it.
        let script = format!(
            "dd if=/dev/zero of=\"$D/spare\" bs=1024 count={left} 2>/dev/null\n\
             dd if=/dev/zero of=\"$D/filler\" bs=1024 2>/dev/null\nrm \"$D/spare\"\nbuild\nrm \"$D/filler\""
        );
        let Some(runs) = on_small_disk(&project, "size=4m", &script) else { return };
        let [full] = runs.as_slice() else { panic!("{runs:?}") };
        assert_eq!(full.code, Some(1), "{left} KiB: {}", full.said());
        assert!(full.said().contains("No space left on device"), "{left} KiB: {}", full.said());
        goes_on(&project);
    }
}

#[test]
fn f21_without_inodes_the_worker_stops_with_a_word_and_goes_on_when_there_are_some() {
    for left in [1, 40] {
        let project = planned();
        let script = format!(
            "mkdir \"$D/many\"; i=0; while touch \"$D/many/$i\"; do i=$((i + 1)); done 2>/dev/null\n\
             for n in $(seq {left}); do rm \"$D/many/$n\"; done\nbuild\nrm -r \"$D/many\""
        );
        let Some(runs) = on_small_disk(&project, "size=16m,nr_inodes=900", &script) else { return };
        let [full] = runs.as_slice() else { panic!("{runs:?}") };
        assert_eq!(full.code, Some(1), "{left}: {}", full.said());
        assert!(full.said().contains("No space left on device"), "{left}: {}", full.said());
        goes_on(&project);
    }
}

#[test]
fn f21_a_quota_that_is_used_up_stops_the_worker_with_a_word() {
    let project = planned();
    let Some(ran) = build_with(&project, &["fsync,fdatasync:error=EDQUOT:when=9+"]) else { return };
    assert_eq!(ran.code, Some(1), "{}", ran.said());
    assert!(ran.said().contains("quota"), "{}", ran.said());
    goes_on(&project);
}

#[test]
fn f22_on_a_disk_that_became_read_only_the_worker_stops_with_the_path() {
    let project = planned();
    let script = "mount -o remount,ro \"$D\" && build && mount -o remount,rw \"$D\"";
    let Some(runs) = on_small_disk(&project, "size=16m", script) else { return };
    let [read_only] = runs.as_slice() else { panic!("{runs:?}") };
    assert_ne!(read_only.code, Some(0), "{}", read_only.said());
    assert!(read_only.said().contains("Read-only file system"), "{}", read_only.said());
    assert!(read_only.said().contains(".orchestra/"), "{}", read_only.said());
    goes_on(&project);
}

#[test]
fn f23_what_cannot_be_synced_is_not_done() {
    let project = planned();
    let Some(ran) = build_with(&project, &["fsync,fdatasync,syncfs:error=EIO:when=12+"]) else { return };
    assert_eq!(ran.code, Some(1), "{}", ran.said());
    assert!(ran.said().contains("Input/output error"), "{}", ran.said());
    assert!(!ran.said().contains("phase-2 done"), "{}", ran.said());
    goes_on(&project);
}

#[test]
fn f24_a_folder_for_temporary_files_is_not_needed() {
    let project = planned();
    let mut command = project.orchestra(&["start", "--auto", "--once"]);
    command.env("TMPDIR", project.top().join("missing"));
    let _ran = TestProject::start_as(command).wait().expect(0);
    goes_on(&project);
}

#[test]
fn f25_with_few_descriptors_the_worker_says_so_or_does_with_them() {
    let mut least = None;
    for limit in [16, 40, 64] {
        let project = planned();
        let mut command = Command::new("sh");
        let line = format!("ulimit -n {limit} && exec \"$0\" start --auto --once");
        command.arg("-c").arg(line).arg(project.program()).current_dir(project.root());
        command.env_clear().envs(project.environment());
        let ran = TestProject::start_as(command).wait();
        if ran.code == Some(0) {
            least = least.or(Some(limit));
        } else {
            assert!(ran.said().contains("Too many open files"), "{limit}: {}", ran.said());
        }
        goes_on(&project);
    }
    assert!(least.is_some_and(|limit| limit <= 64), "it needs more than 64 descriptors: {least:?}");
}

#[test]
fn f32_what_an_agent_makes_is_committed_however_much_it_is_and_what_is_too_deep_is_named_and_left() {
    let project = with_turn(
        "  - when: { work: phase-1, attempt: 1 }\n    steps:\n      - run: |\n          mkdir -p src/many && cd src/many && i=0\n          \
         while [ $i -lt 2000 ]; do echo $i > f$i; i=$((i + 1)); done\n          cd ..\n          \
         d=deep; i=0; while [ $i -lt 200 ]; do d=$d/d; i=$((i + 1)); done; mkdir -p $d && echo x > $d/x\n          \
         d=wild; i=0; while [ $i -lt 300 ]; do d=$d/d; i=$((i + 1)); done; mkdir -p $d && echo x > $d/x\n    report: { summary: x }\n  \
         - when: { work: phase-1, attempt: 2 }\n    steps:\n      - run: rm -r src/wild\n    report: { summary: x }\n",
    );
    let _ran = project.build().expect(0).says("/x: a path that is too long");
    assert_eq!(project.git(&["ls-files", "src"]).lines().count(), 2002);
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
    project.check();
}

#[test]
fn f33_pipes_and_sockets_that_an_agent_makes_are_named_and_left_out() {
    let project = with_turn(
        "  - when: { work: phase-1 }\n    steps:\n      - run: mkfifo src/pipe; echo in > src/a.txt\n    report: { summary: x }\n",
    );
    let _ran = project.build().expect(0).says("src/pipe");
    assert_eq!(project.git(&["ls-files", "src"]), "src/a.txt\nsrc/lib.txt\n");
    project.check();
}

#[test]
fn f36_names_that_are_no_text_are_committed_as_they_are_and_shown_escaped() {
    let project = with_turn(
        "  - when: { work: phase-1 }\n    steps:\n      - run: |\n          printf x > \"$(printf 'src/new\\nline')\"; printf x > \"$(printf 'src/b\\377d')\"; printf x > 'src/-rf'; printf x > 'src/ a '\n    report: { summary: x }\n",
    );
    let ran = project.build().expect(0);
    let files = project.git(&["ls-files", "-z", "src"]);
    assert!(files.contains("src/new\nline\0") && files.contains("src/-rf\0") && files.contains("src/ a \0"));
    assert_eq!(files.matches('\0').count(), 5, "{files:?}");
    assert!(!ran.stdout.contains("new\nline"), "{}", ran.said());
    project.check();
}

#[test]
fn f37_where_git_converts_line_endings_documents_and_code_come_out_right() {
    let project = project(PLAIN);
    project.git(&["config", "core.autocrlf", "true"]);
    project.add(&one_phase());
    let text = project.read(".orchestra/milestones/M1-one/milestone.md").replace('\n', "\r\n");
    project.write(".orchestra/milestones/M1-one/milestone.md", &text);
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
    let milestone = project.read(".orchestra/milestones/M1-one/milestone.md");
    assert!(
        milestone.contains("status: done\r\n") && !milestone.replace("\r\n", "").contains('\n'),
        "{milestone:?}"
    );
    assert_eq!(project.status(), [] as [&str; 0]);
    project.check();
}
