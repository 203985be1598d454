use orchestra_git::guard::Purpose;
use orchestra_git::prepare::{PrepareError, prepare};
use orchestra_git::signing::{Signing, try_signing};

use crate::fixture::{Fixture, script};

/// A program that signs as gpg would, and notes that it ran.
const SIGNER: &str = "cat > /dev/null; echo ran >> \"$HOME/signed\"; test -z \"$GPG_TTY\" || exit 1
    echo '-----BEGIN PGP SIGNATURE-----'; echo; echo fake; echo '-----END PGP SIGNATURE-----'
    echo '[GNUPG:] SIG_CREATED ' >&2";

fn signing(text: &str) -> Fixture {
    let fixture = Fixture::new();
    let program = fixture.base().join("gpg");
    script(&program, text);
    fixture.git(["config", "gpg.program", program.to_str().unwrap()]);
    fixture.git(["config", "commit.gpgSign", "true"]);
    fixture
}

#[test]
fn f74_a_commit_is_signed_where_the_person_signs() {
    let fixture = signing(SIGNER);
    fixture.write("src/a.rs", "the phase\n");
    let (prepared, _) = fixture.land(&fixture.order(&["src/a.rs"])).unwrap();
    assert!(prepared.is_signed);
    let object = fixture.git(["cat-file", "commit", "HEAD"]);
    assert!(object.contains("gpgsig -----BEGIN PGP SIGNATURE-----"), "{object}");
    assert!(object.ends_with("\n\nOrchestra-Milestone: M1-a\nOrchestra-Phase: phase-1"), "{object}");
    assert!(object.contains("committer Person <person@example.com>"));
    assert!(fixture.guard.seen.lock().unwrap().contains(&Purpose::Sign));
    fixture.assert_sound();
}

#[test]
fn f74_a_signature_that_fails_is_never_left_out() {
    let fixture = signing("cat > /dev/null; echo no passphrase >&2; exit 2");
    match prepare(&fixture.repo(), &fixture.order(&[])).unwrap_err() {
        error @ PrepareError::SigningFailed { .. } => {
            assert!(!error.is_agents_to_mend());
            let PrepareError::SigningFailed { output } = error else { unreachable!() };
            assert!(output.contains("no passphrase"), "{output}");
        }
        other => panic!("{other}"),
    }
    assert!(matches!(try_signing(&fixture.repo()).unwrap_err(), PrepareError::SigningFailed { .. }));
}

#[test]
fn signing_is_tried_and_nothing_of_it_is_left() {
    assert_eq!(try_signing(&Fixture::new().repo()).unwrap(), Signing::Off);
    let fixture = signing(SIGNER);
    let objects = fixture.git(["count-objects"]);
    assert_eq!(try_signing(&fixture.repo()).unwrap(), Signing::Works);
    assert_eq!(fixture.git(["count-objects"]), objects);
    assert_eq!(std::fs::read_to_string(fixture.base().join("home/signed")).unwrap(), "ran\n");
    fixture.assert_sound();
}
