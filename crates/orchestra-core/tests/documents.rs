//! Every `documents/*.md` is read and compared with the `.expected` beside it: what loads, and each diagnostic as a
//! person sees it. What came out instead is left in cargo's folder for temporary files.

use std::fs;
use std::path::Path;

use super::case;

#[test]
fn every_case_reads_as_it_is_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents");
    let mut cases: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    cases.sort();
    assert!(cases.len() > 30, "the cases are in {}", folder.display());
    let mut wrong = Vec::new();
    for path in cases {
        let text = fs::read_to_string(&path).unwrap();
        let came = case::shown(&case::plan(&case::files(&text)));
        let expected = fs::read_to_string(path.with_extension("expected")).unwrap_or_default();
        if came != expected {
            let name = path.file_stem().unwrap().to_str().unwrap();
            let left = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.expected"));
            fs::write(&left, &came).unwrap();
            wrong.push(format!("--- {name}: expected\n{expected}+++ came, see {}\n{came}", left.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
