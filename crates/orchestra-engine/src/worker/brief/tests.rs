use super::*;

fn verify(plan: &VerifyPlan) -> String {
    let mut brief = Brief::default();
    brief.verify(plan);
    brief.text
}

fn commands(commands: &[&str]) -> Vec<String> {
    commands.iter().map(|&command| command.to_owned()).collect()
}

#[test]
fn the_commands_that_count_are_named_one_a_line() {
    let told = verify(&VerifyPlan::Always(commands(&["cargo test -q", "cat `which x`\n```"])));
    assert_eq!(
        told,
        "## Verify commands\n\nThe worker runs these when you are done, and commits nothing while one fails.\n\n\
         They are run whatever you change.\n\n````\ncargo test -q\ncat `which x`\n```\n````\n"
    );
    assert_eq!(verify(&VerifyPlan::Always(Vec::new())), "");
}

#[test]
fn commands_for_some_paths_are_named_with_them() {
    let rules =
        [("web/**", commands(&["npm test"])), ("docs/**", Vec::new()), ("api/**", commands(&["make"]))];
    let rules = rules.map(|(glob, commands)| (glob.to_owned(), commands));
    let told = verify(&VerifyPlan::ByPath(rules.into()));
    let lines: Vec<&str> = told.lines().skip(4).filter(|line| !line.is_empty()).collect();
    assert_eq!(
        lines,
        [
            "Where you change `web/**`:",
            "```",
            "npm test",
            "```",
            "Where you change `api/**`:",
            "```",
            "make",
            "```"
        ]
    );
}
