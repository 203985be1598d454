//! What runs on after a turn.

use orchestra_testkit::until;

use crate::kills::nothing_runs;

use super::{said, with_deed};

#[test]
fn a_process_that_edits_on_after_its_turn_is_ended_before_anything_is_looked_at() {
    let project = with_deed(
        r#"
[ -e ../pids ] && exit
echo first >src/a.txt
cat >../later.sh <<'END'
trap '' TERM INT HUP
echo $$ >>../pids
while :; do echo late >>src/a.txt; echo late >README.md; done
END
sh ../later.sh &
setsid sh ../later.sh &
( ( setsid env -i PATH="$PATH" sh ../later.sh & ) & )
until [ "$(wc -l <../pids 2>/dev/null)" = 3 ] && grep -q late src/a.txt; do sleep 0.01; done
"#,
    );
    let _ran = project.build().expect(0).says("put back README.md");
    for pid in said(&project, "pids").lines() {
        assert!(!std::path::Path::new("/proc").join(pid).exists(), "{pid} lives on");
    }
    until("nothing of the run is alive", || nothing_runs(&project));
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
    // What was committed is what is there: nobody wrote after the look.
    assert_eq!(project.status(), super::NOTHING);
    assert_eq!(project.read("README.md"), "# A project\n");
    project.check();
}
