//! Links in documents: what they name is there.

use super::{Fault, Tree, check, check_finds};

/// Documents of ours. Templates, examples and the data of tests are somebody else's project.
fn is_ours(path: &str) -> bool {
    path.rsplit('.').next() == Some("md")
        && !["template/", "examples/", "crates/"].iter().any(|folder| path.starts_with(folder))
}

fn faults(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| is_ours(path)) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (line, target) in links(text) {
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { path.to_owned() } else { from(folder, file) };
            if !tree.has(&file) && !tree.has_folder(&file) {
                faults.push(Fault::at(path, line, format!("links to `{file}`, which is not there")));
            } else if !heading.is_empty() && !has_heading(tree.text(&file).unwrap_or_default(), heading) {
                faults.push(Fault::at(
                    path,
                    line,
                    format!("links to `#{heading}`, a heading that `{file}` does not have"),
                ));
            }
        }
    }
    faults
}

/// Links to files, outside of code, with their lines.
fn links(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_code = false;
    text.lines()
        .enumerate()
        .filter(move |(_, line)| {
            let is_fence = line.trim_start().starts_with("```");
            is_code ^= is_fence;
            !is_code && !is_fence
        })
        .flat_map(|(number, line)| line.split("](").skip(1).map(move |rest| (number + 1, rest)))
        .filter_map(|(number, rest)| rest.split_once(')').map(|(target, _)| (number, target)))
        .filter(|(_, target)| !target.contains("://") && !target.starts_with("mailto:"))
}

/// A path that stands in a file of `folder`, from the top.
fn from(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Tells whether a heading is there, by the name that GitHub gives it.
fn has_heading(text: &str, name: &str) -> bool {
    text.lines().filter(|line| line.starts_with('#')).any(|line| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let slug: String = title
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        slug == name
    })
}

#[test]
fn links_between_documents_lead_somewhere() {
    check(&faults(Tree::of_repository()));
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let tree = Tree::of(&[
        (
            "README.md",
            "[a](docs/a.md#the-one-or-two) [b](docs/b.md) [c](https://example.com) [d](docs/)\n```\n[e](f)\n```\n[g](#h)",
        ),
        ("docs/a.md", "# The `one`, or two\n[r](../README.md) [s](a.md#three)"),
        ("template/x.md", "[a](nowhere.md)"),
    ]);
    check_finds(&faults(&tree), &["README.md:1: `docs/b.md`", "README.md:5: `#h`", "docs/a.md:2: `#three`"]);
}
